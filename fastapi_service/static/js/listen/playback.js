// One piece of a sound, played once. The browser's own player does it, so whatever format that knows can be heard, and
// nothing of a file is decoded but the piece.

const TICK_MS = 30; // how exactly it ends, and how soon the next word is marked

/**
 * `unplayable`: this browser does not know the format; `unreadable`: the file is no longer as it was chosen; `refused`:
 * the browser wants a press first.
 * @typedef {'unplayable' | 'unreadable' | 'refused'} PlayProblem
 *
 * @typedef {object} PlaybackHandlers
 * @property {(sec: number) => void} at where it is, in seconds of the sound, again and again
 * @property {(problem: PlayProblem | null) => void} ended once; null for the end, and for a stop
 */

export class Playback {
  #audio = new Audio();
  /** @type {string} */ #url;
  /** @type {Blob} */ #sound;
  /** @type {number} */ #fromSec;
  /** @type {number} */ #toSec;
  /** @type {PlaybackHandlers} */ #handlers;
  /** @type {ReturnType<typeof setInterval>} */ #timer;
  #over = false;

  /**
   * It plays at once: make it inside a click.
   * @param {Blob} sound a file, or what a file would hold
   * @param {number} fromSec seconds of it
   * @param {number} toSec
   * @param {PlaybackHandlers} handlers
   */
  constructor(sound, fromSec, toSec, handlers) {
    this.#sound = sound;
    this.#fromSec = fromSec;
    this.#toSec = toSec;
    this.#handlers = handlers;
    this.#url = URL.createObjectURL(sound);
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    const audio = this.#audio;
    audio.onended = () => this.#finish(null);
    audio.onpause = () => this.#finish(null); // by a key of the keyboard or headset, or by the system
    audio.onerror = () => void this.#failed();
    audio.src = this.#url;
    audio.currentTime = fromSec; // before anything is loaded this says where it begins
    audio.play().catch((problem) => {
      if (problem?.name === 'NotAllowedError') this.#finish('refused');
      else if (problem?.name === 'NotSupportedError') void this.#failed();
    });
  }

  stop() {
    this.#finish(null);
  }

  #tick() {
    const audio = this.#audio;
    if (audio.paused || audio.seeking || audio.readyState < audio.HAVE_CURRENT_DATA) return;
    if (audio.currentTime >= this.#toSec) this.#finish(null);
    else this.#handlers.at(Math.max(this.#fromSec, audio.currentTime));
  }

  async #failed() {
    const readable = await this.#sound.slice(0, 1).arrayBuffer().then(() => true, () => false);
    this.#finish(readable ? 'unplayable' : 'unreadable');
  }

  /** The one way it ends: nothing of the sound is held after it. @param {PlayProblem | null} problem */
  #finish(problem) {
    if (this.#over) return;
    this.#over = true;
    clearInterval(this.#timer);
    const audio = this.#audio;
    audio.onended = audio.onpause = audio.onerror = null;
    audio.pause();
    audio.removeAttribute('src');
    audio.load();
    URL.revokeObjectURL(this.#url);
    this.#handlers.ended(problem);
  }
}
