// A browser's sound as far as a recording needs it: microphones, contexts whose clocks go or stand still, a worklet that
// says what the test says, and a page that can be hidden. `pass` moves its time.

import { mock } from 'node:test';
import { Capture } from '../../../fastapi_service/static/js/audio/capture.js';

const ROOM = 1e-7; // mean square of a quiet room

export class FakeTrack {
  kind = 'audio';
  readyState = 'live';
  muted = false;
  /** @type {{ sampleRate?: number }} */ settings = { sampleRate: 48_000 };
  /** @type {(() => void) | null} */ onended = null;
  /** @type {(() => void) | null} */ onmute = null;
  /** @type {(() => void) | null} */ onunmute = null;

  getSettings() {
    return this.settings;
  }

  stop() {
    this.readyState = 'ended';
  }

  /** As when its device is unplugged, or its sharing ends. */
  end() {
    this.readyState = 'ended';
    this.onended?.();
  }

  /** @param {boolean} muted */
  mute(muted) {
    this.muted = muted;
    if (muted) this.onmute?.();
    else this.onunmute?.();
  }
}

export class FakeStream {
  /** @param {FakeTrack[]} tracks */
  constructor(tracks) {
    this.tracks = tracks;
  }

  getTracks = () => this.tracks;
  getAudioTracks = () => this.tracks.filter(({ kind }) => kind === 'audio');
  getVideoTracks = () => this.tracks.filter(({ kind }) => kind === 'video');
}

class FakeContext {
  state = 'running';
  standing = false; // its clock
  currentTime = 0;
  resumes = 0;
  destination = {};
  audioWorklet = { addModule: async () => {} };
  /** @type {(() => void) | null} */ onstatechange = null;
  /** @type {unknown} */ heard = null; // the stream

  constructor({ sampleRate = 48_000 } = {}) {
    this.sampleRate = sampleRate;
    sound.contexts.push(this);
  }

  get goes() {
    return this.state === 'running' && !this.standing;
  }

  /** @param {string} state */
  becomes(state) {
    this.state = state;
    this.onstatechange?.();
  }

  /** @param {unknown} stream */
  createMediaStreamSource(stream) {
    this.heard = stream;
    return { connect() {} };
  }

  async resume() {
    this.resumes++;
  }

  async close() {
    this.becomes('closed');
  }
}

class FakeNode {
  /** @type {unknown[]} */ held = []; // what it posts before it answers a flush
  answers = true;
  /** @type {unknown[]} */ asked = [];
  /** @type {(() => void) | null} */ onprocessorerror = null;
  port = {
    /** @type {((event: { data: unknown }) => void) | null} */ onmessage: null,
    postMessage: (/** @type {unknown} */ message) => this.#take(message),
  };

  /** @param {FakeContext} context */
  constructor(context) {
    this.context = context;
    sound.nodes.push(this);
  }

  connect() {}
  disconnect() {}

  /** @param {unknown} message */
  says(message) {
    this.port.onmessage?.({ data: message });
  }

  /** Speech of 80 ms that began at this second of the context. */
  speaks(time_sec = this.context.currentTime - 0.08) {
    this.says(chunk(time_sec));
  }

  /** @param {unknown} message */
  #take(message) {
    this.asked.push(message);
    if ((message !== 'break' && message !== 'stop') || !this.answers) return;
    for (const each of this.held.splice(0)) this.says(each);
    this.says({ type: 'flushed' });
  }
}

class FakeDocument extends EventTarget {
  hidden = false;

  /** @param {boolean} hidden */
  hide(hidden) {
    this.hidden = hidden;
    this.dispatchEvent(new Event('visibilitychange'));
  }
}

class FakeDevices extends EventTarget {
  /** @type {any[]} */ listed = [];
  getUserMedia = (/** @type {any} */ constraints) => this.#give('asked', constraints);
  getDisplayMedia = (/** @type {any} */ options) => this.#give('shared', options);
  enumerateDevices = async () => this.listed;
  getSupportedConstraints = () => ({ suppressLocalAudioPlayback: true });

  /**
   * @param {'asked' | 'shared'} list
   * @param {any} options
   */
  async #give(list, options) {
    sound[list].push(options);
    const given = await sound.give(options);
    if (given instanceof Error) throw given;
    sound.tracks.push(...given.getAudioTracks());
    return given;
  }
}

export const sound = {
  /** @type {FakeContext[]} */ contexts: [],
  /** @type {FakeNode[]} */ nodes: [],
  /** @type {FakeTrack[]} */ tracks: [],
  /** @type {any[]} */ asked: [], // of microphones
  /** @type {any[]} */ shared: [], // of tabs
  /** What asking gives. @type {(options: any) => FakeStream | Error | Promise<FakeStream>} */
  give: () => new FakeStream([new FakeTrack()]),
  get node() {
    return /** @type {FakeNode} */ (sound.nodes.at(-1));
  },
  get track() {
    return /** @type {FakeTrack} */ (sound.tracks.at(-1));
  },
};
export const page = new FakeDocument();
export const devices = new FakeDevices();
export const view = Object.assign(new EventTarget(), { isSecureContext: true });

/** What the recording has told, in order: its name, and what is worth comparing. @type {[string, ...unknown[]][]} */
export let told = [];

/** An error of getUserMedia. @param {string} name */
export const refusal = (name) => new DOMException(name, name);

/** @param {number} time_sec */
export function chunk(time_sec) {
  return { type: 'chunk', pcm: new Int16Array(1280), time_sec };
}

/** @type {Capture | null} */
let running = null;

/**
 * Begin anew, with a recording of `choice` that has started.
 * @param {import('../../../fastapi_service/static/js/audio/sources/sound-source.js').SoundChoice} choice
 */
export async function record(choice) {
  for (const node of sound.nodes) node.answers = true;
  await running?.stop();
  mock.timers.reset();
  mock.timers.enable({ apis: ['setInterval', 'setTimeout', 'Date'], now: 1_000_000 });
  Object.assign(globalThis, { document: page, window: view, AudioContext: FakeContext, AudioWorkletNode: FakeNode, MediaStream: FakeStream });
  Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { mediaDevices: devices } });
  page.hidden = false;
  for (const list of [sound.contexts, sound.nodes, sound.tracks, sound.asked, sound.shared, devices.listed]) list.length = 0;
  told = [];
  const capture = new Capture(choice, { threshold: 0.0005, preRollMs: 300, hangoverMs: 500 }, {
    chunk: (_, capturedMs) => void told.push(['chunk', capturedMs]),
    pause: (ms) => void told.push(['pause', ms]),
    utteranceEnd: (ms) => void told.push(['end', ms]),
    level: () => {},
    started: (fellBack) => void told.push(['started', fellBack]),
    held: (held, stuck) => void told.push(['held', held, stuck]),
    stopped: (problem) => void told.push(['stopped', problem?.code ?? null]),
  });
  running = capture;
  await capture.start();
  return capture;
}

/** Let seconds pass, in which the newest context, if it goes, hears `level`. */
export async function pass(/** @type {number} */ seconds, level = ROOM) {
  for (let quarter = 0; quarter < seconds * 4; quarter++) {
    const { node } = sound;
    if (node.context.goes) {
      node.context.currentTime += 0.25;
      node.says({ type: 'level', mean_square: level, open: false, threshold: 0.0005 });
    }
    mock.timers.tick(250);
    await new Promise(setImmediate);
  }
}

/** What was told under this name. @param {string} name */
export const toldOf = (name) => told.filter(([each]) => each === name).map(([, ...rest]) => rest);
