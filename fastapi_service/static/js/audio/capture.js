// One recording: what a source gives, as chunks of speech and the utterances that they make.
//
// What opens and watches the source is fetched when the page has come to rest, or when it is first needed.
//
// An instance records once. However it ends (stop, an error, a lost microphone, a refused start), it ends in
// #release, and `stopped` is called exactly once.

import { SAMPLES_PER_MS } from '../base/audio-format.js';
import { asProblem } from './sources/capture-problem.js';

/**
 * @typedef {import('./sources/capture-problem.js').CaptureProblem} CaptureProblem
 * @typedef {import('./live-sound.js').Held} Held
 * @typedef {import('./live-sound.js').LiveSound} LiveSound
 * @typedef {import('./sources/sound-source.js').SoundChoice} SoundChoice
 * @typedef {import('./worklet/voice-gate.js').GateSettings} GateSettings
 *
 * @typedef {object} CaptureHandlers
 * @property {(pcm: Int16Array<ArrayBuffer>, capturedMs: number) => void} chunk speech; epoch milliseconds of its first sample
 * @property {(spokenUntilMs: number) => void} pause it may go on; epoch milliseconds of the end of what was loud
 * @property {(spokenUntilMs: number) => void} utteranceEnd the same milliseconds
 * @property {(meanSquare: number, speaking: boolean, threshold: number) => void} level 20 times a second; with the
 *   threshold in force
 * @property {(fellBack: boolean) => void} started the first audio is on its way, also after the source was opened anew;
 *   true when the chosen microphone is gone and another one is heard
 * @property {(held: Held, stuck: boolean) => void} held no sound comes for now, or it comes again; stuck when only the
 *   visitor can go on, with `retry`
 * @property {(problem: CaptureProblem | null) => void} stopped null when it was asked to
 */

/** Fetch what opens and watches a source. */
export const loadSound = () => import('./live-sound.js');

export class Capture {
  /** @type {SoundChoice} */ #choice;
  /** @type {CaptureHandlers} */ #handlers;
  /** @type {LiveSound | null} */ #sound = null;
  /** @type {GateSettings} */ #gate;
  /** @type {Promise<void> | null} */ #ending = null;
  /** @type {'none' | 'speaking' | 'paused'} */ #utterance = 'none'; // the one that has begun and not ended
  #lastMs = 0; // epoch milliseconds of the end of the last chunk
  #released = false;

  /**
   * @param {SoundChoice} choice
   * @param {GateSettings} gate
   * @param {CaptureHandlers} handlers
   */
  constructor(choice, gate, handlers) {
    this.#choice = choice;
    this.#gate = gate;
    this.#handlers = handlers;
  }

  /** Call it inside a click: browsers start sound, and share it, only then. */
  async start() {
    try {
      const { LiveSound } = await loadSound();
      if (this.#released) return;
      this.#sound = new LiveSound(this.#choice, this.#gate, {
        message: (message, epochMs) => this.#heard(message, epochMs),
        gap: () => this.#endUtterance(),
        opened: (fellBack) => !this.#released && this.#handlers.started(fellBack),
        held: (held, stuck) => !this.#released && this.#handlers.held(held, stuck),
        lost: (problem) => void this.#finish(problem),
      });
      await this.#sound.start();
    } catch (thrown) {
      this.#release(asProblem(thrown));
    }
  }

  /** Change the voice gate of the running recording. @param {GateSettings} gate */
  adjust(gate) {
    this.#gate = gate;
    this.#sound?.adjust(gate);
  }

  /** Try once more where it is stuck. Call it inside a click. */
  retry() {
    this.#sound?.retry();
  }

  /** End the recording: what was spoken so far is sent, and the utterance ends. */
  async stop() {
    await this.#finish(null);
  }

  /** @param {CaptureProblem | null} problem */
  #finish(problem) {
    this.#ending ??= Promise.resolve(this.#sound?.flush()).then(() => this.#release(problem));
    return this.#ending;
  }

  /**
   * @param {import('./worklet/capture-worklet.js').WorkletMessage} message
   * @param {(contextSec: number) => number} epochMs
   */
  #heard(message, epochMs) {
    if (this.#released) return;
    switch (message.type) {
      case 'chunk':
        this.#utterance = 'speaking';
        this.#took(message.pcm, epochMs(message.time_sec));
        break;
      case 'pause':
        this.#utterance = 'paused';
        this.#handlers.pause(epochMs(message.time_sec));
        break;
      case 'end':
        this.#utterance = 'none';
        this.#handlers.utteranceEnd(epochMs(message.time_sec));
        break;
      case 'level':
        this.#handlers.level(message.mean_square, message.open, message.threshold);
        break;
    }
  }

  /**
   * @param {Int16Array<ArrayBuffer>} pcm
   * @param {number} capturedMs
   */
  #took(pcm, capturedMs) {
    this.#lastMs = capturedMs + pcm.length / SAMPLES_PER_MS; // the array is given away
    this.#handlers.chunk(pcm, capturedMs);
  }

  /** Where the worklet could not say so. */
  #endUtterance() {
    const before = this.#utterance;
    this.#utterance = 'none';
    if (before === 'none') return;
    if (before === 'speaking' && this.#gate.endMs) this.#handlers.pause(this.#lastMs);
    this.#handlers.utteranceEnd(this.#lastMs);
  }

  /**
   * The one way everything ends.
   * @param {CaptureProblem | null} problem
   */
  #release(problem) {
    if (this.#released) return;
    this.#released = true;
    this.#sound?.close();
    this.#endUtterance();
    this.#handlers.stopped(problem);
  }
}
