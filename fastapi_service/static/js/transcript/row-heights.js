// Where each row of a long list begins, of which only those near the reader have been measured.

/**
 * `height` is in pixels with the gap after the row, NaN if it was not measured; rows of one `state` are about as high.
 * @typedef {{ height: number, state: string }} Row
 */

const FIRST_GUESS_PX = 96;

export class RowHeights {
  /** @type {readonly Row[]} */ #rows;
  #tops = new Float64Array(256);
  #valid = 0; // #tops is right up to this index, inclusive
  /** @type {Map<string, { sum: number, count: number, next: number, guess: number }>} by state */
  #means = new Map();

  /** @param {readonly Row[]} rows the list itself: it may change, which `changed` must say */
  constructor(rows) {
    this.#rows = rows;
  }

  /** Rows from this index on have come, gone or moved. @param {number} index */
  changed(index) {
    this.#valid = Math.max(0, Math.min(this.#valid, index));
  }

  /** Pixels from the list's beginning to a row, or to the end for the index after the last. @param {number} index */
  top(index) {
    if (index >= this.#tops.length) {
      const grown = new Float64Array(Math.max(index + 1, this.#tops.length * 2));
      grown.set(this.#tops);
      this.#tops = grown;
    }
    for (; this.#valid < index; this.#valid++) {
      this.#tops[this.#valid + 1] = this.#tops[this.#valid] + this.#height(this.#rows[this.#valid]);
    }
    return this.#tops[index];
  }

  get total() {
    return this.top(this.#rows.length);
  }

  /** Index of the row at these pixels, the nearest one outside of the list, -1 of an empty one. @param {number} px */
  at(px) {
    let low = 0;
    let high = this.#rows.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.top(middle) <= px) low = middle;
      else high = middle - 1;
    }
    return high < 0 ? -1 : low;
  }

  /**
   * A row was measured.
   * @param {number} index
   * @param {number} px with the gap
   * @returns {boolean} whether that moves the rows after it
   */
  measured(index, px) {
    const row = this.#rows[index];
    const moved = Math.abs(this.#height(row) - px) > 0.01;
    const isNew = Number.isNaN(row.height);
    row.height = px;
    if (moved) this.changed(index);
    return (isNew && this.#learn(row.state, px)) || moved;
  }

  /** The width is another one: all heights are to be measured again. */
  forget() {
    for (const row of this.#rows) row.height = NaN;
    for (const mean of this.#means.values()) Object.assign(mean, { sum: 0, count: 0, next: 1 });
    this.#valid = 0;
  }

  /** @param {Row} row */
  #height({ height, state }) {
    return Number.isNaN(height) ? (this.#means.get(state)?.guess ?? FIRST_GUESS_PX) : height;
  }

  /**
   * The guess follows the mean at each doubling of what was measured, so that the list is not in constant motion.
   * @param {string} state
   * @param {number} px
   * @returns {boolean} whether it moved
   */
  #learn(state, px) {
    const mean = this.#means.get(state) ?? { sum: 0, count: 0, next: 1, guess: px };
    this.#means.set(state, mean);
    mean.sum += px;
    mean.count++;
    if (mean.count < mean.next) return false;
    mean.next *= 2;
    mean.guess = mean.sum / mean.count;
    this.#valid = 0;
    return true;
  }
}
