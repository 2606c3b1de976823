// Lets speech through and holds silence back, so that silence costs no bandwidth.
//
// It opens on the first 20 ms frame that is loud enough and first lets out the pre-roll, the frames just before
// (a word's quiet beginning); it closes after the hangover, that long without a loud frame. What it lets out
// between opening and closing is the input, unbroken. Where utterances end with sentences, closing is a pause at
// first, and the end comes when it has been quiet for longer. In a loud room the threshold follows the noise
// (noise-floor.js). It allocates nothing after construction.

import { SAMPLE_RATE_HZ } from '../../base/audio-format.js';
import { NoiseFloor } from './noise-floor.js';

export const FRAME_SAMPLES = SAMPLE_RATE_HZ / 50;
const FRAME_MS = 20;

/**
 * @typedef {object} GateSettings
 * @property {number} threshold mean square (full scale is 1) from which a frame counts as speech
 * @property {number} preRollMs
 * @property {number} hangoverMs
 * @property {number | null} [endMs] quiet, in all, that ends an utterance after a pause; without it closing is the end
 * @property {boolean} [followsNoise] whether the noise of a loud room raises the threshold
 * @property {boolean} [shut] nothing is let out, and what was being said has ended: it is not the speaker who is heard
 */

/** @type {Readonly<GateSettings>} */
export const DEFAULT_GATE = Object.freeze({ threshold: 0.0005, preRollMs: 300, hangoverMs: 500, followsNoise: true });

/**
 * Where the gate's output goes. `write` must copy: the buffer is used again. `index` is the number of the first
 * sample, counted over all that went into the gate.
 * @typedef {object} GateSink
 * @property {(samples: Float32Array, begin: number, end: number, index: number) => void} write
 * @property {(spokenUntil: number) => void} pause the gate has closed and the utterance may go on; the number of the
 *   first sample after its last loud frame
 * @property {(spokenUntil: number) => void} end the utterance is over; the same number
 */

export class VoiceGate {
  /** @type {number} */ #threshold; // the chosen one
  /** @type {boolean} */ #followsNoise;
  /** @type {number} */ #preRollFrames;
  /** @type {number} */ #hangoverFrames;
  /** @type {number} */ #endFrames; // 0: closing is the end
  /** @type {GateSink} */ #sink;
  /** @type {Float32Array} */ #ring; // the pre-roll's frames and the one that is being filled
  #slot = 0; // frame of the ring that is being filled
  #filled = 0; // samples in it
  #held = 0; // complete frames before it that were not let out
  #quiet = 0; // frames since the last loud one
  #count = 0;
  #spokenUntil = 0; // end of the last loud frame, as a count
  #open = false;
  #paused = false; // closed, and the utterance has not ended
  #shut = false;
  #loudest = 0;
  #floor = new NoiseFloor();

  /**
   * @param {GateSettings} settings
   * @param {GateSink} sink
   */
  constructor(settings, sink) {
    this.#preRollFrames = Math.round(settings.preRollMs / FRAME_MS);
    this.#threshold = settings.threshold;
    this.#followsNoise = settings.followsNoise ?? false;
    this.#hangoverFrames = framesOf(settings.hangoverMs);
    this.#endFrames = endFramesOf(settings);
    this.#shut = settings.shut ?? false;
    this.#sink = sink;
    this.#ring = new Float32Array((this.#preRollFrames + 1) * FRAME_SAMPLES);
  }

  /** Change all but the pre-roll, from the next frame on. @param {GateSettings} settings */
  adjust(settings) {
    this.#threshold = settings.threshold;
    this.#followsNoise = settings.followsNoise ?? false;
    this.#hangoverFrames = framesOf(settings.hangoverMs);
    this.#endFrames = endFramesOf(settings);
    const shut = settings.shut ?? false;
    if (shut && !this.#shut) this.flush();
    this.#shut = shut;
  }

  /** Whether speech is being let out. */
  get open() {
    return this.#open;
  }

  /** The threshold in force, from which a frame opens it: the chosen one, or a higher one because of noise. */
  get threshold() {
    return this.#followsNoise ? Math.max(this.#threshold, this.#floor.opens) : this.#threshold;
  }

  /** From which a frame keeps it open: in noise less than opens it. */
  get #stays() {
    return this.#followsNoise ? Math.max(this.#threshold, this.#floor.stays) : this.#threshold;
  }

  /** Samples that went in. */
  get count() {
    return this.#count;
  }

  /** The mean square of the loudest frame since the last call. */
  takeLevel() {
    const level = this.#loudest;
    this.#loudest = 0;
    return level;
  }

  /**
   * @param {Float32Array} samples
   * @param {number} [count] how many of them, from the first
   */
  push(samples, count = samples.length) {
    for (let done = 0; done < count; ) {
      const base = this.#slot * FRAME_SAMPLES + this.#filled;
      const take = Math.min(FRAME_SAMPLES - this.#filled, count - done);
      for (let i = 0; i < take; i++) this.#ring[base + i] = samples[done + i];
      done += take;
      this.#filled += take;
      this.#count += take;
      if (this.#filled === FRAME_SAMPLES) this.#frame();
    }
  }

  /** The input is over: let out the frame that is not full yet, and end the utterance. */
  flush() {
    if (this.#open) {
      const begin = this.#slot * FRAME_SAMPLES;
      this.#sink.write(this.#ring, begin, begin + this.#filled, this.#count - this.#filled);
      this.#close();
    }
    if (this.#paused) this.#end();
    this.#filled = 0;
    this.#held = 0;
  }

  #frame() {
    const begin = this.#slot * FRAME_SAMPLES;
    let energy = 0;
    for (let i = begin; i < begin + FRAME_SAMPLES; i++) energy += this.#ring[i] * this.#ring[i];
    energy /= FRAME_SAMPLES;
    if (energy > this.#loudest) this.#loudest = energy;
    this.#filled = 0;
    if (this.#shut) return;
    const loud = energy >= (this.#open ? this.#stays : this.threshold);
    this.#floor.hear(energy);
    if (this.#open) {
      this.#sink.write(this.#ring, begin, begin + FRAME_SAMPLES, this.#count - FRAME_SAMPLES);
      this.#quiet = loud ? 0 : this.#quiet + 1;
      if (loud) this.#spokenUntil = this.#count;
      if (this.#quiet >= this.#hangoverFrames) this.#close();
    } else {
      this.#quiet++;
      this.#held++;
      if (loud) this.#letOut();
      else this.#keep();
    }
    if (this.#paused && this.#quiet >= this.#endFrames) this.#end();
  }

  /** Open: write the frames that are held, the loud one last. */
  #letOut() {
    this.#open = true;
    this.#paused = false;
    this.#quiet = 0;
    this.#spokenUntil = this.#count;
    const frames = this.#preRollFrames + 1;
    for (let back = this.#held - 1; back >= 0; back--) {
      const begin = ((this.#slot - back + frames) % frames) * FRAME_SAMPLES;
      this.#sink.write(this.#ring, begin, begin + FRAME_SAMPLES, this.#count - (back + 1) * FRAME_SAMPLES);
    }
    this.#held = 0;
  }

  /** Stay closed: the frame joins the pre-roll, whose oldest makes room. */
  #keep() {
    this.#held = Math.min(this.#held, this.#preRollFrames);
    this.#slot = (this.#slot + 1) % (this.#preRollFrames + 1);
  }

  #close() {
    this.#open = false;
    if (this.#endFrames === 0) return this.#end();
    this.#paused = true;
    this.#sink.pause(this.#spokenUntil);
  }

  #end() {
    this.#paused = false;
    this.#sink.end(this.#spokenUntil);
  }
}

/** @param {number} hangoverMs */
function framesOf(hangoverMs) {
  return Math.max(1, Math.round(hangoverMs / FRAME_MS));
}

/** @param {GateSettings} settings */
function endFramesOf({ endMs }) {
  return Math.round((endMs ?? 0) / FRAME_MS);
}
