// The utterances that the transcript keeps, in the order in which they were spoken. Bounded: the oldest go first.

import { SAMPLE_RATE_HZ } from '../base/audio-format.js';

/** As many as the server keeps of a session (`session_outcomes_max`). */
export const MAX_ENTRIES = 5000;

/**
 * @typedef {import('../stream/messages.js').Outcome} Outcome
 * @typedef {import('./stages.js').PageStages} PageStages
 * @typedef {import('../speakers/names.js').KnownSpeakers} KnownSpeakers
 *
 * `partial` is still being spoken, `pending` is being transcribed, `lost` will never have an outcome.
 * @typedef {'partial' | 'pending' | 'lost' | Outcome['type']} EntryState
 *
 * One utterance. `session` counts the sessions of this page; `spokenAtMs` is epoch time, null when it is not known;
 * `text` is provisional, but for its first `settled` characters. `revision` counts the changes of what is shown, `open` says that its details are shown, and
 * `height` is its height in pixels as last measured, NaN before that. `speakers` are those of its session.
 * @typedef {object} Entry
 * @property {string} utterance
 * @property {number} session
 * @property {number} startSec
 * @property {number | null} spokenAtMs
 * @property {EntryState} state
 * @property {string} text
 * @property {number} settled
 * @property {Outcome | null} outcome
 * @property {KnownSpeakers} speakers
 * @property {PageStages} pageStages
 * @property {number} revision
 * @property {boolean} open
 * @property {number} height
 */

export class Entries {
  /** @type {Entry[]} in order; the same array as long as this lives */ list = [];
  /** Utterances that were here, or that the server no longer had. */
  gone = 0;
  /** Of the present session; one object as long as it lasts. @type {KnownSpeakers} */ speakers = { list: [] };
  /** @type {Map<string, Entry>} */ #byUtterance = new Map();
  #session = 0;

  /** @param {string} utterance */
  find(utterance) {
    return this.#byUtterance.get(utterance);
  }

  /**
   * An utterance of the present session, in its place.
   * @param {string} utterance none that is here
   * @param {number} startSec
   * @param {number | null} spokenAtMs
   * @returns {Entry}
   */
  add(utterance, startSec, spokenAtMs) {
    /** @type {Entry} */
    const entry = {
      utterance,
      session: this.#session,
      startSec,
      spokenAtMs,
      state: 'pending',
      text: '',
      settled: 0,
      outcome: null,
      speakers: this.speakers,
      pageStages: null,
      revision: 0,
      open: false,
      height: NaN,
    };
    let index = this.list.length;
    while (index > 0 && before(entry, this.list[index - 1])) index--;
    this.list.splice(index, 0, entry);
    this.#byUtterance.set(utterance, entry);
    return entry;
  }

  /** Let the oldest go that are too many. @returns {number} how many went */
  trim() {
    const excess = Math.max(0, this.list.length - MAX_ENTRIES);
    for (const { utterance } of this.list.splice(0, excess)) this.#byUtterance.delete(utterance);
    this.gone += excess;
    return excess;
  }

  /**
   * Take out those for which `leaves` holds.
   * @param {(entry: Entry) => boolean} leaves
   * @returns {Entry[]}
   */
  remove(leaves) {
    const removed = this.list.filter(leaves);
    const left = this.list.filter((entry) => !leaves(entry));
    this.#replace(left);
    return removed;
  }

  /** Put back what `remove` took out. @param {readonly Entry[]} removed */
  restore(removed) {
    const back = removed.filter(({ utterance }) => !this.#byUtterance.has(utterance));
    this.#replace([...back, ...this.list].sort((a, b) => a.session - b.session || a.startSec - b.startSec));
    this.trim();
  }

  /** What comes from now on is of another session and follows all that is here. */
  newSession() {
    this.#session++;
    this.speakers = { list: [] };
  }

  /** @param {readonly Entry[]} entries */
  #replace(entries) {
    this.list.length = 0;
    this.#byUtterance.clear();
    for (const entry of entries) {
      this.list.push(entry);
      this.#byUtterance.set(entry.utterance, entry);
    }
  }
}

/** Whether `entry` was spoken before `other`. @type {(entry: Entry, other: Entry) => boolean} */
function before(entry, other) {
  return entry.session === other.session && entry.startSec < other.startSec;
}

/** Whether nothing more will come of it. @param {Entry} entry */
export function hasEnded({ state }) {
  return state !== 'partial' && state !== 'pending';
}

/**
 * The session's name in an utterance's id, and its first sample (docs/protocol.md); null if it is no such id.
 * @param {string} utterance
 */
export function readId(utterance) {
  const dash = utterance.lastIndexOf('-');
  const start = Number(utterance.slice(dash + 1));
  if (dash < 0 || dash === utterance.length - 1 || !Number.isSafeInteger(start)) return null;
  return { session: utterance.slice(0, dash), startSec: start / SAMPLE_RATE_HZ };
}
