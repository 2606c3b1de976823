// Which outcomes of the present session were cleared away: a reloaded page gets them again and must not show them.

import { readId } from './utterances.js';

const KEY = 'wta.cleared';

/**
 * Outcomes come in the order of their numbers, so that one number says what was cleared of a session.
 * @typedef {{ session: string, seq: number }} Mark
 */

export class Cleared {
  /** @type {Storage} */ #storage;
  /** @type {Mark} */ #mark;

  /** @param {Storage} storage */
  constructor(storage) {
    this.#storage = storage;
    this.#mark = load(storage.getItem(KEY));
  }

  /** @param {import('../stream/messages.js').Outcome} outcome */
  covers({ utterance, seq }) {
    return seq <= this.upTo(readId(utterance)?.session ?? '');
  }

  /** Number of the last outcome that was cleared, 0 of none. @param {string} session as in utterances' ids */
  upTo(session) {
    return session === this.#mark.session ? this.#mark.seq : 0;
  }

  /**
   * These were cleared.
   * @param {readonly import('./utterances.js').Entry[]} entries of any session; the last one's is kept in mind
   * @returns {() => void} takes that back
   */
  add(entries) {
    const before = this.#mark;
    const session = readId(entries.at(-1)?.utterance ?? '')?.session ?? '';
    let seq = this.upTo(session);
    for (const { utterance, outcome } of entries) {
      if (readId(utterance)?.session === session) seq = Math.max(seq, outcome?.seq ?? 0);
    }
    this.#keep({ session, seq });
    return () => this.#keep(before);
  }

  /** @param {Mark} mark */
  #keep(mark) {
    this.#mark = mark;
    this.#storage.setItem(KEY, JSON.stringify(mark));
  }
}

/**
 * @param {string | null} saved
 * @returns {Mark} of nothing, if `saved` is no mark
 */
function load(saved) {
  try {
    const { session, seq } = JSON.parse(saved ?? '{}');
    if (typeof session === 'string' && Number.isSafeInteger(seq)) return { session, seq };
  } catch {
    // not ours
  }
  return { session: '', seq: 0 };
}
