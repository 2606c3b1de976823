// The audio thread: gates, resamples, converts and posts, nothing else.

import { SAMPLE_RATE_HZ } from '../../base/audio-format.js';
import { PcmChunker } from './pcm-chunker.js';
import { Resampler } from './resampler.js';
import { VoiceGate } from './voice-gate.js';

const LEVEL_EVERY_SEC = 0.05;
const SILENCE = new Float32Array(128); // one render quantum

/**
 * @typedef {import('./voice-gate.js').GateSettings & { chunkMs: number }} WorkletSettings
 *
 * It takes 'break' and 'stop', which end the utterance here and are answered by 'flushed', or new settings of the gate.
 * What it posts: `time_sec` is when the chunk's first sample, or the end
 * of the last loud moment before a pause or an end, was captured, on the context's clock; `mean_square` is of the
 * loudest 20 ms since the last level, `threshold` the one in force.
 * @typedef {{ type: 'chunk', pcm: Int16Array<ArrayBuffer>, time_sec: number }
 *   | { type: 'pause' | 'end', time_sec: number }
 *   | { type: 'level', mean_square: number, open: boolean, threshold: number }
 *   | { type: 'flushed' }} WorkletMessage
 */

class CaptureProcessor extends AudioWorkletProcessor {
  /** @type {VoiceGate} */ #gate;
  /** @type {Resampler | null} */ #resampler;
  #stopped = false;
  #inputEndSec = currentTime;
  #levelDueSec = currentTime;
  #level = { type: /** @type {const} */ ('level'), mean_square: 0, open: false, threshold: 0 }; // used again for each post

  /** @param {AudioWorkletNodeOptions} options */
  constructor(options) {
    super();
    const settings = /** @type {WorkletSettings} */ (options.processorOptions);
    const chunker = new PcmChunker(Math.round((settings.chunkMs * SAMPLE_RATE_HZ) / 1000), {
      chunk: (pcm, index) => {
        this.port.postMessage({ type: 'chunk', pcm, time_sec: this.#timeOf(index) }, [pcm.buffer]);
      },
      pause: (spokenUntil) => this.port.postMessage({ type: 'pause', time_sec: this.#timeOf(spokenUntil) }),
      end: (spokenUntil) => this.port.postMessage({ type: 'end', time_sec: this.#timeOf(spokenUntil) }),
    });
    this.#gate = new VoiceGate(settings, chunker);
    this.#resampler = sampleRate === SAMPLE_RATE_HZ ? null : new Resampler(sampleRate, SAMPLE_RATE_HZ);
    this.port.onmessage = ({ data }) => {
      if (data === 'break' || data === 'stop') this.#flush(data === 'stop');
      else this.#gate.adjust(data);
    };
  }

  /**
   * @param {Float32Array[][]} inputs
   * @returns {boolean} whether to be called again
   */
  process(inputs) {
    if (this.#stopped) return false;
    // No channel means that nothing is connected or playing: silence, which ends an open utterance in time.
    const samples = inputs[0]?.[0] ?? SILENCE;
    this.#inputEndSec = currentTime + samples.length / sampleRate;
    if (this.#resampler === null) this.#gate.push(samples);
    else this.#resampler.push(samples, this.#gate);
    if (currentTime >= this.#levelDueSec) {
      this.#levelDueSec += LEVEL_EVERY_SEC;
      this.#level.mean_square = this.#gate.takeLevel();
      this.#level.open = this.#gate.open;
      this.#level.threshold = this.#gate.threshold;
      this.port.postMessage(this.#level);
    }
    return true;
  }

  /** When a sample that went into the gate was captured, on the context's clock. @param {number} index */
  #timeOf(index) {
    return this.#inputEndSec - (this.#gate.count - index) / SAMPLE_RATE_HZ;
  }

  /** @param {boolean} last nothing comes after it */
  #flush(last) {
    if (last && !this.#stopped) this.#resampler?.flush(this.#gate);
    this.#stopped ||= last;
    this.#gate.flush();
    this.port.postMessage({ type: 'flushed' });
  }
}

registerProcessor('capture', CaptureProcessor);
