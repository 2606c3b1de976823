// The waveform's memory: the last eight seconds, and what of them was let through.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COLUMNS, LevelRing } from '../../../fastapi_service/static/js/audio/level-ring.js';
import { decibels, levelShare, meanSquareOf } from '../../../fastapi_service/static/js/audio/level-scale.js';

const PRE_ROLL_MS = 300; // six columns

/** Push one level for each letter: `o` while the gate is open, `-` while it is closed, `e` an utterance's end before an open one. @param {LevelRing} ring @param {string} gate */
function play(ring, gate) {
  for (const letter of gate) {
    if (letter === 'e') ring.end();
    else ring.push(0.5, letter === 'o');
  }
}

/** The passages of the last `count` columns, as text. @param {LevelRing} ring @param {number} count */
const passages = (ring, count) => Array.from({ length: count }, (_, n) => ring.passage(COLUMNS - count + n)).join('');

test('the newest level is the last column and the oldest makes room', () => {
  const ring = new LevelRing(PRE_ROLL_MS);
  for (let n = 1; n <= COLUMNS + 3; n++) ring.push(n, false);
  assert.equal(ring.level(COLUMNS - 1), COLUMNS + 3);
  assert.equal(ring.level(0), 4);
});

test('an utterance has its pre-roll, which ends where the recording begins', () => {
  const ring = new LevelRing(PRE_ROLL_MS);
  play(ring, '---------ooo-');
  assert.equal(passages(ring, 13), '0001111111110');
  const early = new LevelRing(PRE_ROLL_MS);
  play(early, 'oo');
  assert.equal(passages(early, 2), '11');
});

test('utterances one after the other stay apart, and a pre-roll takes nothing of the one before', () => {
  const ring = new LevelRing(PRE_ROLL_MS);
  play(ring, '--ooe---ooe-o');
  assert.equal(passages(ring, 11), '11112222211');
  const touching = new LevelRing(PRE_ROLL_MS);
  play(touching, 'ooeoo');
  assert.equal(passages(touching, 4), '1122');
});

test('a cleared ring is silent and closed', () => {
  const ring = new LevelRing(PRE_ROLL_MS);
  play(ring, 'ooo');
  ring.clear();
  assert.equal(passages(ring, COLUMNS), '0'.repeat(COLUMNS));
  assert.equal(ring.level(COLUMNS - 1), 0);
  play(ring, '-o');
  assert.equal(passages(ring, 3), '111');
});

test('loudness is shown in decibels, from -60 to full scale', () => {
  assert.equal(Math.round(decibels(0.0005)), -33);
  assert.ok(Math.abs(meanSquareOf(decibels(0.0005)) - 0.0005) < 1e-12);
  assert.equal(levelShare(1), 1);
  assert.equal(levelShare(4), 1);
  assert.equal(levelShare(0), 0);
  assert.equal(levelShare(1e-3), 0.5);
  assert.equal(levelShare(0.1, -10), 1);
});
