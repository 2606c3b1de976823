// What can be recorded: a microphone, the sound of another tab, or a clip.

import { CaptureProblem } from './capture-problem.js';
import { listMicrophones, openMicrophone } from './microphone.js';
import { openTabSound } from './tab-sound.js';

/**
 * @typedef {{ kind: 'microphone', choice: import('./microphone.js').MicrophoneChoice } | { kind: 'tab' }
 *   | { kind: 'clip', url: URL, ended: () => void }} SoundChoice `ended`: it has been played
 *
 * @typedef {object} SoundSource
 * @property {SoundChoice['kind']} kind of these a microphone can be asked for again at any time, and a tab's
 *   sound, once shared, can be heard by another context; a clip is played once
 * @property {boolean} fellBack the chosen microphone is gone and another one is heard
 * @property {MediaStreamTrack | null} track
 * @property {() => Promise<void>} open have the sound at hand, a microphone's anew; call it inside a click, at first
 * @property {(context: AudioContext) => Promise<AudioNode>} connect its sound, in this context
 * @property {() => void} start it is heard
 * @property {() => Promise<boolean>} isBack whether the chosen microphone is there again
 * @property {() => void} close let go of it, also of what is only being opened
 */

/** @param {SoundChoice} choice @returns {SoundSource} */
export function sourceOf(choice) {
  switch (choice.kind) {
    case 'microphone':
      return new MicrophoneSource(choice.choice);
    case 'tab':
      return new TabSource();
    case 'clip':
      return new ClipSource(choice.url, choice.ended);
  }
}

/** A stream that the visitor has allowed. */
class StreamSource {
  /** @type {MediaStream | null} */ stream = null;
  #opening = 0; // how often it was opened or closed

  get track() {
    return this.stream?.getAudioTracks()[0] ?? null;
  }

  /** @param {() => Promise<MediaStream>} ask */
  async take(ask) {
    this.close();
    const opening = this.#opening;
    const stream = await ask();
    if (opening !== this.#opening) {
      stopTracks(stream);
      throw new CaptureProblem('other');
    }
    this.stream = stream;
  }

  /** @param {AudioContext} context */
  async connect(context) {
    if (this.stream === null) throw new CaptureProblem('other');
    return context.createMediaStreamSource(this.stream);
  }

  start() {}

  close() {
    this.#opening++;
    if (this.stream !== null) stopTracks(this.stream);
    this.stream = null;
  }
}

/** @implements {SoundSource} */
class MicrophoneSource extends StreamSource {
  kind = /** @type {const} */ ('microphone');
  fellBack = false;
  /** @type {import('./microphone.js').MicrophoneChoice} */ #choice;

  /** @param {import('./microphone.js').MicrophoneChoice} choice */
  constructor(choice) {
    super();
    this.#choice = choice;
  }

  async open() {
    await this.take(async () => {
      const { stream, fellBack } = await openMicrophone(this.#choice);
      this.fellBack = fellBack;
      return stream;
    });
    if (this.track === null) throw new CaptureProblem('no_microphone');
  }

  async isBack() {
    if (!this.fellBack) return false;
    return (await listMicrophones()).some(({ deviceId }) => deviceId === this.#choice.deviceId);
  }
}

/** @implements {SoundSource} */
class TabSource extends StreamSource {
  kind = /** @type {const} */ ('tab');
  fellBack = false;

  /** Ask which tab; what is shared already is not asked for again. */
  async open() {
    if (this.stream === null) await this.take(openTabSound);
    else if (this.track?.readyState !== 'live') throw new CaptureProblem('sharing_ended');
  }

  async isBack() {
    return false;
  }
}

/** A clip, played audibly and recorded as if it was spoken. @implements {SoundSource} */
class ClipSource {
  kind = /** @type {const} */ ('clip');
  fellBack = false;
  track = null;
  /** @type {URL} */ #url;
  /** @type {() => void} */ #ended;
  /** @type {ArrayBuffer | null} */ #encoded = null;
  /** @type {AudioBufferSourceNode | null} */ #player = null;

  /**
   * @param {URL} url
   * @param {() => void} ended it has been played
   */
  constructor(url, ended) {
    this.#url = url;
    this.#ended = ended;
  }

  async open() {
    const response = await fetch(this.#url).catch((cause) => Promise.reject(new CaptureProblem('clip', cause)));
    if (!response.ok) throw new CaptureProblem('clip', new Error(`${response.status} ${this.#url.pathname}`));
    this.#encoded = await response.arrayBuffer();
  }

  /** @param {AudioContext} context */
  async connect(context) {
    const player = context.createBufferSource();
    player.buffer = await context.decodeAudioData(this.#encoded ?? new ArrayBuffer(0));
    player.connect(context.destination);
    player.onended = this.#ended;
    this.#player = player;
    return player;
  }

  start() {
    this.#player?.start();
  }

  async isBack() {
    return false;
  }

  close() {
    if (this.#player === null) return;
    this.#player.onended = null;
    this.#player.disconnect();
    this.#player = null;
  }
}

/** @param {MediaStream} stream */
function stopTracks(stream) {
  for (const track of stream.getTracks()) track.stop();
}
