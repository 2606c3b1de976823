// Watches that sound goes on: a phone call or a sleeping machine suspends an audio context, and after some sleeps it
// says that it runs but its clock stands still.

const TICK_MS = 1000;
const STILL_TICKS = 3; // without a sign of life, and the sound counts as held back
const LOST_TICKS = 30; // that the visitor could see

export class AudioWatch {
  /** @type {AudioContext} */ #context;
  /** @type {(held: boolean) => void} */ #held;
  /** @type {() => void} */ #lost;
  #alive = true; // a sign of life since the last tick
  #stillTicks = 0;
  #seenTicks = 0;
  #wasHeld = false;
  /** @type {ReturnType<typeof setInterval>} */ #timer;

  /**
   * @param {AudioContext} context
   * @param {(held: boolean) => void} held the sound stopped, or goes on
   * @param {() => void} lost it does not come back
   */
  constructor(context, held, lost) {
    this.#context = context;
    this.#held = held;
    this.#lost = lost;
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    context.onstatechange = () => this.#look();
    document.addEventListener('visibilitychange', this.#look);
  }

  /** The audio thread has said something. */
  alive() {
    this.#alive = true;
    if (this.#stillTicks > 0) {
      this.#stillTicks = this.#seenTicks = 0;
      this.#look();
    }
  }

  end() {
    clearInterval(this.#timer);
    this.#context.onstatechange = null;
    document.removeEventListener('visibilitychange', this.#look);
  }

  #tick() {
    // Ticks are counted, not time: the first one after a sleep comes hours late and means nothing.
    this.#stillTicks = this.#alive ? 0 : this.#stillTicks + 1;
    this.#seenTicks = this.#alive ? 0 : this.#seenTicks + (document.hidden ? 0 : 1);
    this.#alive = false;
    if (this.#seenTicks >= LOST_TICKS) this.#lost();
    else this.#look();
  }

  #look = () => {
    const { state } = this.#context;
    if (state === 'closed') return this.#lost();
    const held = state !== 'running' || this.#stillTicks >= STILL_TICKS;
    if (state !== 'running') this.#context.resume().catch(() => {}); // refused while the cause lasts
    if (held === this.#wasHeld) return;
    this.#wasHeld = held;
    this.#held(held);
  };
}
