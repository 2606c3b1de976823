// When speech ended, and when the empty frame behind it left the page: what the page adds to the server's stages of an
// outcome. An utterance may go on after a pause and end at a later one, so all are kept until its outcome tells which
// it was. Only times of this page's clock are compared with each other.

import { SAMPLE_RATE_HZ, SAMPLES_PER_MS } from '../base/audio-format.js';
import { serverMs } from './stages.js';

/**
 * @typedef {import('./stages.js').PageStages} PageStages
 * @typedef {import('../stream/messages.js').UtteranceFields} UtteranceFields
 */

const MAX_MARKS = 1000; // more than the utterances of ten minutes, which is what waits at most
const TOLERANCE_SAMPLES = SAMPLES_PER_MS; // outcomes say their length in whole milliseconds
const SEARCH_SEC = 2; // a cut by length is in the last 2 s (docs/protocol.md)
const CLOCK_SET_MS = 1000; // times that disagree by more than this are of a clock that was set in between

export class SpeechEnds {
  /** @type {Map<number, { spokenUntilMs: number, leftMs: number }>} by stream position of the empty frame */
  #marks = new Map();
  /** Seconds at which the server cuts an utterance by itself. */
  utteranceSec = Infinity;

  /**
   * An empty frame leaves the page, the first at its position.
   * @param {number} position of the stream, in samples
   * @param {number} spokenUntilMs epoch milliseconds of the end of what was loud
   * @param {number} leftMs epoch milliseconds
   */
  mark(position, spokenUntilMs, leftMs) {
    this.#marks.set(position, { spokenUntilMs, leftMs });
    if (this.#marks.size > MAX_MARKS) this.#marks.delete(/** @type {number} */ (this.#marks.keys().next().value));
  }

  /** Positions mean something else from now on. */
  clear() {
    this.#marks.clear();
  }

  /** How many are kept. */
  get size() {
    return this.#marks.size;
  }

  /**
   * The page's part of an outcome that has just come, null where it is not known. The marks of its pauses answer once.
   * @param {UtteranceFields} outcome
   * @param {number} arrivedMs epoch milliseconds
   * @param {(streamSec: number) => number | null} spokenAt epoch milliseconds of a moment of the stream
   * @returns {PageStages}
   */
  take(outcome, arrivedMs, spokenAt) {
    const start = startOf(outcome);
    const end = start + outcome.duration_sec * SAMPLE_RATE_HZ;
    let found = null;
    for (const [position, mark] of this.#marks) {
      if (position <= start || position > end + TOLERANCE_SAMPLES) continue;
      this.#marks.delete(position);
      if (position >= end - TOLERANCE_SAMPLES) found = mark;
    }
    if (found !== null) {
      return rest(outcome, arrivedMs - found.spokenUntilMs, Math.max(0, found.leftMs - found.spokenUntilMs));
    }
    const beyondSec = this.utteranceSec - outcome.duration_sec;
    const endMs = spokenAt(end / SAMPLE_RATE_HZ);
    if (beyondSec < 0 || beyondSec > SEARCH_SEC || endMs === null) return null;
    // Cut by length: the server had to hear on, up to its limit, before it chose this place.
    return rest(outcome, arrivedMs - endMs, beyondSec * 1000);
  }
}

/** An utterance's id ends with its start, in samples; `start_sec` is rounded. @param {UtteranceFields} outcome */
function startOf({ utterance, start_sec }) {
  const start = Number(utterance.slice(utterance.lastIndexOf('-') + 1));
  return Number.isSafeInteger(start) ? start : start_sec * SAMPLE_RATE_HZ;
}

/**
 * @param {UtteranceFields} outcome
 * @param {number} wholeMs
 * @param {number} wait_ms
 * @returns {PageStages}
 */
function rest(outcome, wholeMs, wait_ms) {
  const network_ms = wholeMs - wait_ms - serverMs(outcome);
  return network_ms < -CLOCK_SET_MS ? null : { wait_ms, network_ms: Math.max(0, network_ms) };
}
