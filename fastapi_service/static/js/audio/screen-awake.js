// Keeps the screen on while something is recorded. Browsers without it lose nothing else.

export class ScreenAwake {
  #wanted = false;
  #asking = false;
  /** @type {WakeLockSentinel | null} */ #lock = null;

  constructor() {
    // The system takes the lock back when the page is hidden.
    document.addEventListener('visibilitychange', () => void this.#ask());
  }

  hold() {
    this.#wanted = true;
    void this.#ask();
  }

  release() {
    this.#wanted = false;
    void this.#lock?.release();
    this.#lock = null;
  }

  async #ask() {
    const has = this.#lock !== null && !this.#lock.released;
    if (!this.#wanted || this.#asking || document.hidden || has) return;
    this.#asking = true;
    try {
      const lock = (await navigator.wakeLock?.request('screen')) ?? null;
      if (this.#wanted) this.#lock = lock;
      else void lock?.release();
    } catch {
      // refused, as on a low battery
    }
    this.#asking = false;
  }
}
