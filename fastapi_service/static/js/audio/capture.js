// One recording: from a microphone or a clip, through the worklet, to chunks of speech.
//
// An instance records once. However it ends (stop, an error, a lost microphone, a refused start), it ends in
// #release, and `stopped` is called exactly once.

import { SAMPLE_RATE_HZ } from '../base/audio-format.js';
import { AudioWatch } from './audio-watch.js';
import { asProblem, CaptureProblem, isNotSupported } from './capture-problem.js';
import { openMicrophone } from './microphone.js';

const WORKLET_URL = new URL('./capture-worklet.js', import.meta.url);
const CHUNK_MS = 80;
const FLUSH_TIMEOUT_MS = 1000; // a suspended context never answers

/**
 * `muted`: by a switch of the device or the system; `paused`: the whole page's sound is held back.
 * @typedef {'muted' | 'paused' | null} Held
 *
 * @typedef {object} CaptureHandlers
 * @property {(pcm: Int16Array<ArrayBuffer>, capturedMs: number) => void} chunk speech; epoch milliseconds of its first sample
 * @property {(spokenUntilMs: number) => void} pause it may go on; epoch milliseconds of the end of what was loud
 * @property {(spokenUntilMs: number) => void} utteranceEnd the same milliseconds
 * @property {(meanSquare: number, speaking: boolean, threshold: number) => void} level 20 times a second; with the
 *   threshold in force
 * @property {(fellBack: boolean) => void} started the first audio is on its way; true when the chosen microphone is
 *   gone and another one is heard
 * @property {(held: Held) => void} held no sound comes for now, or it comes again
 * @property {(problem: CaptureProblem | null) => void} stopped null when it was asked to
 */

/** @typedef {import('./voice-gate.js').GateSettings} GateSettings */

export class Capture {
  /** @type {CaptureHandlers} */ #handlers;
  /** @type {AudioContext | null} */ #context = null;
  /** @type {MediaStream | null} */ #stream = null;
  /** @type {AudioScheduledSourceNode | null} */ #player = null;
  /** @type {AudioWorkletNode | null} */ #node = null;
  /** @type {(() => void) | null} */ #flushed = null;
  /** @type {Promise<void> | null} */ #ending = null;
  /** @type {AudioWatch | null} */ #watch = null;
  /** @type {GateSettings} */ #gate;
  /** @type {'none' | 'speaking' | 'paused'} */ #utterance = 'none'; // the one that has begun and not ended
  #muted = false;
  #paused = false;
  #released = false;

  /**
   * @param {GateSettings} gate
   * @param {CaptureHandlers} handlers
   */
  constructor(gate, handlers) {
    this.#gate = gate;
    this.#handlers = handlers;
  }

  /**
   * Record the microphone. Call it inside a click: browsers start sound only then.
   * @param {import('./microphone.js').MicrophoneChoice} choice
   */
  async startMicrophone(choice) {
    await this.#run(async () => {
      this.#openContext(SAMPLE_RATE_HZ);
      const { stream, fellBack } = await openMicrophone(choice);
      this.#stream = stream;
      this.#throwIfReleased();
      const source = this.#microphoneSource(stream);
      this.#watchTrack(stream.getAudioTracks()[0]);
      await this.#connect(source);
      return fellBack;
    });
  }

  /**
   * Play a clip, audibly, and record it as if it was spoken.
   * @param {URL} url
   */
  async startClip(url) {
    await this.#run(async () => {
      this.#openContext(SAMPLE_RATE_HZ);
      const response = await fetch(url).catch((cause) => Promise.reject(new CaptureProblem('clip', cause)));
      if (!response.ok) throw new CaptureProblem('clip', new Error(`${response.status} ${url.pathname}`));
      const encoded = await response.arrayBuffer();
      this.#throwIfReleased();
      const player = this.#openedContext().createBufferSource();
      player.buffer = await this.#openedContext().decodeAudioData(encoded);
      this.#throwIfReleased();
      player.connect(this.#openedContext().destination);
      player.onended = () => void this.stop();
      await this.#connect(player);
      this.#player = player;
      player.start();
      return false;
    });
  }

  /** Change the voice gate of the running recording. @param {GateSettings} gate */
  adjust(gate) {
    this.#gate = gate;
    this.#node?.port.postMessage(gate);
  }

  /** End the recording: what was spoken so far is sent, and the utterance ends. */
  async stop() {
    await this.#finish(null);
  }

  /** @param {CaptureProblem | null} problem */
  #finish(problem) {
    this.#ending ??= this.#flush().then(() => this.#release(problem));
    return this.#ending;
  }

  /** Have the worklet post what it holds. */
  async #flush() {
    const node = this.#node;
    if (node !== null && this.#context?.state === 'running') {
      await new Promise((resolve) => {
        this.#flushed = () => resolve(undefined);
        setTimeout(resolve, FLUSH_TIMEOUT_MS);
        node.port.postMessage('stop');
      });
    }
  }

  /** @param {() => Promise<boolean>} start tells whether another microphone than the chosen one is heard */
  async #run(start) {
    try {
      const fellBack = await start();
      if (!this.#released) this.#handlers.started(fellBack);
    } catch (thrown) {
      this.#release(asProblem(thrown));
    }
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
    this.#context.resume().catch(() => {}); // #connect asks again and says what is wrong
  }

  /**
   * Firefox has 16 kHz contexts but connects no microphone of another rate to one (Mozilla bug 1674892): there the
   * context runs at the device's rate and the worklet resamples.
   * @param {MediaStream} stream
   */
  #microphoneSource(stream) {
    try {
      return this.#openedContext().createMediaStreamSource(stream);
    } catch (problem) {
      if (!isNotSupported(problem)) throw problem;
      void this.#context?.close();
      this.#openContext(undefined);
      return this.#openedContext().createMediaStreamSource(stream);
    }
  }

  /** @param {AudioNode} source */
  async #connect(source) {
    const context = this.#openedContext();
    await context.audioWorklet.addModule(WORKLET_URL);
    this.#throwIfReleased();
    const node = new AudioWorkletNode(context, 'capture', {
      numberOfInputs: 1,
      numberOfOutputs: 1,
      channelCount: 1,
      channelCountMode: 'explicit', // more channels are mixed down
      processorOptions: { ...this.#gate, chunkMs: CHUNK_MS },
    });
    this.#node = node;
    node.port.onmessage = (event) => this.#posted(event.data);
    // The property, not addEventListener: Chromium 156 gives the event to the property alone.
    node.onprocessorerror = () => this.#release(new CaptureProblem('processing'));
    source.connect(node);
    node.connect(context.destination); // its output is silence; unconnected nodes need not be run
    await context.resume();
    this.#throwIfReleased();
    this.#watch = new AudioWatch(
      context,
      (paused) => this.#holdBack(this.#muted, paused),
      () => void this.#finish(new CaptureProblem('interrupted')),
    );
  }

  /** @param {import('./capture-worklet.js').WorkletMessage} message */
  #posted(message) {
    if (this.#released) return;
    this.#watch?.alive();
    switch (message.type) {
      case 'chunk':
        this.#utterance = 'speaking';
        this.#handlers.chunk(message.pcm, this.#epochMs(message.time_sec));
        break;
      case 'pause':
        this.#utterance = 'paused';
        this.#handlers.pause(this.#epochMs(message.time_sec));
        break;
      case 'end':
        this.#utterance = 'none';
        this.#handlers.utteranceEnd(this.#epochMs(message.time_sec));
        break;
      case 'level':
        this.#handlers.level(message.mean_square, message.open, message.threshold);
        break;
      case 'stopped':
        this.#flushed?.();
        break;
    }
  }

  /** @param {MediaStreamTrack | undefined} track */
  #watchTrack(track) {
    if (track === undefined) throw new CaptureProblem('no_microphone');
    track.onended = () => void this.#finish(new CaptureProblem('disconnected'));
    track.onmute = () => this.#holdBack(true, this.#paused);
    track.onunmute = () => this.#holdBack(false, this.#paused);
  }

  /**
   * @param {boolean} muted
   * @param {boolean} paused
   */
  #holdBack(muted, paused) {
    if (paused && !this.#paused) this.#endUtterance(); // what comes after an unknown time belongs to the next one
    this.#muted = muted;
    this.#paused = paused;
    this.#handlers.held(paused ? 'paused' : muted ? 'muted' : null);
  }

  /** Where the worklet could not say so. */
  #endUtterance() {
    const before = this.#utterance;
    this.#utterance = 'none';
    if (before === 'none') return;
    if (before === 'speaking' && this.#gate.endMs) this.#handlers.pause(Date.now());
    this.#handlers.utteranceEnd(Date.now());
  }

  /** @param {number} contextSec a moment on the context's clock */
  #epochMs(contextSec) {
    return Date.now() - (this.#openedContext().currentTime - contextSec) * 1000;
  }

  #openedContext() {
    if (this.#context === null) throw new CaptureProblem('other');
    return this.#context;
  }

  /** stop() may come while the start waits for something. */
  #throwIfReleased() {
    if (!this.#released) return;
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    throw new CaptureProblem('other');
  }

  /**
   * The one way everything ends.
   * @param {CaptureProblem | null} problem
   */
  #release(problem) {
    if (this.#released) return;
    this.#released = true;
    for (const track of this.#stream?.getTracks() ?? []) {
      track.onended = null;
      track.onmute = null;
      track.onunmute = null;
      track.stop();
    }
    if (this.#player !== null) {
      this.#player.onended = null;
      this.#player.stop();
    }
    if (this.#node !== null) {
      this.#node.port.onmessage = null;
      this.#node.onprocessorerror = null;
      this.#node.disconnect();
    }
    this.#watch?.end();
    if (this.#context !== null && this.#context.state !== 'closed') void this.#context.close();
    this.#endUtterance();
    this.#handlers.stopped(problem);
  }
}
