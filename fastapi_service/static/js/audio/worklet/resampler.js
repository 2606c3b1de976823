// Any sample rate to 16 kHz, in blocks of any size. Used where the browser refuses a 16 kHz context.
//
// A windowed-sinc polyphase filter: the low-pass and the change of rate are one step, so nothing above the new
// Nyquist frequency folds back. The position between input samples is kept as an exact fraction (integers), so
// no sample is lost or won however long it runs.

const STOPBAND_DB = 70;
const PASS_EDGE = 0.875; // of the lower Nyquist frequency: 7 kHz when it is 8 kHz
const MAX_BLOCK_SAMPLES = 1024;

/** @typedef {{ push(samples: Float32Array, count: number): void }} SampleSink */

export class Resampler {
  /** @type {number} */ #phases;
  /** @type {number} */ #step;
  /** @type {number} */ #taps;
  /** @type {Float32Array} */ #coefficients;
  /** @type {Float32Array} */ #input;
  /** @type {Float32Array} */ #output;
  #available = 0; // samples in #input
  #start = 0; // where in #input the filter of the next output sample begins
  #phase = 0; // its fraction of an input sample, in 1/#phases

  /**
   * @param {number} inputHz any rate; it is rounded to whole Hz
   * @param {number} outputHz
   */
  constructor(inputHz, outputHz) {
    const from = Math.round(inputHz);
    const to = Math.round(outputHz);
    const common = greatestCommonDivisor(from, to);
    this.#phases = to / common;
    this.#step = from / common;
    const { taps, coefficients } = designFilter(from, to, this.#phases);
    this.#taps = taps;
    this.#coefficients = coefficients;
    this.#input = new Float32Array(taps + MAX_BLOCK_SAMPLES);
    this.#output = new Float32Array(Math.ceil((MAX_BLOCK_SAMPLES * to) / from) + 1);
    // Zeros before the first sample, so that output 0 is at the time of input 0.
    this.#available = taps / 2 - 1;
  }

  /**
   * Resample a block; `sink` gets what comes out, in a buffer that is used again.
   * @param {Float32Array} samples
   * @param {SampleSink} sink
   */
  push(samples, sink) {
    for (let done = 0; done < samples.length; ) {
      const count = Math.min(MAX_BLOCK_SAMPLES, samples.length - done);
      for (let i = 0; i < count; i++) this.#input[this.#available + i] = samples[done + i];
      done += count;
      this.#available += count;
      this.#emit(sink);
    }
  }

  /**
   * Emit what the filter still holds, after the last block.
   * @param {SampleSink} sink
   */
  flush(sink) {
    this.push(new Float32Array(this.#taps / 2), sink);
  }

  /** @param {SampleSink} sink */
  #emit(sink) {
    const input = this.#input;
    const output = this.#output;
    const coefficients = this.#coefficients;
    const taps = this.#taps;
    let count = 0;
    while (this.#start + taps <= this.#available) {
      const row = this.#phase * taps;
      let sum = 0;
      for (let k = 0; k < taps; k++) sum += coefficients[row + k] * input[this.#start + k];
      output[count++] = sum;
      this.#phase += this.#step;
      const whole = Math.floor(this.#phase / this.#phases);
      this.#start += whole;
      this.#phase -= whole * this.#phases;
    }
    input.copyWithin(0, this.#start, this.#available);
    this.#available -= this.#start;
    this.#start = 0;
    if (count > 0) sink.push(output, count);
  }
}

/**
 * One row of coefficients per phase: a Kaiser-windowed sinc, its length by Kaiser's formula
 * (Oppenheim and Schafer, Discrete-Time Signal Processing, 7.5.3).
 * @param {number} from Hz
 * @param {number} to Hz
 * @param {number} phases
 * @returns {{ taps: number, coefficients: Float32Array }} `taps` is even
 */
function designFilter(from, to, phases) {
  const stopHz = Math.min(from, to) / 2;
  const passHz = stopHz * PASS_EDGE;
  const beta = 0.1102 * (STOPBAND_DB - 8.7);
  const transition = (2 * Math.PI * (stopHz - passHz)) / from;
  const taps = 2 * Math.ceil(((STOPBAND_DB - 7.95) / (2.285 * transition) + 1) / 2);
  const half = taps / 2;
  const cutoff = (passHz + stopHz) / from; // of the input's Nyquist frequency
  const coefficients = new Float32Array(phases * taps);
  for (let phase = 0; phase < phases; phase++) {
    const row = new Float64Array(taps);
    let sum = 0;
    for (let k = 0; k < taps; k++) {
      const distance = k - (half - 1) - phase / phases; // input samples from the output's moment
      row[k] = sinc(cutoff * distance) * kaiser(distance / half, beta);
      sum += row[k];
    }
    for (let k = 0; k < taps; k++) coefficients[phase * taps + k] = row[k] / sum;
  }
  return { taps, coefficients };
}

/** @param {number} x */
function sinc(x) {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/**
 * The Kaiser window over -1 to 1.
 * @param {number} x
 * @param {number} beta
 */
function kaiser(x, beta) {
  return Math.abs(x) > 1 ? 0 : besselI0(beta * Math.sqrt(1 - x * x)) / besselI0(beta);
}

/**
 * Modified Bessel function of the first kind, order 0, by its series.
 * @param {number} x
 */
function besselI0(x) {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-12; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

/**
 * @param {number} a
 * @param {number} b
 * @returns {number}
 */
function greatestCommonDivisor(a, b) {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
