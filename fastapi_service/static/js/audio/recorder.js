// The recording that the visitor started, over as many captures as it takes: changed settings, a lost microphone, a
// lost connection, and the state that the dock shows.

import { preferences } from '../base/preferences.js';
import { Capture } from './capture.js';
import { chosenGate } from './chosen-gate.js';
import { ScreenAwake } from './screen-awake.js';

/**
 * `reconnecting` is recording while the connection is down; `stopped` is a recording that ended by itself, and
 * `failed` one that could not begin.
 * @typedef {'off' | 'starting' | 'loading' | 'listening' | 'speaking' | 'reconnecting' | 'muted' | 'paused' | 'clip'
 *   | 'stopped' | 'failed'} DockState
 *
 * Why a recording ended by itself or could not begin (`control.stopped.<reason>`).
 * @typedef {import('./capture-problem.js').ProblemCode | 'full' | 'taken_over' | 'server'} StopReason
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
 * @property {(problem: import('./capture-problem.js').CaptureProblem) => void} problem
 * @property {(fellBack: boolean) => void} started true when the chosen microphone is gone and another one is heard
 */

export class Recorder {
  /** @type {RecorderHandlers} */ #handlers;
  /** @type {Capture | null} */ #capture = null;
  /** @type {URL | null} */ #clip = null;
  /** @type {StopReason | null} */ #reason = null;
  /** @type {import('./capture.js').Held} */ #held = null;
  #running = false; // sound comes from #capture
  #again = false; // it ends to begin again, as it is chosen now
  #ran = false; // sound has come since the start
  #open = false; // the gate
  #down = false; // the connection
  #shown = '';
  #awake = new ScreenAwake();
  /** @type {Set<LevelListener>} */ #listeners = new Set();

  /** @param {RecorderHandlers} handlers */
  constructor(handlers) {
    this.#handlers = handlers;
    chosenGate.onChange(() => this.#capture?.adjust(chosenGate.settings));
    preferences.onChange((name) => {
      if (['microphone', 'echo_cancellation', 'noise_suppression'].includes(name)) this.#restart();
    });
  }

  get active() {
    return this.#capture !== null;
  }

  /** Whether the microphone is heard now. */
  get hearing() {
    return this.#running && this.#clip === null;
  }

  /** Start, or stop what runs. */
  toggle() {
    if (this.#capture === null) this.#begin(null, chosenMicrophone());
    else void this.end();
  }

  /** Play a clip and record it, or stop it when it plays already. @param {URL} url */
  async playClip(url) {
    const again = this.#clip?.href === url.href;
    await this.end();
    if (!again && this.#capture === null) this.#begin(url, chosenMicrophone());
  }

  /** End the recording, if there is one, for a reason that the visitor has to know. @param {StopReason} reason */
  stop(reason) {
    if (this.#capture === null) return;
    this.#reason = reason;
    void this.end();
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
    if (this.#capture === null || this.#clip !== null) return;
    this.#again = true;
    void this.#capture.stop();
  }

  /**
   * @param {URL | null} clip null for the microphone
   * @param {import('./microphone.js').MicrophoneChoice} microphone
   * @param {boolean} [fallback] it is not the chosen one
   */
  #begin(clip, microphone, fallback = false) {
    const capture = new Capture(chosenGate.settings, {
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
        this.#handlers.started(fellBack || fallback);
        this.#show();
      },
      held: (held) => {
        this.#held = held;
        this.#show();
      },
      stopped: (problem) => this.#stopped(problem),
    });
    this.#capture = capture;
    this.#clip = clip;
    this.#reason = null;
    this.#ran = false;
    if (clip === null) this.#awake.hold();
    this.#show();
    void (clip === null ? capture.startMicrophone(microphone) : capture.startClip(clip));
  }

  /** @param {import('./capture-problem.js').CaptureProblem | null} problem */
  #stopped(problem) {
    const again = this.#again && problem === null;
    const chosenIsGone = problem?.code === 'disconnected' && this.#running && preferences.get('microphone') !== '';
    this.#capture = this.#clip = this.#held = null;
    this.#running = this.#open = this.#again = false;
    this.#awake.release();
    if (again) return this.#begin(null, chosenMicrophone());
    if (chosenIsGone) return this.#begin(null, { ...chosenMicrophone(), deviceId: '' }, true);
    this.#reason ??= problem?.code ?? null;
    this.#show();
    if (problem !== null) this.#handlers.problem(problem);
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
    if (!this.#running) return this.#clip === null ? 'starting' : 'loading';
    if (this.#held !== null) return this.#held;
    if (this.#clip !== null) return 'clip';
    if (this.#down) return 'reconnecting';
    return this.#open ? 'speaking' : 'listening';
  }
}

/** The microphone as it is chosen. */
export function chosenMicrophone() {
  return {
    deviceId: preferences.get('microphone'),
    echoCancellation: preferences.get('echo_cancellation'),
    noiseSuppression: preferences.get('noise_suppression'),
  };
}
