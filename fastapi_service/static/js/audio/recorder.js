// The recording that the visitor started, over as many captures as changed settings take, and the state that the dock
// shows.

import { preferences } from '../base/preferences.js';
import { Capture, loadSound } from './capture.js';
import { chosenGate } from './chosen-gate.js';
import { ScreenAwake } from './screen-awake.js';
import { offersTabSound, TAB_SOUND } from './sources/tab-sound.js';

/**
 * `reconnecting` is recording while the connection is down; `stopped` is a recording that ended by itself, and
 * `failed` one that could not begin. `starting` asks for a microphone, `choosing` for a tab; with `playing` the page is
 * heard instead of the speaker.
 * @typedef {'off' | 'starting' | 'choosing' | 'loading' | 'listening' | 'speaking' | 'reconnecting' | 'reopening'
 *   | 'muted' | 'paused' | 'playing' | 'clip' | 'stopped' | 'failed'} DockState
 *
 * @typedef {import('./sources/sound-source.js').SoundChoice} SoundChoice
 *
 * Why a recording ended by itself or could not begin (`control.stopped.<reason>`).
 * @typedef {import('./sources/capture-problem.js').ProblemCode | 'full' | 'taken_over' | 'server'} StopReason
 *
 * @typedef {(meanSquare: number, threshold: number) => void} LevelListener with the threshold in force
 *
 * @typedef {object} RecorderHandlers
 * @property {(pcm: Int16Array<ArrayBuffer>, capturedMs: number) => boolean} chunk false when no more can be kept
 * @property {(spokenUntilMs: number) => void} pause it may go on; epoch milliseconds of the end of what was loud
 * @property {(spokenUntilMs: number) => void} utteranceEnd
 * @property {(meanSquare: number, open: boolean, threshold: number) => void} level 20 times a second; open while
 *   speech is let through, with the threshold in force
 * @property {(state: DockState, reason: StopReason | null, clip: URL | null) => void} state something of it changed
 * @property {(problem: import('./sources/capture-problem.js').CaptureProblem) => void} problem
 * @property {(fellBack: boolean) => void} started true when the chosen microphone is gone and another one is heard
 * @property {(stuck: boolean) => void} stuck whether only the visitor can go on, with `retry`
 */

const AT_REST_MS = 1000;
const ECHO_MS = 300; // of what was played: the way through loudspeaker, room and microphone

export class Recorder {
  /** @type {RecorderHandlers} */ #handlers;
  /** @type {Capture | null} */ #capture = null;
  /** @type {SoundChoice['kind']} */ #kind = 'microphone';
  /** @type {URL | null} */ #clip = null;
  /** @type {StopReason | null} */ #reason = null;
  /** @type {import('./capture.js').Held} */ #held = null;
  #running = false; // sound comes from #capture
  #again = false; // it ends to begin again, as it is chosen now
  #ran = false; // sound has come since the start
  #open = false; // the gate
  #down = false; // the connection
  #stuck = false;
  #hushed = false; // something plays on this page
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #hushTimer;
  #shown = '';
  #awake = new ScreenAwake();
  /** @type {Set<LevelListener>} */ #listeners = new Set();

  /** @param {RecorderHandlers} handlers */
  constructor(handlers) {
    this.#handlers = handlers;
    addEventListener('load', () => setTimeout(() => loadSound().catch(() => {}), AT_REST_MS));
    chosenGate.onChange(() => this.#capture?.adjust(this.#gate));
    preferences.onChange((name) => {
      const ofMicrophones = name === 'echo_cancellation' || name === 'noise_suppression';
      if (name === 'microphone' || (ofMicrophones && this.#kind === 'microphone')) this.#restart();
    });
  }

  get active() {
    return this.#capture !== null;
  }

  /** Whether the microphone, or what is chosen in its place, is heard now. */
  get hearing() {
    return this.#running && this.#kind !== 'clip';
  }

  /** Whether quiet would be that of a microphone that works. */
  get hearsRoom() {
    return this.#running && this.#kind === 'microphone' && this.#held === null && !this.#hushed;
  }

  /** Start, or stop what runs. */
  toggle() {
    if (this.#capture === null) this.#begin(chosenSound());
    else void this.end();
  }

  /** Open the microphone once more, where it is stuck. Call it inside a click. */
  retry() {
    this.#capture?.retry();
  }

  /** Play a clip and record it, or stop it when it plays already. @param {URL} url */
  async playClip(url) {
    const again = this.#clip?.href === url.href;
    await this.end();
    if (again || this.#capture !== null) return;
    this.#clip = url;
    this.#begin({ kind: 'clip', url, ended: () => void this.end() });
  }

  /** End the recording, if there is one, for a reason that the visitor has to know. @param {StopReason} reason */
  stop(reason) {
    if (this.#capture === null) return;
    this.#reason = reason;
    void this.end();
  }

  /**
   * Something plays on this page, or no longer: a microphone must not take it for speech. What was being said ends.
   * @param {boolean} plays
   */
  hush(plays) {
    clearTimeout(this.#hushTimer);
    if (plays && this.#kind === 'clip') void this.end(); // one sound at a time
    if (plays) this.#setHushed(true);
    else this.#hushTimer = setTimeout(() => this.#setHushed(false), ECHO_MS);
  }

  /** The connection is lost, or it is there again. @param {boolean} down */
  connection(down) {
    this.#down = down;
    this.#show();
  }

  /**
   * Hear the level of what is recorded, too.
   * @param {LevelListener} listener
   * @returns {() => void} ends it
   */
  listen(listener) {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** End the recording, if there is one, because the visitor wants it to. */
  async end() {
    this.#again = false;
    await this.#capture?.stop();
  }

  #restart() {
    if (this.#capture === null || this.#kind === 'clip') return;
    this.#again = true;
    void this.#capture.stop();
  }

  /** @param {SoundChoice} choice */
  #begin(choice) {
    this.#kind = choice.kind;
    this.#capture = new Capture(choice, this.#gate, {
      chunk: (pcm, capturedMs) => {
        if (!this.#handlers.chunk(pcm, capturedMs)) this.stop('full');
      },
      pause: (spokenUntilMs) => this.#handlers.pause(spokenUntilMs),
      utteranceEnd: (spokenUntilMs) => this.#handlers.utteranceEnd(spokenUntilMs),
      level: (meanSquare, open, threshold) => {
        this.#open = open;
        this.#handlers.level(meanSquare, open, threshold);
        for (const listener of this.#listeners) listener(meanSquare, threshold);
        this.#show();
      },
      started: (fellBack) => {
        this.#running = this.#ran = true;
        this.#handlers.started(fellBack);
        this.#show();
      },
      held: (held, stuck) => {
        this.#held = held;
        this.#open = false;
        if (held !== null) this.#handlers.level(0, false, chosenGate.settings.threshold);
        this.#show();
        this.#tellStuck(stuck);
      },
      stopped: (problem) => this.#stopped(problem),
    });
    this.#reason = null;
    this.#ran = false;
    if (choice.kind !== 'clip') this.#awake.hold();
    this.#show();
    void this.#capture.start();
  }

  /** @param {import('./sources/capture-problem.js').CaptureProblem | null} problem */
  #stopped(problem) {
    const again = this.#again && problem === null;
    this.#capture = this.#clip = this.#held = null;
    this.#running = this.#open = this.#again = false;
    this.#awake.release();
    this.#tellStuck(false);
    if (again) return this.#begin(chosenSound());
    this.#reason ??= problem?.code ?? null;
    this.#show();
    if (problem !== null) this.#handlers.problem(problem);
  }

  /** @param {boolean} stuck */
  #tellStuck(stuck) {
    if (stuck === this.#stuck) return;
    this.#stuck = stuck;
    this.#handlers.stuck(stuck);
  }

  /** @param {boolean} hushed */
  #setHushed(hushed) {
    this.#hushed = hushed;
    if (hushed) this.#open = false;
    this.#capture?.adjust(this.#gate);
    this.#show();
  }

  get #gate() {
    return { ...chosenGate.settings, shut: this.#hushed && this.#kind === 'microphone' };
  }

  #show() {
    const state = this.#state();
    const shown = `${state} ${this.#reason} ${this.#clip}`;
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#handlers.state(state, this.#reason, this.#clip);
  }

  /** @returns {DockState} */
  #state() {
    if (this.#capture === null) return this.#reason === null ? 'off' : this.#ran ? 'stopped' : 'failed';
    if (!this.#running) return STARTING[this.#kind];
    if (this.#held !== null) return this.#held;
    if (this.#hushed && this.#kind === 'microphone') return 'playing';
    if (this.#kind === 'clip') return 'clip';
    if (this.#down) return 'reconnecting';
    return this.#open ? 'speaking' : 'listening';
  }
}

const STARTING = /** @type {const} */ ({ microphone: 'starting', tab: 'choosing', clip: 'loading' });

/** What is chosen to be heard. @returns {SoundChoice} */
export function chosenSound() {
  const deviceId = preferences.get('microphone');
  if (deviceId === TAB_SOUND && offersTabSound()) return { kind: 'tab' };
  return {
    kind: 'microphone',
    choice: {
      deviceId: deviceId === TAB_SOUND ? '' : deviceId,
      echoCancellation: preferences.get('echo_cancellation'),
      noiseSuppression: preferences.get('noise_suppression'),
    },
  };
}
