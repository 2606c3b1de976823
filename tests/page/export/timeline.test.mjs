// Times of a player from times of a clock, which can be unknown, unsteady or set back.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timeline } from '../../../fastapi_service/static/js/export/timeline.js';
import { random } from './samples.mjs';

/**
 * @param {number} startSec
 * @param {number | null} spokenAtMs
 * @param {number} duration_sec
 */
const utterance = (startSec, spokenAtMs, duration_sec = 1, session = 0) => ({
  session,
  startSec,
  spokenAtMs,
  outcome: { duration_sec },
});

/** @param {ReturnType<typeof timeline>} spans */
const begins = (spans) => spans.map(({ begin_ms }) => begin_ms);

test('the time of capture decides, not the place in the stream', () => {
  const spans = timeline([utterance(0, 5_000_000), utterance(1, 5_060_000.4, 0.25), utterance(1.25, 5_060_900)]);
  assert.deepEqual(spans, [
    { begin_ms: 0, end_ms: 1000 },
    { begin_ms: 60_000, end_ms: 60_250 },
    { begin_ms: 60_900, end_ms: 61_900 },
  ]);
});

test('where the time is not known, the place in the stream is taken, also before the first known', () => {
  assert.deepEqual(begins(timeline([utterance(2, null), utterance(5, 9_000), utterance(7, null), utterance(9, 14_000)])), [
    0, 3000, 5000, 8000,
  ]);
});

test('without any clock it is the stream', () => {
  assert.deepEqual(begins(timeline([utterance(3, null), utterance(4.5, null)])), [0, 1500]);
});

test('another session without a clock follows the one before', () => {
  assert.deepEqual(begins(timeline([utterance(3, 1000), utterance(0, null, 1, 1)])), [0, 1000]);
});

test('clocks that disagree a little make no overlap', () => {
  const spans = timeline([utterance(0, 1000), utterance(1, 1960), utterance(2, 3000)]);
  assert.deepEqual(begins(spans), [0, 1000, 2000]);
});

test('a clock that is set back an hour moves what follows, once', () => {
  const spans = timeline([utterance(0, 4_000_000), utterance(1, 4_010_000), utterance(2, 412_000), utterance(3, 422_000)]);
  assert.deepEqual(begins(spans), [0, 10_000, 11_000, 21_000]);
});

test('whatever the clock says, spans begin at 0, are in order and have a length', () => {
  const chance = random(11);
  for (let round = 0; round < 500; round++) {
    let startSec = 0;
    const utterances = Array.from({ length: 1 + Math.floor(chance() * 30) }, () => {
      startSec += chance() * 5;
      const spokenAtMs = chance() < 0.3 ? null : chance() * 1e12;
      return utterance(startSec, spokenAtMs, chance() < 0.2 ? 0 : chance() * 9, Math.floor(startSec / 40));
    });
    const spans = timeline(utterances);
    assert.equal(spans.length, utterances.length);
    let end = 0;
    spans.forEach(({ begin_ms, end_ms }, index) => {
      assert.ok(Number.isSafeInteger(begin_ms) && Number.isSafeInteger(end_ms));
      assert.ok(index > 0 ? begin_ms >= end : begin_ms === 0);
      assert.ok(end_ms > begin_ms);
      end = end_ms;
    });
  }
});

test('nothing has no spans', () => {
  assert.deepEqual(timeline([]), []);
});
