// Says when a microphone seems to hear nothing.

const QUIET_MS = 10_000;
const DIGITAL_SILENCE = 1e-10; // mean square; the noise of the quietest real microphone is a hundred times that

/** `dead`: nothing but zeros comes. `quiet`: since the start nothing was loud enough to be taken for speech. */
/** @typedef {'none' | 'quiet' | 'dead'} Quiet */

export class QuietWatch {
  /** @type {number | null} */ #soundMs = null;
  /** @type {number | null} */ #startMs = null;
  #spoke = false;

  /** The next level is a recording's first. */
  reset() {
    this.#soundMs = this.#startMs = null;
    this.#spoke = false;
  }

  /**
   * @param {number} meanSquare
   * @param {boolean} speaking
   * @param {number} nowMs
   * @returns {Quiet}
   */
  level(meanSquare, speaking, nowMs) {
    this.#startMs ??= nowMs;
    if (meanSquare > DIGITAL_SILENCE) this.#soundMs = nowMs;
    if (speaking) this.#spoke = true;
    if (nowMs - (this.#soundMs ?? this.#startMs) >= QUIET_MS) return 'dead';
    return !this.#spoke && nowMs - this.#startMs >= QUIET_MS ? 'quiet' : 'none';
  }
}
