// A room's threshold is above its noise, and speech is not taken for noise.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assessRoom, CALIBRATION_LEVELS } from '../../../fastapi_service/static/js/settings/calibration.js';
import { FRAME_SAMPLES, VoiceGate } from '../../../fastapi_service/static/js/audio/worklet/voice-gate.js';

/** Numbers between 0 and 1, the same in each run. @param {number} seed */
function random(seed) {
  let state = seed;
  return () => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
}

/** White noise of this mean square. @param {number} meanSquare @param {number} samples @param {number} [seed] */
function noiseOf(meanSquare, samples, seed = 7) {
  const next = random(seed);
  const gaussian = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return Float32Array.from({ length: samples }, () => gaussian() * Math.sqrt(meanSquare));
}

/** The levels as the worklet posts them: of the loudest frame in each 50 ms. @param {Float32Array} samples */
function levelsOf(samples) {
  const gate = new VoiceGate({ threshold: 1, preRollMs: 0, hangoverMs: 20 }, { write: () => {}, pause: () => {}, end: () => {} });
  const levels = [];
  for (let at = 0; at + 800 <= samples.length; at += 800) {
    gate.push(samples.subarray(at, at + 800));
    levels.push(gate.takeLevel());
  }
  return levels;
}

const ROOM_SAMPLES = CALIBRATION_LEVELS * 800;

for (const [name, meanSquare] of /** @type {[string, number][]} */ ([
  ['a quiet room', 1e-5],
  ['an office', 1e-4],
  ['a street', 1e-3],
])) {
  test(`${name}: the gate stays shut in its noise and opens for what is a little louder`, () => {
    const room = assessRoom(levelsOf(noiseOf(meanSquare, ROOM_SAMPLES)));
    assert.equal(room.verdict, 'set');
    assert.ok('threshold' in room);
    assert.ok(Math.abs(10 * Math.log10(room.noise / meanSquare)) < 2, 'the noise is found within 2 dB');
    const tenMinutes = levelsOf(noiseOf(meanSquare, 600 * 16_000, 99));
    assert.ok(Math.max(...tenMinutes) < room.threshold);
    const voice = new Float32Array(FRAME_SAMPLES * 3).fill(Math.sqrt(meanSquare * 20));
    assert.ok(Math.max(...levelsOf(voice)) > room.threshold, 'a voice 13 dB over the noise is heard');
  });
}

test('noise below what matters leads to the lowest threshold, however it moves', () => {
  const moving = levelsOf(noiseOf(1e-8, ROOM_SAMPLES)).map((level, n) => (n % 5 === 0 ? level * 60 : level));
  const room = assessRoom(moving);
  assert.deepEqual(room.verdict, 'set');
  assert.ok('threshold' in room && room.threshold === 1e-5);
});

test('a loud room is said to be loud, and its threshold is one that a voice can reach', () => {
  const room = assessRoom(levelsOf(noiseOf(0.02, ROOM_SAMPLES)));
  assert.equal(room.verdict, 'loud');
  assert.ok('threshold' in room && room.threshold === 0.05);
});

test('somebody who speaks is not the room', () => {
  const samples = noiseOf(1e-5, ROOM_SAMPLES);
  for (let n = 0; n < samples.length; n++) {
    const syllable = Math.max(0, Math.sin((2 * Math.PI * 3 * n) / 16_000)); // three a second
    samples[n] += 0.1 * syllable * Math.sin((2 * Math.PI * 150 * n) / 16_000);
  }
  assert.deepEqual(assessRoom(levelsOf(samples)), { verdict: 'unsteady' });
  assert.deepEqual(assessRoom(levelsOf(samples.subarray(0, 12_000))), { verdict: 'unsteady' }, 'the half of it as well');
});

test('a short click does not spoil it', () => {
  const samples = noiseOf(1e-5, ROOM_SAMPLES);
  samples.fill(0.3, 8000, 8020);
  const room = assessRoom(levelsOf(samples));
  assert.equal(room.verdict, 'set');
  assert.ok('threshold' in room && room.threshold < 2e-4);
});

test('a microphone that gives nothing is silent', () => {
  assert.deepEqual(assessRoom(new Array(CALIBRATION_LEVELS).fill(0)), { verdict: 'silent' });
  assert.deepEqual(assessRoom([]), { verdict: 'silent' });
});
