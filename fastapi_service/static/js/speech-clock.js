// Maps stream positions, which count speech, to the time of day at which it was spoken.
//
// Within an utterance both run together, so one entry per utterance is enough. The entries are kept with the
// session, so that a reloaded page still knows the times.

import { SAMPLES_PER_MS } from './audio-format.js';

const MAX_ENTRIES = 1000;
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
    this.#entries.push([position, Math.round(epochMs)]);
    if (this.#entries.length > MAX_ENTRIES) this.#entries.shift();
    return true;
  }

  /**
   * When the sample at `position` was captured (epoch milliseconds), or null when that is not known.
   * @param {number} position
   */
  at(position) {
    const entry = this.#entries.findLast(([begin]) => begin <= position);
    return entry === undefined ? null : entry[1] + (position - entry[0]) / SAMPLES_PER_MS;
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
