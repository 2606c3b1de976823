// The rows of the transcript: an utterance each, and one for several in a row in which no speech was heard.

/**
 * @typedef {import('./utterances.js').Entry} Entry
 *
 * Noise that opened the voice gate, again and again, with nothing said between: two utterances or more.
 * @typedef {object} Silence
 * @property {Entry[]} entries in order
 * @property {'silence'} state
 * @property {number} revision
 * @property {boolean} open
 * @property {number} height
 *
 * @typedef {Entry | Silence} Row
 */

/** Whether nobody spoke in it, as the server has found. @param {Entry} entry */
export function isSilent({ outcome }) {
  return outcome?.type === 'dropped' && outcome.reason === 'no_speech';
}

/** @param {Row} row @returns {row is Silence} */
export function isSilence(row) {
  return row.state === 'silence';
}

export class Rows {
  /** @type {Row[]} the same array as long as this lives */ list = [];
  /** Which entries have a row; null: all. @type {((entry: Entry) => boolean) | null} */ filter = null;
  /** @type {readonly Entry[]} */ #entries;
  /** @type {number[]} index of the first entry of each row */ #starts = [];
  /** @type {WeakMap<Entry, Silence>} by the first of its entries */ #silences = new WeakMap();

  /** @param {readonly Entry[]} entries the list itself: it may change, which `changed` must say */
  constructor(entries) {
    this.#entries = entries;
  }

  /**
   * Entries from this index on have come, gone, moved or changed.
   * @param {number} index
   * @returns {number} index of the first row of which the same may be true
   */
  changed(index) {
    // The one before can belong together with it.
    while (this.#covered > Math.max(0, index - 1)) {
      this.list.pop();
      this.#starts.pop();
    }
    const first = this.list.length;
    for (let at = this.#covered; at < this.#entries.length; ) {
      if (!this.#passes(this.#entries[at])) {
        at++;
        continue;
      }
      const row = this.#rowFrom(at);
      this.list.push(row);
      this.#starts.push(at);
      at += this.#sizeOf(row);
    }
    return first;
  }

  /** The row in which this one's utterance is now; where it is filtered out, the next one, else the last. @param {Row} row */
  standIn(row) {
    const entry = isSilence(row) ? row.entries[0] : row;
    const now = this.list.findLast((one) => one === entry || (isSilence(one) && one.entries.includes(entry)));
    const index = now === undefined && this.filter !== null ? this.#entries.indexOf(entry) : -1;
    if (index < 0) return now;
    return this.list[this.#starts.findIndex((start) => start >= index)] ?? this.list.at(-1);
  }

  /** Index of the entry after the last that `list` shows. */
  get #covered() {
    const last = this.list.at(-1);
    return last === undefined ? 0 : this.#starts[this.#starts.length - 1] + this.#sizeOf(last);
  }

  /** @param {Entry} entry */
  #passes(entry) {
    return this.filter === null || this.filter(entry);
  }

  /** @param {number} index of an entry, which begins a row */
  #rowFrom(index) {
    let end = index;
    while (end < this.#entries.length && isSilent(this.#entries[end]) && this.#passes(this.#entries[end])) end++;
    const first = this.#entries[index];
    if (end - index < 2) return first;
    const entries = this.#entries.slice(index, end);
    const silence = this.#silences.get(first) ?? {
      entries,
      state: /** @type {const} */ ('silence'),
      revision: 0,
      open: first.open,
      height: NaN,
    };
    this.#silences.set(first, silence);
    const same = entries.length === silence.entries.length && entries.every((entry, at) => entry === silence.entries[at]);
    if (!same) Object.assign(silence, { entries, revision: silence.revision + 1 });
    return silence;
  }

  /** @param {Row} row */
  #sizeOf(row) {
    return isSilence(row) ? row.entries.length : 1;
  }
}
