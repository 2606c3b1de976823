import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PcmChunker } from '../../../../fastapi_service/static/js/audio/worklet/pcm-chunker.js';
import { DEFAULT_GATE, FRAME_SAMPLES, VoiceGate } from '../../../../fastapi_service/static/js/audio/worklet/voice-gate.js';

const PRE_ROLL = (DEFAULT_GATE.preRollMs / 20) * FRAME_SAMPLES;
const HANGOVER = (DEFAULT_GATE.hangoverMs / 20) * FRAME_SAMPLES;
const silently = { write: () => {}, pause: () => assert.fail('no pause was asked for') };

/** Lists of sample numbers, one per utterance, that a gate let out. */
class Numbers {
  /** @type {number[][]} */ utterances = [];
  /** @type {number[]} */ #current = [];
  /** @type {number[]} */ indexes = [];

  /** @param {Float32Array} samples @param {number} begin @param {number} end @param {number} index */
  write(samples, begin, end, index) {
    this.indexes.push(index);
    for (let i = begin; i < end; i++) this.#current.push(numberOf(samples[i]));
  }

  pause() {
    assert.fail('no pause was asked for');
  }

  end() {
    this.utterances.push(this.#current);
    this.#current = [];
  }
}

// A sample carries its own number: quiet ones below the threshold (amplitude under 0.01), loud ones above.
const LOUD = 0.25;
/** @param {number} n @param {boolean} loud */
const sample = (n, loud) => (loud ? LOUD : 0) + n / 2 ** 24;
/** @param {number} value */
const numberOf = (value) => Math.round((value >= LOUD ? value - LOUD : value) * 2 ** 24);

/** @param {number} length @param {(n: number) => boolean} isLoud */
const signal = (length, isLoud) => Float32Array.from({ length }, (_, n) => sample(n, isLoud(n)));

/** @param {Float32Array} samples @param {number} block @param {boolean} [flush] */
function gated(samples, block, flush = true) {
  const numbers = new Numbers();
  const gate = new VoiceGate(DEFAULT_GATE, numbers);
  for (let i = 0; i < samples.length; i += block) gate.push(samples.subarray(i, i + block));
  if (flush) gate.flush();
  return numbers;
}

/** @param {number} from @param {number} to */
const range = (from, to) => Array.from({ length: to - from }, (_, i) => from + i);

for (const block of [1, 43, 128, 320, 1000]) {
  test(`pre-roll, speech and hangover come out unbroken, in blocks of ${block}`, () => {
    const begin = 40 * FRAME_SAMPLES;
    const end = 70 * FRAME_SAMPLES;
    const { utterances, indexes } = gated(signal(48_000, (n) => n >= begin && n < end), block);
    assert.equal(utterances.length, 1);
    assert.deepEqual(utterances[0], range(begin - PRE_ROLL, end + HANGOVER));
    assert.equal(indexes[0], begin - PRE_ROLL);
  });
}

test('silence sends nothing', () => {
  assert.deepEqual(gated(signal(160_000, () => false), 128).utterances, []);
});

test('speech at the very beginning has what pre-roll there is', () => {
  const { utterances } = gated(signal(32_000, (n) => n >= 700 && n < 3200), 128);
  assert.equal(utterances[0][0], 0);
  assert.deepEqual(utterances[0], range(0, 3200 + HANGOVER));
});

test('a pause shorter than the hangover does not end the utterance', () => {
  const gap = HANGOVER - 2 * FRAME_SAMPLES;
  const isLoud = (/** @type {number} */ n) => (n >= 8000 && n < 9600) || (n >= 9600 + gap && n < 12_800 + gap);
  const { utterances } = gated(signal(64_000, isLoud), 128);
  assert.equal(utterances.length, 1);
  assert.deepEqual(utterances[0], range(8000 - PRE_ROLL, 12_800 + gap + HANGOVER));
});

test('two utterances close together share no sample', () => {
  const second = 9600 + HANGOVER + 2 * FRAME_SAMPLES; // less than a pre-roll after the first has closed
  const isLoud = (/** @type {number} */ n) => (n >= 8000 && n < 9600) || (n >= second && n < second + 3200);
  const { utterances } = gated(signal(64_000, isLoud), 128);
  assert.equal(utterances.length, 2);
  assert.equal(utterances[0].at(-1), 9600 + HANGOVER - 1);
  assert.equal(utterances[1][0], 9600 + HANGOVER);
  assert.deepEqual(utterances[1], range(9600 + HANGOVER, second + 3200 + HANGOVER));
});

test('flush lets out the frame that is not full and ends the utterance; the next one starts clean', () => {
  const numbers = new Numbers();
  const gate = new VoiceGate(DEFAULT_GATE, numbers);
  gate.push(signal(1000, () => true));
  assert.equal(gate.open, true);
  gate.flush();
  assert.deepEqual(numbers.utterances, [range(0, 1000)]);
  assert.equal(gate.open, false);
  gate.flush();
  assert.equal(numbers.utterances.length, 1);
});

test('the threshold is a mean square of 0.0005', () => {
  /** @param {number} meanSquare */
  const opens = (meanSquare) => {
    const gate = new VoiceGate(DEFAULT_GATE, new Numbers());
    gate.push(new Float32Array(FRAME_SAMPLES).fill(Math.sqrt(meanSquare)));
    return gate.open;
  };
  assert.equal(opens(0.00049), false);
  assert.equal(opens(0.00051), true);
});

test('the level is that of the loudest frame since the last look', () => {
  const gate = new VoiceGate(DEFAULT_GATE, new Numbers());
  gate.push(new Float32Array(FRAME_SAMPLES).fill(0.5));
  gate.push(new Float32Array(FRAME_SAMPLES).fill(0.1));
  assert.equal(gate.takeLevel(), 0.25);
  assert.equal(gate.takeLevel(), 0);
});

test('chunks are of one size, the last one is what is left, and each is its own array', () => {
  /** @type {[number[], number][]} */
  const chunks = [];
  let ends = 0;
  const chunk = (/** @type {Int16Array} */ pcm, /** @type {number} */ index) => chunks.push([[...pcm], index]);
  const chunker = new PcmChunker(100, { chunk, pause: () => {}, end: () => ends++ });
  const samples = Float32Array.from({ length: 250 }, (_, n) => n / 32768);
  chunker.write(samples, 0, 130, 1000);
  chunker.write(samples, 130, 250, 1130);
  chunker.end(0);
  assert.deepEqual(chunks, [
    [range(0, 100), 1000],
    [range(100, 200), 1100],
    [range(200, 250), 1200],
  ]);
  assert.equal(ends, 1);
});

test('an end on a full chunk adds no empty one', () => {
  let chunks = 0;
  const chunker = new PcmChunker(100, { chunk: () => chunks++, pause: () => {}, end: () => {} });
  chunker.write(new Float32Array(200), 0, 200, 0);
  chunker.end(0);
  assert.equal(chunks, 2);
});

test('beyond full scale is clamped, and what is no number is silence', () => {
  /** @type {number[]} */
  const out = [];
  const chunker = new PcmChunker(6, { chunk: (pcm) => out.push(...pcm), pause: () => {}, end: () => {} });
  chunker.write(Float32Array.of(1, -1, 7, -7, 0.5, NaN), 0, 6, 0);
  assert.deepEqual(out, [32767, -32768, 32767, -32768, 16384, 0]);
});

test('the end of an utterance tells where the last loud frame ended', () => {
  /** @type {number[]} */
  const ends = [];
  const gate = new VoiceGate({ threshold: 0.01, preRollMs: 40, hangoverMs: 60 }, { ...silently, end: (at) => ends.push(at) });
  const loud = new Float32Array(FRAME_SAMPLES).fill(0.5);
  const quiet = new Float32Array(FRAME_SAMPLES);
  for (const frame of [quiet, loud, quiet, loud, quiet, quiet, quiet, quiet, loud]) gate.push(frame);
  gate.flush();
  assert.deepEqual(ends, [4 * FRAME_SAMPLES, 9 * FRAME_SAMPLES]);
});

test('a new threshold and hangover count from the next frame on, in the middle of an utterance too', () => {
  /** @type {number[]} */
  const ends = [];
  const gate = new VoiceGate({ threshold: 0.01, preRollMs: 40, hangoverMs: 400 }, { ...silently, end: (at) => ends.push(at) });
  const loud = new Float32Array(FRAME_SAMPLES).fill(0.5);
  const faint = new Float32Array(FRAME_SAMPLES).fill(0.05);
  gate.push(faint);
  assert.equal(gate.open, false);
  gate.adjust({ threshold: 0.001, preRollMs: 40, hangoverMs: 400 });
  gate.push(faint);
  assert.equal(gate.open, true);
  gate.adjust({ threshold: 0.01, preRollMs: 40, hangoverMs: 60 });
  for (const frame of [loud, faint, faint]) gate.push(frame);
  assert.equal(gate.open, true);
  gate.push(faint);
  assert.deepEqual(ends, [3 * FRAME_SAMPLES]);
});

test('shut, it lets nothing out and ends what was being said; open again, it begins with what comes then', () => {
  const numbers = new Numbers();
  const gate = new VoiceGate(DEFAULT_GATE, numbers);
  const loud = signal(120 * FRAME_SAMPLES, () => true);
  gate.push(loud.subarray(0, 10 * FRAME_SAMPLES + 7));
  gate.adjust({ ...DEFAULT_GATE, shut: true });
  assert.deepEqual(numbers.utterances, [range(0, 10 * FRAME_SAMPLES + 7)], 'all that was said before it');
  gate.takeLevel();
  gate.push(loud.subarray(10 * FRAME_SAMPLES + 7, 60 * FRAME_SAMPLES));
  assert.equal(gate.open, false);
  assert.ok(gate.takeLevel() > 0.05, 'how loud it is can still be seen');
  gate.adjust({ ...DEFAULT_GATE, hangoverMs: 300, shut: true });
  assert.equal(numbers.utterances.length, 1);
  gate.adjust(DEFAULT_GATE);
  gate.push(loud.subarray(60 * FRAME_SAMPLES));
  gate.flush();
  assert.equal(numbers.utterances.length, 2);
  const [, after] = numbers.utterances;
  assert.ok(after[0] >= 60 * FRAME_SAMPLES - FRAME_SAMPLES && after[0] <= 60 * FRAME_SAMPLES, 'no pre-roll of what was played');
  assert.equal(after[after.length - 1], 120 * FRAME_SAMPLES - 1);
});
