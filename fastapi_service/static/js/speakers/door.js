// Who speaks. What shows it is fetched with the first speaker; until it is there, what comes waits here.

import { MAX_ENTRIES } from '../transcript/utterances.js';

/**
 * @typedef {import('../stream/messages.js').Result} Result
 * @typedef {import('../stream/messages.js').Turns} Turns
 * @typedef {import('../stream/messages.js').Speakers} Speakers
 *
 * A result of the present session; `spokenAtMs`: epoch time of its begin, null where that is not known.
 * @typedef {{ outcome: Result, spokenAtMs: number | null }} Heard
 *
 * @typedef {object} SpeakerContext
 * @property {import('../transcript/transcript.js').Transcript} transcript
 * @property {import('../statistics/statistics.js').Statistics} statistics
 * @property {import('../stream/notices.js').Notices} notices
 * @property {() => string | null} session its id
 */

export class SpeakersDoor {
  /** @type {SpeakerContext} */ #context;
  /** By utterance, the newest MAX_ENTRIES, cleared ones too. @type {Map<string, Heard>} */ #results = new Map();
  /** @type {(Turns | Speakers)[]} */ #waiting = [];
  /** @type {import('./room.js').SpeakerRoom | null} */ #room = null;
  #loading = false;

  /** @param {SpeakerContext} context */
  constructor(context) {
    this.#context = context;
  }

  /** @param {Turns | Speakers} message */
  told(message) {
    if (this.#room !== null) {
      this.#room.told(message);
      return;
    }
    this.#waiting.push(message);
    if (this.#waiting.length > 2 * MAX_ENTRIES) this.#waiting.shift();
    void this.#load();
  }

  /**
   * A result has come.
   * @param {Result} outcome
   * @param {number | null} spokenAtMs
   * @returns {Result} the same, with what was told of it before
   */
  result(outcome, spokenAtMs) {
    const told = this.#room?.withTurns(outcome) ?? outcome;
    this.#results.set(told.utterance, { outcome: told, spokenAtMs });
    for (const oldest of this.#results.keys()) {
      if (this.#results.size <= MAX_ENTRIES) break;
      this.#results.delete(oldest);
    }
    if (this.#room !== null) this.#room.changed();
    else if (told.speaker !== null || told.turns.length > 0) void this.#load();
    return told;
  }

  newSession() {
    this.#results.clear();
    this.#waiting.length = 0;
    this.#room?.newSession();
  }

  async #load() {
    if (this.#loading) return;
    this.#loading = true;
    try {
      const { openRoom } = await import('./room.js');
      const room = await openRoom(this.#context, this.#results);
      this.#room = room;
      for (const message of this.#waiting.splice(0)) room.told(message);
    } catch {
      // the server is away: what comes next asks again
    }
    this.#loading = false;
  }
}
