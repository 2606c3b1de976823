// What is heard again on this page: one thing at a time. Who listens to the room hears of it.

export class NowPlaying {
  /** @type {(() => void) | null} */ #stop = null;
  /** @type {Set<() => void>} */ #listeners = new Set();

  get active() {
    return this.#stop !== null;
  }

  /** @param {() => void} listener something begins to play, or nothing plays any more */
  onChange(listener) {
    this.#listeners.add(listener);
  }

  /** It plays from now on, and what played before stops. @param {() => void} stop ends it, which it tells by `end` */
  begin(stop) {
    const before = this.#stop;
    this.#stop = stop;
    before?.();
    if (before === null) this.#tell();
  }

  /** It has ended. @param {() => void} stop as it was given */
  end(stop) {
    if (this.#stop !== stop) return;
    this.#stop = null;
    this.#tell();
  }

  /** End what plays, if anything does. */
  stop() {
    this.#stop?.();
  }

  #tell() {
    for (const listener of this.#listeners) listener();
  }
}

/** The page's own. */
export const nowPlaying = new NowPlaying();
