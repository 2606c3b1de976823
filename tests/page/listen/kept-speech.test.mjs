// What was said is found again by its place in the stream, however that was numbered since, and no more is kept than
// was promised.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { KeptSpeech, MAX_BLOCKS } from '../../../fastapi_service/static/js/listen/kept-speech.js';

const RATE = 16_000;
/** @type {KeptSpeech} */ let kept;
let said = 0; // samples, each of which carries its number

beforeEach(() => {
  kept = new KeptSpeech();
  said = 0;
});

/** @param {number} samples @param {number} session @param {number} position */
function push(samples, session, position) {
  const pcm = Int16Array.from({ length: samples }, (_, at) => (said + at) % 30_000);
  said += samples;
  return kept.push(pcm, session, position);
}

/** First and last sample and how many. @param {number} session @param {number} fromSec @param {number} toSec */
function taken(session, fromSec, toSec) {
  const pcm = kept.take(session, fromSec, toSec);
  assert.equal(pcm !== null, kept.has(session, fromSec, toSec));
  return pcm && [pcm[0], pcm[pcm.length - 1], pcm.length];
}

test('chunks come back as one piece, across blocks too', () => {
  for (let position = 0; position < 31 * RATE; position += 1_280) push(1_280, 0, position);
  assert.deepEqual(taken(0, 0, 0.5), [0, 7_999, 8_000]);
  const [from, to] = [29.9 * RATE, 30.1 * RATE];
  assert.deepEqual(taken(0, 29.9, 30.1), [from % 30_000, (to - 1) % 30_000, to - from]);
  assert.equal(taken(0, 30.5, 31.9), null, 'not all of it has been said');
  assert.equal(taken(1, 0, 1), null, 'another session');
  assert.equal(taken(0, 1, 1), null, 'nothing');
});

test('seconds rounded to the millisecond still find the newest', () => {
  push(12_345, 0, 0);
  assert.deepEqual(taken(0, 0.0004, 0.772), [6, 12_344, 12_339]);
});

test('what is said before the first connection is numbered by it', () => {
  push(RATE, 0, 0);
  kept.align(RATE, 0, 9 * RATE);
  push(RATE, 0, 9 * RATE);
  assert.equal(taken(0, 0, 1), null);
  assert.deepEqual(taken(0, 8, 10), [0, (2 * RATE - 1) % 30_000, 2 * RATE]);
});

test('the successor of a lost session gets what was not safe, and the rest stays where it was', () => {
  push(3 * RATE, 0, 0);
  kept.align(RATE, 1, RATE);
  push(RATE, 1, RATE);
  assert.deepEqual(taken(0, 0, 2), [0, (2 * RATE - 1) % 30_000, 2 * RATE]);
  assert.equal(taken(0, 1, 3), null);
  assert.deepEqual(taken(1, 0, 2), [(2 * RATE) % 30_000, (4 * RATE - 1) % 30_000, 2 * RATE]);
});

test('a connection that changes nothing changes nothing', () => {
  push(2 * RATE, 0, 0);
  kept.align(RATE, 0, 2 * RATE);
  kept.align(0, 0, 2 * RATE);
  push(RATE, 0, 2 * RATE);
  assert.deepEqual(taken(0, 0.5, 2.5), [8_000, (2.5 * RATE - 1) % 30_000, 2 * RATE]);
});

test('what another page may have said in its place is not played', () => {
  push(3 * RATE, 0, 0);
  kept.cut(0, 2 * RATE);
  kept.align(0, 0, 9 * RATE);
  push(RATE, 0, 9 * RATE);
  assert.notEqual(taken(0, 0, 2), null);
  assert.equal(taken(0, 2, 2.5), null);
  assert.deepEqual(taken(0, 9, 10), [(3 * RATE) % 30_000, (4 * RATE - 1) % 30_000, RATE]);
});

test('half an hour is kept, and the oldest goes', () => {
  const minute = 60 * RATE;
  for (let at = 0; at < 30; at++) assert.equal(push(minute, 0, at * minute), false);
  assert.equal(kept.seconds, 1800);
  assert.notEqual(taken(0, 0, 5), null);
  assert.equal(push(1, 0, 30 * minute), true);
  assert.ok(kept.seconds <= 1800 && kept.seconds > 1760);
  assert.equal(MAX_BLOCKS * 30 * RATE * 2, 57_600_000, 'bytes, as the settings say');
  assert.equal(taken(0, 0, 5), null);
  assert.equal(taken(0, 29, 31), null, 'its beginning is gone');
  assert.deepEqual(taken(0, 30, 31), [(30 * RATE) % 30_000, (31 * RATE - 1) % 30_000, RATE]);
});

test('thrown away is thrown away, and it goes on after it', () => {
  push(2 * RATE, 0, 0);
  kept.clear();
  assert.equal(kept.seconds, 0);
  assert.equal(taken(0, 0, 1), null);
  kept.align(RATE, 0, 2 * RATE);
  assert.equal(taken(0, 1, 2), null, 'what is not safe is no longer here either');
  push(RATE, 0, 2 * RATE);
  assert.equal(taken(0, 1, 3), null);
  assert.deepEqual(taken(0, 2, 3), [(2 * RATE) % 30_000, (3 * RATE - 1) % 30_000, RATE]);
});
