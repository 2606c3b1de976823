// Whether anything on the server turns speech into words: asked for while models are missing, and when an accepted
// utterance waits long. Nothing is asked while the page is hidden or has no connection.

const FIRST_ASK_MS = 2_000;
const SLOWEST_ASK_MS = 15_000;
const OVERDUE_MS = 15_000; // an utterance without outcome for so long is reason to ask
const LOADING_MS = 90_000; // models that are not there after so long are not being loaded
const ENDED_KEPT = 64;

/**
 * @typedef {import('./messages.js').Models} Models
 *
 * `loading`: a worker is missing, and may be about to start. `absent`: it has been for long.
 * @typedef {'ready' | 'loading' | 'absent'} ServiceState
 */

export class ServiceWatch {
  /** @type {(state: ServiceState, models: Models, downloads: unknown[]) => void} */ #changed;
  /** @type {() => Promise<unknown>} */ #ask;
  /** @type {() => boolean} */ #hidden;
  #before = '';
  /** @type {number | null} */ #missingSince = null;
  /** When each utterance that has no outcome was accepted. @type {Map<string, number>} */ #waiting = new Map();
  /** The latest that have one: it may come before the utterance is accepted. @type {Set<string>} */ #ended = new Set();
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  #connected = false;

  /**
   * @param {(state: ServiceState, models: Models, downloads: unknown[]) => void} changed told of each news; the
   *   downloads are as /readyz has them
   * @param {() => Promise<unknown>} ask what /readyz says
   * @param {() => boolean} hidden
   */
  constructor(changed, ask, hidden) {
    this.#changed = changed;
    this.#ask = ask;
    this.#hidden = hidden;
  }

  /** A connection begins. @param {Models} models */
  session(models) {
    this.#connected = true;
    this.#take(models, []);
  }

  /** The connection is gone: the next one tells anew. */
  disconnected() {
    this.#connected = false;
    this.#before = '';
    clearTimeout(this.#timer);
  }

  /** What was accepted in the session will never end. */
  newSession() {
    this.#waiting.clear();
  }

  /** @param {string} utterance */
  accepted(utterance) {
    if (!this.#ended.has(utterance)) this.#waiting.set(utterance, Date.now());
    this.#plan();
  }

  /** @param {string} utterance */
  ended(utterance) {
    this.#waiting.delete(utterance);
    this.#ended.add(utterance);
    for (const oldest of this.#ended) {
      if (this.#ended.size <= ENDED_KEPT) break;
      this.#ended.delete(oldest);
    }
  }

  /**
   * @param {Models} models
   * @param {unknown[]} downloads
   */
  #take(models, downloads) {
    const complete = models.speech !== '' && models.sentiment !== '';
    if (complete) this.#missingSince = null;
    else if (downloads.length > 0) this.#missingSince = Date.now();
    else this.#missingSince ??= Date.now();
    const missingMs = this.#missingSince === null ? 0 : Date.now() - this.#missingSince;
    const state = complete ? 'ready' : missingMs < LOADING_MS ? 'loading' : 'absent';
    const now = JSON.stringify([state, models, downloads]);
    if (now !== this.#before) this.#changed(state, models, downloads);
    this.#before = now;
    this.#plan();
  }

  /** Ask again in a while, where there is something to ask. */
  #plan() {
    clearTimeout(this.#timer);
    if (!this.#connected) return;
    const now = Date.now();
    if (this.#missingSince !== null) {
      const wait = Math.min(SLOWEST_ASK_MS, FIRST_ASK_MS + (now - this.#missingSince) / 10);
      this.#timer = setTimeout(() => this.look(), wait);
    } else if (this.#waiting.size > 0) {
      const oldest = Math.min(...this.#waiting.values());
      this.#timer = setTimeout(() => this.look(), Math.max(FIRST_ASK_MS, oldest + OVERDUE_MS - now));
    }
  }

  /** Ask now, where there is something to ask. */
  async look() {
    if (!this.#connected) return;
    const overdue = [...this.#waiting].filter(([, since]) => Date.now() - since >= OVERDUE_MS);
    for (const [utterance] of overdue) this.#waiting.set(utterance, Date.now());
    const due = this.#missingSince !== null || overdue.length > 0;
    /** @type {any} */
    const answer = due && !this.#hidden() ? await this.#ask().catch(() => null) : null;
    const models = modelsIn(answer);
    if (models !== null && this.#connected) this.#take(models, answer.loading ?? []);
    else this.#plan();
  }
}

/**
 * The models in an answer of /readyz; null without the access token, when they are not sent.
 * @param {any} answer
 * @returns {Models | null}
 */
function modelsIn(answer) {
  const models = answer?.models;
  if (typeof models?.speech !== 'string' || typeof models?.sentiment !== 'string') return null;
  return { speech: models.speech, sentiment: models.sentiment, demo: models.demo === true };
}
