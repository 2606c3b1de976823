// A source that is heard for as long as it is wanted, in as many graphs as it takes.
//
// After a call, Siri, sleep or a change of headsets a microphone may be muted or silent for ever, a clock stand still,
// a rate be another, a device be gone. One thing helps against all of these: the source is opened anew, in a graph of
// its own, at once or when the page is seen, a few times with longer and longer waits. Then only the visitor can help.

import { AudioWatch } from './audio-watch.js';
import { CaptureGraph } from './capture-graph.js';
import { asProblem, CaptureProblem } from './sources/capture-problem.js';
import { sourceOf } from './sources/sound-source.js';

const TICK_MS = 1000;
const MOST_TRIES = 4; // waits of 2, 4 and 8 s between them
const LAST_TICKS = 5; // for the last to help
const MOST_WITHOUT_DEVICE = 3;
const WELL_TICKS = 10; // of sound, and trouble is a new one
const CLIP_TICKS = 30; // a clip is waited for, and cannot be begun again
const DEVICES_SETTLE_MS = 300; // one headset is several events

/** @typedef {import('./audio-watch.js').Trouble} Trouble */

/** How many seconds it may last before something is done: most of it ends by itself, with what caused it. */
const PATIENCE = /** @type {const} */ ({ ended: 0, closed: 0, moved: 0, held: 10, still: 1, muted: 5, silent: 0, unproven: 5 });

/** What does not wait until the page is seen: no call does that. @type {ReadonlySet<Trouble>} */
const UNSEEN = new Set(['ended', 'closed', 'moved', 'still']);

/** In which the visitor cannot be heard, and what is said of it. @type {Record<Exclude<Trouble, 'unproven'>, Held>} */
const HELD = { ended: 'reopening', closed: 'reopening', moved: 'reopening', held: 'paused', still: 'paused', muted: 'muted', silent: 'muted' };

/** It would be no other a second later. @type {ReadonlySet<import('./sources/capture-problem.js').ProblemCode>} */
const FINAL = new Set(['insecure', 'unsupported', 'processing', 'sharing_ended']);

/**
 * `muted`: by a call, the system, or a switch of the device; `paused`: the whole page's sound is held back; `reopening`:
 * the microphone is being opened anew.
 * @typedef {'muted' | 'paused' | 'reopening' | null} Held
 *
 * @typedef {object} LiveHandlers
 * @property {import('./capture-graph.js').GraphHandlers['message']} message
 * @property {() => void} gap an unknown time passes: what was being said has ended
 * @property {(fellBack: boolean) => void} opened its sound is on its way, at first or again
 * @property {(held: Held, stuck: boolean) => void} held no sound comes for now, or it comes again; stuck when it takes
 *   the visitor to go on (`retry`)
 * @property {(problem: CaptureProblem) => void} lost it does not come back
 */

export class LiveSound {
  /** @type {import('./sources/sound-source.js').SoundSource} */ #source;
  /** @type {import('./worklet/voice-gate.js').GateSettings} */ #gate;
  /** @type {LiveHandlers} */ #handlers;
  /** @type {CaptureGraph | null} */ #graph = null;
  /** @type {AudioWatch | null} */ #watch = null;
  /** @type {Trouble | null} */ #trouble = null;
  /** @type {Held} */ #held = null;
  #stuck = false;
  #refused = false; // and asking again by itself would be a nuisance
  #tries = 0;
  #waitTicks = 0; // until the next
  #wellTicks = 0;
  #opening = false;
  #closed = false;
  #told = 'null false';
  /** @type {ReturnType<typeof setInterval> | undefined} */ #timer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #settling;

  /**
   * @param {import('./sources/sound-source.js').SoundChoice} choice
   * @param {import('./worklet/voice-gate.js').GateSettings} gate
   * @param {LiveHandlers} handlers
   */
  constructor(choice, gate, handlers) {
    this.#source = sourceOf(choice);
    this.#gate = gate;
    this.#handlers = handlers;
  }

  /** Rejects with what is wrong. */
  async start() {
    await this.#open(this.#newGraph(), false);
    if (this.#closed) return;
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    document.addEventListener('visibilitychange', this.#seen);
    window.addEventListener('focus', this.#seen);
    navigator.mediaDevices?.addEventListener?.('devicechange', this.#devices);
    this.#look();
  }

  /** @param {import('./worklet/voice-gate.js').GateSettings} gate */
  adjust(gate) {
    this.#gate = gate;
    this.#graph?.adjust(gate);
  }

  /** Open it anew because the visitor says so. Call it inside a click. */
  retry() {
    if (this.#trouble === null || this.#opening) return;
    this.#tries = 0;
    this.#refused = false;
    void this.#renew(true);
  }

  /** Have what was heard so far posted, as the end of it. */
  async flush() {
    await this.#graph?.flush('stop');
  }

  close() {
    this.#closed = true;
    clearInterval(this.#timer);
    clearTimeout(this.#settling);
    document.removeEventListener('visibilitychange', this.#seen);
    window.removeEventListener('focus', this.#seen);
    navigator.mediaDevices?.removeEventListener?.('devicechange', this.#devices);
    this.#watch?.end();
    this.#graph?.close();
    this.#source.close();
  }

  #newGraph() {
    const graph = new CaptureGraph({
      message: (message, epochMs) => {
        if (message.type === 'level' && graph === this.#graph) this.#watch?.level(message.mean_square);
        this.#handlers.message(message, epochMs);
      },
      broken: () => this.#handlers.lost(new CaptureProblem('processing')),
    });
    return graph;
  }

  /**
   * @param {CaptureGraph} graph
   * @param {boolean} anew
   */
  async #open(graph, anew) {
    this.#graph = graph;
    await graph.open(this.#source, this.#gate);
    if (this.#closed) return;
    graph.adjust(this.#gate); // it may have changed meanwhile
    const microphone = this.#source.kind === 'microphone';
    this.#watch = new AudioWatch(graph.context, this.#source.track, { microphone, anew }, () => this.#look());
    this.#handlers.opened(this.#source.fellBack);
  }

  #tick() {
    if (this.#opening) return;
    const trouble = this.#trouble;
    this.#watch?.tick();
    this.#wellTicks = this.#trouble === null ? this.#wellTicks + 1 : 0;
    if (this.#wellTicks >= WELL_TICKS) this.#tries = 0;
    if (trouble === null || trouble !== this.#trouble || this.#stuck || this.#opening) return;
    if (document.hidden && !UNSEEN.has(trouble)) return;
    if (--this.#waitTicks <= 0) void this.#renew(false);
  }

  #look() {
    if (this.#opening || this.#closed || this.#watch === null) return;
    const { trouble } = this.#watch;
    if (trouble !== this.#trouble) {
      this.#trouble = trouble;
      this.#waitTicks = trouble === null ? 0 : this.#patience(trouble);
      if (trouble === null) this.#stuck = this.#refused = false;
      const standing = trouble === 'held' || trouble === 'still';
      if (this.#graph !== null) this.#graph.standing = standing;
      if (standing) void this.#breakOff();
    }
    this.#tell();
    if (trouble !== null && UNSEEN.has(trouble) && this.#waitTicks <= 0) void this.#renew(false);
  }

  /** @param {Trouble} trouble */
  #patience(trouble) {
    if (this.#source.kind === 'clip') return CLIP_TICKS;
    return this.#tries === 0 ? PATIENCE[trouble] : Math.max(PATIENCE[trouble], 2 ** this.#tries);
  }

  /** What comes after an unknown time belongs to another utterance. */
  async #breakOff() {
    await this.#graph?.flush('break');
    if (!this.#closed) this.#handlers.gap();
  }

  /** @param {boolean} byHand */
  async #renew(byHand) {
    const { kind } = this.#source;
    if (kind === 'clip') return this.#handlers.lost(new CaptureProblem('interrupted'));
    if (kind === 'tab' && this.#trouble === 'ended') return this.#handlers.lost(new CaptureProblem('sharing_ended'));
    if (this.#tries >= MOST_TRIES) return this.#giveUp();
    this.#tries++;
    this.#opening = true;
    this.#stuck = false;
    const old = this.#graph;
    try {
      const next = this.#newGraph(); // inside the click, if there is one
      this.#tell();
      this.#watch?.end();
      this.#watch = null;
      await old?.flush('stop');
      if (this.#closed) return next.close();
      this.#handlers.gap();
      old?.close();
      await this.#open(next, true);
    } catch (thrown) {
      if (!this.#closed) this.#failed(asProblem(thrown), byHand);
    } finally {
      this.#opening = false;
      this.#waitTicks = this.#tries < MOST_TRIES ? 2 ** this.#tries : LAST_TICKS;
      this.#look();
    }
  }

  /**
   * @param {CaptureProblem} problem
   * @param {boolean} byHand
   */
  #failed(problem, byHand) {
    this.#watch?.end();
    this.#graph?.close();
    this.#watch = this.#graph = null;
    if (this.#source.kind === 'microphone') this.#source.close(); // it is not listened to
    if (FINAL.has(problem.code) || (problem.code === 'refused' && byHand)) return this.#handlers.lost(problem);
    if (problem.code === 'no_microphone' && this.#tries >= MOST_WITHOUT_DEVICE) {
      return this.#handlers.lost(new CaptureProblem('disconnected', problem.cause));
    }
    // Safari may want a click for it; where nobody saw it, it is tried again when the page is seen.
    if (problem.code === 'refused' && !document.hidden) this.#refused = true;
    if (this.#refused) this.#giveUp();
  }

  #giveUp() {
    this.#stuck = true;
    this.#tell();
  }

  /** The page is in front of its visitor again: whatever it was is probably over. */
  #seen = () => {
    if (document.hidden) return;
    this.#watch?.suspect();
    if (this.#trouble === null || this.#refused || this.#opening) return;
    this.#tries = 0;
    this.#stuck = false;
    this.#waitTicks = Math.min(this.#waitTicks, 1);
    this.#tell();
  };

  #devices = () => {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(async () => {
      this.#watch?.look();
      if (this.#trouble === 'ended') this.#waitTicks = Math.min(this.#waitTicks, 1);
      if (await this.#source.isBack().catch(() => false)) this.#watch?.move();
    }, DEVICES_SETTLE_MS);
  };

  #tell() {
    if (this.#trouble !== 'unproven') this.#held = this.#trouble && HELD[this.#trouble];
    const told = `${this.#held} ${this.#stuck}`;
    if (told === this.#told) return;
    this.#told = told;
    this.#handlers.held(this.#held, this.#stuck);
  }
}
