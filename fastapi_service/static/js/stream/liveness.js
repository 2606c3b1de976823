// Whether a connection that is open still reaches the server. TCP can take a quarter of an hour to notice that it does
// not, and browsers keep WebSocket pings to themselves.

const STALL_MS = 30_000; // nothing left the socket for this long
const ANSWER_MS = 30_000; // an utterance that ended is accepted long before this, unless the server is far behind
const LONGEST_ANSWER_MS = 480_000;

export class Liveness {
  #bytes = 0;
  #drainedMs = 0;
  /** When the server last said anything, or first owed an answer; it may be to come. @type {number | null} */
  #owedSinceMs = null;
  #answerMs = ANSWER_MS;

  /** A connection begins. */
  begin() {
    this.#bytes = 0;
    this.#drainedMs = Date.now();
    this.#owedSinceMs = null;
  }

  /** An utterance has ended, within `openMs` at the latest: then the server owes an answer. @param {number} openMs */
  asked(openMs) {
    this.#owedSinceMs ??= Date.now() + openMs;
  }

  /** A message came. */
  heard() {
    if (this.#owedSinceMs !== null) this.#owedSinceMs = Math.max(this.#owedSinceMs, Date.now());
  }

  /** An utterance was accepted. @param {boolean} all nothing else waits to be */
  accepted(all) {
    this.#answerMs = ANSWER_MS;
    if (all) this.#owedSinceMs = null;
  }

  /**
   * Ask every few seconds.
   * @param {number} buffered bytes that wait in the socket
   */
  dead(buffered) {
    const now = Date.now();
    if (buffered === 0 || buffered < this.#bytes) this.#drainedMs = now;
    this.#bytes = buffered;
    if (this.#owedSinceMs !== null && now - this.#owedSinceMs >= this.#answerMs) {
      // A server that is far behind must not be sent the same speech again and again.
      this.#answerMs = Math.min(LONGEST_ANSWER_MS, this.#answerMs * 2);
      return true;
    }
    return now - this.#drainedMs >= STALL_MS;
  }
}
