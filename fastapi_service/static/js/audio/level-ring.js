// The last levels of a recording, and which of them were let through the voice gate.

export const COLUMN_MS = 50; // one level of the worklet
export const COLUMNS = 160; // 8 s

/** All memory is taken at the start. */
export class LevelRing {
  #levels = new Float32Array(COLUMNS); // mean squares
  #passages = new Uint8Array(COLUMNS); // 0: held back; else which utterance, 1 and 2 by turns
  #next = 0;
  #passage = 1;
  #open = false;
  /** @type {number} */ #preRollColumns;

  /** @param {number} preRollMs sound before the gate opened that is let through as well */
  constructor(preRollMs) {
    this.#preRollColumns = Math.round(preRollMs / COLUMN_MS);
  }

  /**
   * Add a level, which takes the place of the oldest.
   * @param {number} meanSquare full scale is 1
   * @param {boolean} open whether the gate is
   */
  push(meanSquare, open) {
    this.#levels[this.#next] = meanSquare;
    this.#passages[this.#next] = open ? this.#passage : 0;
    this.#next = (this.#next + 1) % COLUMNS;
    if (open && !this.#open) this.#markPreRoll();
    this.#open = open;
  }

  /** An utterance has ended: what is let through from now on is of the next one. */
  end() {
    this.#passage = 3 - this.#passage;
    this.#open = false;
  }

  clear() {
    this.#levels.fill(0);
    this.#passages.fill(0);
    this.#open = false;
  }

  /** Mean square of a column, 0 is the oldest. @param {number} column */
  level(column) {
    return this.#levels[(this.#next + column) % COLUMNS];
  }

  /** 0 where a column was held back, else a number that differs from the utterance's before. @param {number} column */
  passage(column) {
    return this.#passages[(this.#next + column) % COLUMNS];
  }

  /** The gate's pre-roll goes back to the utterance before at most. */
  #markPreRoll() {
    for (let back = 2; back < 2 + this.#preRollColumns; back++) {
      const at = (this.#next - back + COLUMNS) % COLUMNS;
      if (this.#passages[at] !== 0) return;
      this.#passages[at] = this.#passage;
    }
  }
}
