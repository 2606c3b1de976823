// How long to wait before the next attempt to connect.

const FIRST_MS = 1000;
const LONGEST_MS = 30_000;
const JITTER_MS = 250; // so that many pages do not come back in the same moment

export class Backoff {
  #next = FIRST_MS;

  /** The next wait in milliseconds: 1 s, doubling to 30 s, plus up to 250 ms. */
  next() {
    const wait = this.#next;
    this.#next = Math.min(LONGEST_MS, wait * 2);
    return wait + this.jitter();
  }

  /** A random part of the jitter, for waits that the server names. */
  jitter() {
    return Math.random() * JITTER_MS;
  }

  reset() {
    this.#next = FIRST_MS;
  }
}
