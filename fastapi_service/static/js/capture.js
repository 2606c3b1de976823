// One recording: from a microphone or a clip, through the worklet, to chunks of speech.
//
// An instance records once. However it ends (stop, an error, a lost microphone, a refused start), it ends in
// #release, and `stopped` is called exactly once.

import { DEFAULT_GATE } from './voice-gate.js';
import { SAMPLE_RATE_HZ } from './audio-format.js';

const WORKLET_URL = new URL('./capture-worklet.js', import.meta.url);
const CHUNK_MS = 80;
const FLUSH_TIMEOUT_MS = 1000; // a suspended context never answers

/**
 * Why a recording could not start or go on; strings.js has the words (`problem.<code>`).
 * @typedef {'refused' | 'no_microphone' | 'in_use' | 'insecure' | 'unsupported' | 'disconnected' | 'processing'
 *   | 'clip' | 'other'} ProblemCode
 *
 * @typedef {object} CaptureHandlers
 * @property {(pcm: Int16Array<ArrayBuffer>, capturedMs: number) => void} chunk speech; epoch milliseconds of its first sample
 * @property {(spokenUntilMs: number) => void} utteranceEnd epoch milliseconds of the end of what was loud
 * @property {(meanSquare: number, speaking: boolean) => void} level about 20 times a second
 * @property {() => void} started the first audio is on its way
 * @property {(muted: boolean) => void} muted the system or the device holds the sound back
 * @property {(problem: CaptureProblem | null) => void} stopped null when it was asked to
 */

export class CaptureProblem extends Error {
  /**
   * @param {ProblemCode} code
   * @param {unknown} [cause]
   */
  constructor(code, cause) {
    super(cause instanceof Error ? `${cause.name}: ${cause.message}` : code, { cause });
    this.code = code;
  }
}

export class Capture {
  /** @type {CaptureHandlers} */ #handlers;
  /** @type {AudioContext | null} */ #context = null;
  /** @type {MediaStream | null} */ #stream = null;
  /** @type {AudioScheduledSourceNode | null} */ #player = null;
  /** @type {AudioWorkletNode | null} */ #node = null;
  /** @type {(() => void) | null} */ #flushed = null;
  /** @type {Promise<void> | null} */ #ending = null;
  #speaking = false; // an utterance has begun and not ended
  #released = false;

  /** @param {CaptureHandlers} handlers */
  constructor(handlers) {
    this.#handlers = handlers;
  }

  /** Record the microphone. Call it inside a click: browsers start sound only then. */
  async startMicrophone() {
    await this.#run(async () => {
      if (!window.isSecureContext || !navigator.mediaDevices?.getUserMedia) throw new CaptureProblem('insecure');
      this.#openContext(SAMPLE_RATE_HZ);
      this.#stream = await navigator.mediaDevices.getUserMedia({
        audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
      });
      this.#throwIfReleased();
      const source = this.#microphoneSource(this.#stream);
      this.#watchTrack(this.#stream.getAudioTracks()[0]);
      await this.#connect(source);
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
    });
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

  /** @param {() => Promise<void>} start */
  async #run(start) {
    try {
      await start();
      if (!this.#released) this.#handlers.started();
    } catch (cause) {
      this.#release(cause instanceof CaptureProblem ? cause : new CaptureProblem(problemOf(cause), cause));
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
    void this.#context.resume();
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
      processorOptions: { ...DEFAULT_GATE, chunkMs: CHUNK_MS },
    });
    this.#node = node;
    node.port.onmessage = (event) => this.#posted(event.data);
    // The property, not addEventListener: Chromium 156 gives the event to the property alone.
    node.onprocessorerror = () => this.#release(new CaptureProblem('processing'));
    source.connect(node);
    node.connect(context.destination); // its output is silence; unconnected nodes need not be run
    await context.resume();
    this.#throwIfReleased();
    context.onstatechange = () => {
      // A phone call or a sleeping machine suspends the context.
      const held = context.state !== 'running';
      this.#handlers.muted(held);
      if (held) void context.resume();
    };
  }

  /** @param {import('./capture-worklet.js').WorkletMessage} message */
  #posted(message) {
    if (this.#released) return;
    switch (message.type) {
      case 'chunk':
        this.#speaking = true;
        this.#handlers.chunk(message.pcm, this.#epochMs(message.time_sec));
        break;
      case 'end':
        this.#speaking = false;
        this.#handlers.utteranceEnd(this.#epochMs(message.time_sec));
        break;
      case 'level':
        this.#handlers.level(message.mean_square, message.open);
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
    track.onmute = () => this.#handlers.muted(true);
    track.onunmute = () => this.#handlers.muted(false);
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
    if (this.#context !== null) {
      this.#context.onstatechange = null;
      if (this.#context.state !== 'closed') void this.#context.close();
    }
    if (this.#speaking) this.#handlers.utteranceEnd(Date.now()); // the worklet could not say so
    this.#handlers.stopped(problem);
  }
}

/** @param {unknown} problem */
function isNotSupported(problem) {
  return problem instanceof DOMException && problem.name === 'NotSupportedError';
}

/**
 * The code for what getUserMedia and the audio graph throw (https://www.w3.org/TR/mediacapture-streams/#methods-5).
 * @param {unknown} problem
 * @returns {ProblemCode}
 */
function problemOf(problem) {
  if (problem instanceof DOMException) {
    switch (problem.name) {
      case 'NotAllowedError':
        return 'refused';
      case 'SecurityError':
        return 'insecure';
      case 'NotFoundError':
      case 'OverconstrainedError':
        return 'no_microphone';
      case 'NotReadableError':
      case 'AbortError':
        return 'in_use';
      case 'EncodingError':
        return 'clip';
    }
  }
  return 'other';
}
