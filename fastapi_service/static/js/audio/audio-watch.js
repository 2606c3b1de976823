// Says what is wrong with the sound of a context. A phone call, Siri or sleep suspends a context, or leaves it running
// with a clock that stands still; it mutes a microphone, or leaves it with nothing but zeros; and a headset that comes
// or goes changes the microphone's rate.

import { resume } from './capture-graph.js';

const STILL_TICKS = 3; // without a sign of life
const ZERO_TICKS = 5;
const NOTHING = 1e-10; // mean square; the noise of the quietest real microphone is a hundred times that

/**
 * `ended`: the track has; `closed`: the context; `moved`: the rate is another, or another microphone should be heard;
 * `held`: the system holds the context back; `still`: its clock stands still; `muted`: the track; `silent`: nothing but
 * zeros since something has interrupted it; `unproven`: no sound yet since it was opened anew.
 * @typedef {'ended' | 'closed' | 'moved' | 'held' | 'still' | 'muted' | 'silent' | 'unproven'} Trouble
 */

export class AudioWatch {
  /** @type {AudioContext} */ #context;
  /** @type {MediaStreamTrack | null} */ #track;
  /** @type {() => void} */ #changed;
  /** @type {boolean} */ #microphone;
  /** @type {number} */ #rateHz;
  /** @type {number | undefined} */ #trackHz;
  #alive = true; // a sign of life since the last tick
  #stillTicks = 0;
  #zeroTicks = 0;
  #suspected = false; // something may have silenced it, and no sound has come since
  /** @type {boolean} */ #unproven;
  #ended = false;
  #moved = false;
  #muted = false;

  /**
   * @param {AudioContext} context
   * @param {MediaStreamTrack | null} track
   * @param {object} is
   * @param {boolean} is.microphone that it is muted or silent means something
   * @param {boolean} is.anew it takes the place of one with which something was wrong
   * @param {() => void} changed `trouble` may be another
   */
  constructor(context, track, { microphone, anew }, changed) {
    this.#context = context;
    this.#track = track;
    this.#changed = changed;
    this.#microphone = microphone;
    this.#unproven = this.#suspected = microphone && anew;
    this.#rateHz = context.sampleRate;
    this.#trackHz = this.#rateOfTrack();
    context.onstatechange = () => {
      this.#stillTicks = 0; // a clock that has just been let go is given its time
      resume(context);
      changed();
    };
    if (track === null) return;
    this.#ended = track.readyState === 'ended';
    track.onended = () => this.#note(() => (this.#ended = true));
    if (!microphone) return;
    this.#muted = track.muted;
    track.onmute = () => this.#note(() => (this.#muted = true));
    track.onunmute = () => this.#note(() => this.#unmuted());
  }

  /** @returns {Trouble | null} */
  get trouble() {
    const { state } = this.#context;
    if (this.#ended) return 'ended';
    if (state === 'closed') return 'closed';
    if (this.#moved) return 'moved';
    if (state !== 'running') return 'held';
    if (this.#stillTicks >= STILL_TICKS) return 'still';
    if (this.#muted) return 'muted';
    if (this.#unproven) return 'unproven';
    return this.#suspected && this.#zeroTicks >= ZERO_TICKS ? 'silent' : null;
  }

  /** The audio thread has said how loud it is. @param {number} meanSquare */
  level(meanSquare) {
    this.#alive = true;
    const sound = meanSquare > NOTHING;
    const news = this.#stillTicks > 0 || (sound && (this.#unproven || this.#zeroTicks >= ZERO_TICKS));
    this.#stillTicks = 0;
    if (sound) {
      this.#zeroTicks = 0;
      this.#suspected = this.#unproven = false;
    }
    if (news) this.#changed();
  }

  /** Something may have silenced it: the page was away. */
  suspect() {
    if (!this.#suspected) this.#zeroTicks = 0;
    this.#suspected = this.#microphone;
  }

  /** Another microphone should be heard. */
  move() {
    this.#note(() => (this.#moved = true));
  }

  /** A second has passed. Ticks are counted, not time: the first one after a sleep comes hours late and means nothing. */
  tick() {
    this.#stillTicks = this.#alive ? 0 : this.#stillTicks + 1;
    if (this.#alive) this.#zeroTicks++;
    this.#alive = false;
    if (this.#context.state !== 'running' || this.#stillTicks >= STILL_TICKS) this.suspect();
    resume(this.#context);
    this.look();
  }

  /** The devices have changed. */
  look() {
    const now = this.#rateOfTrack();
    this.#trackHz ??= now;
    const other = now !== undefined && now !== this.#trackHz;
    if (other || this.#context.sampleRate !== this.#rateHz) this.#moved = true;
    this.#changed();
  }

  end() {
    this.#context.onstatechange = null;
    if (this.#track === null) return;
    this.#track.onended = null;
    this.#track.onmute = null;
    this.#track.onunmute = null;
  }

  #unmuted() {
    this.#muted = this.#suspected = false;
    this.suspect();
  }

  #rateOfTrack() {
    return this.#microphone ? this.#track?.getSettings().sampleRate : undefined;
  }

  /** @param {() => void} change */
  #note(change) {
    change();
    this.#changed();
  }
}
