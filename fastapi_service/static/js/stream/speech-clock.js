// Maps stream positions, which count speech, to the time of day at which it was spoken.
//
// Within an utterance both run together, so one entry per utterance is enough. The entries are kept with the
// session, so that a reloaded page still knows the times.

import { SAMPLES_PER_MS } from '../base/audio-format.js';

const MAX_ENTRIES = 5000; // as many utterances as the page keeps
const SAME_MS = 150; // an entry that says no more than the one before is left out

export class SpeechClock {
  /** @type {[number, number][]} position and epoch milliseconds, in order of position */
  #entries = [];

  /**
   * The sample at `position` was captured at `epochMs`.
   * @param {number} position
   * @param {number} epochMs
   * @returns {boolean} whether that was news
   */
  note(position, epochMs) {
    const known = this.at(position);
    if (known !== null && Math.abs(known - epochMs) < SAME_MS) return false;
    // Entries from this position on belong to a numbering that is no longer valid.
    while (this.#entries.length > 0 && this.#entries[this.#entries.length - 1][0] >= position) this.#entries.pop();
    this.#entries.push([position, Math.round(epochMs)]);
    if (this.#entries.length > MAX_ENTRIES) this.#entries.shift();
    return true;
  }

  /**
   * When the sample at `position` was captured (epoch milliseconds), or null when that is not known.
   * @param {number} position
   */
  at(position) {
    let low = 0;
    let high = this.#entries.length; // the first that begins later is in between
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#entries[middle][0] <= position) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return null;
    const [begin, epochMs] = this.#entries[low - 1];
    return epochMs + (position - begin) / SAMPLES_PER_MS;
  }

  clear() {
    this.#entries = [];
  }

  /** What `load` takes back. */
  save() {
    return JSON.stringify(this.#entries);
  }

  /** @param {string | null} saved anything but what `save` gave leaves the clock empty */
  load(saved) {
    try {
      const entries = JSON.parse(saved ?? '[]');
      const valid = Array.isArray(entries) && entries.every((e) => Array.isArray(e) && e.every(Number.isFinite));
      this.#entries = valid ? entries : [];
    } catch {
      this.#entries = [];
    }
  }
}
