import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Resampler } from '../../../../fastapi_service/static/js/audio/worklet/resampler.js';

const OUT_HZ = 16_000;

/** All that comes out, for a signal that goes in block by block. */
class Collector {
  /** @type {number[]} */ samples = [];

  /** @param {Float32Array} samples @param {number} count */
  push(samples, count) {
    for (let i = 0; i < count; i++) this.samples.push(samples[i]);
  }
}

/**
 * @param {Float32Array} input
 * @param {number} hz
 * @param {number} [block]
 */
function resample(input, hz, block = 128) {
  const out = new Collector();
  const resampler = new Resampler(hz, OUT_HZ);
  for (let i = 0; i < input.length; i += block) resampler.push(input.subarray(i, i + block), out);
  resampler.flush(out);
  return out.samples;
}

/** @param {number} frequency @param {number} hz @param {number} seconds */
const tone = (frequency, hz, seconds) =>
  Float32Array.from({ length: Math.round(hz * seconds) }, (_, n) => Math.sin((2 * Math.PI * frequency * n) / hz));

/** Power of what is in the middle of `samples`, in dB relative to a full-scale sine. @param {number[]} samples */
function levelDb(samples) {
  const middle = samples.slice(800, -800);
  const power = middle.reduce((sum, x) => sum + x * x, 0) / middle.length;
  return 10 * Math.log10(power / 0.5 + 1e-20);
}

for (const hz of [44_100, 48_000, 96_000]) {
  test(`${hz} Hz: the band below 7 kHz keeps its level within 1 dB`, () => {
    for (let frequency = 100; frequency <= 7000; frequency += 230) {
      const level = levelDb(resample(tone(frequency, hz, 0.25), hz));
      assert.ok(Math.abs(level) < 1, `${frequency} Hz comes out at ${level.toFixed(2)} dB`);
    }
    const edge = levelDb(resample(tone(7000, hz, 0.25), hz));
    assert.ok(Math.abs(edge) < 1, `7000 Hz comes out at ${edge.toFixed(2)} dB`);
  });

  test(`${hz} Hz: what would alias is below -50 dB`, () => {
    for (let frequency = 8000; frequency < hz / 2; frequency += 517) {
      const level = levelDb(resample(tone(frequency, hz, 0.25), hz));
      assert.ok(level < -50, `${frequency} Hz leaves ${level.toFixed(1)} dB`);
    }
  });
}

/**
 * What is in `samples` beside a tone, in dB relative to a full-scale sine: the tone that fits best is taken out.
 * @param {number[]} samples at OUT_HZ
 * @param {number} frequency
 */
function restDb(samples, frequency) {
  const middle = samples.slice(800, -800);
  const turn = (2 * Math.PI * frequency) / OUT_HZ;
  let [cc, cs, ss, xc, xs] = [0, 0, 0, 0, 0];
  for (let n = 0; n < middle.length; n++) {
    const [c, s] = [Math.cos(turn * n), Math.sin(turn * n)];
    cc += c * c;
    cs += c * s;
    ss += s * s;
    xc += middle[n] * c;
    xs += middle[n] * s;
  }
  const determinant = cc * ss - cs * cs;
  const [a, b] = [(xc * ss - xs * cs) / determinant, (xs * cc - xc * cs) / determinant];
  const power = middle.reduce((sum, x, n) => sum + (x - a * Math.cos(turn * n) - b * Math.sin(turn * n)) ** 2, 0);
  return 10 * Math.log10(power / middle.length / 0.5 + 1e-20);
}

for (const hz of [44_100, 48_000]) {
  test(`${hz} Hz: a sweep keeps its level up to 7 kHz, and above 8 kHz nothing folds back`, () => {
    const seconds = 10;
    const rate = hz / 2 / seconds; // Hz a second: from 0 to the input's Nyquist frequency
    const sweep = Float32Array.from({ length: hz * seconds }, (_, n) => Math.sin(Math.PI * rate * (n / hz) ** 2));
    const out = resample(sweep, hz);
    const window = OUT_HZ / 100;
    let [kept, gone] = [0, 0];
    for (let begin = window; begin + window <= out.length; begin += window) {
      const from = (rate * begin) / OUT_HZ;
      const to = (rate * (begin + window)) / OUT_HZ;
      const power = out.slice(begin, begin + window).reduce((sum, x) => sum + x * x, 0) / window;
      const level = 10 * Math.log10(power / 0.5 + 1e-20);
      if (from > 200 && to <= 7000) {
        kept++;
        assert.ok(Math.abs(level) < 1, `${level.toFixed(2)} dB at ${from.toFixed()} Hz`);
      } else if (from >= 8000) {
        gone++;
        assert.ok(level < -50, `${level.toFixed(1)} dB at ${from.toFixed()} Hz`);
      }
    }
    assert.ok(kept > 250 && gone > 600, `${kept} and ${gone} windows`);
  });

  test(`${hz} Hz: a tone brings nothing else with it`, () => {
    for (let frequency = 137; frequency < 8000; frequency += 211) {
      const rest = restDb(resample(tone(frequency, hz, 0.25), hz), frequency);
      assert.ok(rest < -50, `${frequency} Hz brings ${rest.toFixed(1)} dB`);
    }
  });
}

for (const hz of [8000, 11_025, 22_050, 44_100, 44_056, 48_000]) {
  test(`${hz} Hz: the output is the input at the same moments`, () => {
    const frequency = 1000;
    const out = resample(tone(frequency, hz, 0.5), hz);
    assert.equal(out.length, Math.ceil((Math.round(hz * 0.5) * OUT_HZ) / hz));
    let worst = 0;
    for (let n = 1000; n < out.length - 1000; n++) {
      worst = Math.max(worst, Math.abs(out[n] - Math.sin((2 * Math.PI * frequency * n) / OUT_HZ)));
    }
    assert.ok(worst < 0.005, `off by ${worst}`);
  });
}

test('the size of the blocks makes no difference', () => {
  const input = tone(440, 44_100, 0.3);
  const whole = resample(input, 44_100, input.length);
  for (const block of [1, 127, 128, 129, 4096]) {
    const parts = resample(input, 44_100, block);
    assert.equal(parts.length, whole.length);
    assert.equal(parts.findIndex((sample, n) => sample !== whole[n]), -1, `in blocks of ${block}`);
  }
});

for (const hz of [44_100, 48_000]) {
  test(`${hz} Hz: no sample of drift over ten minutes`, () => {
    const blocks = Math.floor((600 * hz) / 128);
    const clickAt = (blocks - 40) * 128 + 5; // near the end
    const block = new Float32Array(128);
    const resampler = new Resampler(hz, OUT_HZ);
    let count = 0;
    let loudest = 0;
    let loudestAt = -1;
    const sink = {
      /** @param {Float32Array} samples @param {number} n */
      push(samples, n) {
        for (let i = 0; i < n; i++, count++) {
          if (samples[i] <= loudest) continue;
          loudest = samples[i];
          loudestAt = count;
        }
      },
    };
    for (let b = 0; b < blocks; b++) {
      block.fill(0);
      if (Math.floor(clickAt / 128) === b) block[clickAt % 128] = 1;
      resampler.push(block, sink);
    }
    resampler.flush(sink);
    assert.equal(count, Math.ceil((blocks * 128 * OUT_HZ) / hz));
    assert.ok(Math.abs(loudestAt - (clickAt * OUT_HZ) / hz) <= 0.51, `the click is at ${loudestAt}`);
  });
}
