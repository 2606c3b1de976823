// A context of its own in which a source goes through the worklet. What the worklet says comes with the time of day.

import { SAMPLE_RATE_HZ } from '../base/audio-format.js';
import { CaptureProblem, isNotSupported } from './sources/capture-problem.js';

const WORKLET_URL = new URL('./worklet/capture-worklet.js', import.meta.url);
const CHUNK_MS = 80;
const FLUSH_MS = 1000; // a worklet that runs answers sooner
const STANDING_FLUSH_MS = 250; // one that stands still may
const RUNNING_MS = 5000;

/**
 * @typedef {import('./worklet/capture-worklet.js').WorkletMessage} WorkletMessage
 *
 * @typedef {object} GraphHandlers
 * @property {(message: WorkletMessage, epochMs: (contextSec: number) => number) => void} message
 * @property {() => void} broken the worklet has failed
 */

export class CaptureGraph {
  /** @type {GraphHandlers} */ #handlers;
  /** @type {AudioContext | null} */ #context = null;
  /** @type {AudioWorkletNode | null} */ #node = null;
  /** @type {(() => void) | null} */ #flushed = null;
  #late = false; // the worklet owes the answer to a flush, and what it posts before that is too old
  #closed = false;
  #zeroMs = 0; // epoch milliseconds of the context's zero, while its clock went
  /** Whether its clock stands still: what comes now was captured before it stopped. */
  standing = false;

  /** @param {GraphHandlers} handlers */
  constructor(handlers) {
    this.#handlers = handlers;
    this.#openContext(SAMPLE_RATE_HZ);
  }

  get context() {
    if (this.#context === null) throw new CaptureProblem('other');
    return this.#context;
  }

  /**
   * Hear `source`, which it opens.
   * @param {import('./sources/sound-source.js').SoundSource} source
   * @param {import('./worklet/voice-gate.js').GateSettings} gate
   */
  async open(source, gate) {
    await source.open();
    this.#throwIfClosed();
    const input = await this.#inputOf(source);
    this.#throwIfClosed();
    await this.context.audioWorklet.addModule(WORKLET_URL);
    this.#throwIfClosed();
    const node = new AudioWorkletNode(this.context, 'capture', {
      numberOfInputs: 1,
      numberOfOutputs: 1,
      channelCount: 1,
      channelCountMode: 'explicit', // more channels are mixed down
      processorOptions: { ...gate, chunkMs: CHUNK_MS },
    });
    this.#node = node;
    node.port.onmessage = (event) => this.#posted(event.data);
    // The property, not addEventListener: Chromium 156 gives the event to the property alone.
    node.onprocessorerror = () => this.#handlers.broken();
    input.connect(node);
    node.connect(this.context.destination); // its output is silence; unconnected nodes need not be run
    await this.#running();
    source.start();
  }

  /** @param {import('./worklet/voice-gate.js').GateSettings} gate */
  adjust(gate) {
    this.#node?.port.postMessage(gate);
  }

  /**
   * Have the worklet post what it holds and end the utterance, and stop for good with `stop`. Resolves when it has, or
   * when it seems that it cannot.
   * @param {'break' | 'stop'} how
   */
  async flush(how) {
    const node = this.#node;
    if (node === null || this.#closed || this.#late || this.context.state === 'closed') return;
    const goes = this.context.state === 'running' && !this.standing;
    await new Promise((resolve) => {
      const patience = setTimeout(() => {
        this.#late = true;
        resolve(undefined);
      }, goes ? FLUSH_MS : STANDING_FLUSH_MS);
      this.#flushed = () => {
        clearTimeout(patience);
        resolve(undefined);
      };
      node.port.postMessage(how);
    });
  }

  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#flushed?.();
    if (this.#node !== null) {
      this.#node.port.onmessage = null;
      this.#node.onprocessorerror = null;
      this.#node.disconnect();
    }
    void this.#closeContext();
  }

  /**
   * A context at `sampleRate`, or at the device's own rate where that is refused.
   * @param {number | undefined} sampleRate
   */
  #openContext(sampleRate) {
    if (typeof AudioContext === 'undefined' || typeof AudioWorkletNode === 'undefined') {
      throw new CaptureProblem('unsupported');
    }
    try {
      this.#context = sampleRate === undefined ? new AudioContext() : new AudioContext({ sampleRate });
    } catch (problem) {
      if (sampleRate === undefined || !isNotSupported(problem)) throw problem;
      this.#context = new AudioContext();
    }
    resume(this.#context); // inside the click
  }

  /**
   * Firefox has 16 kHz contexts but connects no microphone of another rate to one (Mozilla bug 1674892): there the
   * context runs at the device's rate and the worklet resamples.
   * @param {import('./sources/sound-source.js').SoundSource} source
   */
  async #inputOf(source) {
    try {
      return await source.connect(this.context);
    } catch (problem) {
      if (!isNotSupported(problem)) throw problem;
      void this.#closeContext();
      this.#openContext(undefined);
      return await source.connect(this.context);
    }
  }

  /** Resolves when the context runs; it may be held back, as in a call, or until the visitor has pressed something. */
  async #running() {
    const { context } = this;
    await new Promise((resolve, reject) => {
      const patience = setTimeout(() => reject(new CaptureProblem('interrupted')), RUNNING_MS);
      const look = () => {
        if (context.state === 'suspended') return resume(context);
        if (context.state !== 'running' && !this.#closed) return;
        clearTimeout(patience);
        resolve(undefined);
      };
      context.onstatechange = look;
      look();
    }).finally(() => (context.onstatechange = null));
    this.#throwIfClosed();
  }

  /** @param {WorkletMessage} message */
  #posted(message) {
    if (this.#closed) return;
    if (message.type === 'flushed') {
      this.#late = false;
      this.#flushed?.();
      this.#flushed = null;
      return;
    }
    if (this.#late && message.type !== 'level') return;
    this.#handlers.message(message, (contextSec) => this.#epochMs(contextSec));
    if (!this.standing) this.#zeroMs = Date.now() - this.context.currentTime * 1000;
  }

  /** @param {number} contextSec a moment on the context's clock */
  #epochMs(contextSec) {
    const zeroMs = this.standing ? this.#zeroMs : Date.now() - this.context.currentTime * 1000;
    return zeroMs + contextSec * 1000;
  }

  /** stop() may come while the start waits for something. */
  #throwIfClosed() {
    if (!this.#closed) return;
    void this.#closeContext();
    throw new CaptureProblem('other');
  }

  async #closeContext() {
    if (this.#context !== null && this.#context.state !== 'closed') await this.#context.close().catch(() => {});
  }
}

/**
 * Ask a suspended context to go on. One that the system has interrupted is left alone: after such a call Safari's says
 * that it runs while its clock stands still.
 * @param {AudioContext} context
 */
export function resume(context) {
  if (context.state === 'suspended') context.resume().catch(() => {}); // refused while the cause lasts
}
