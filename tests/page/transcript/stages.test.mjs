// Where the time went: the server's stages and the page's own, and the times that the page takes.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { serverMs, stagesOf, STAGES } from '../../../fastapi_service/static/js/transcript/stages.js';
import { SpeechEnds } from '../../../fastapi_service/static/js/transcript/speech-ends.js';

const examples = JSON.parse(readFileSync(new URL('../../../contract/examples.json', import.meta.url), 'utf8'));
const unknown = () => null;

/** @param {ReturnType<typeof stagesOf>} breakdown */
function byName({ stages }) {
  return Object.fromEntries(stages.map(({ name, ms }) => [name, Math.round(ms * 10) / 10]));
}

/** @param {number} start @param {number} end both in samples @param {Record<string, number>} [timings_ms] */
function outcome(start, end, timings_ms = { queue: 10, speech: 140 }) {
  const sec = (/** @type {number} */ samples) => Math.round(samples / 16) / 1000;
  return { seq: 1, utterance: `5f1d7c0a-${start}`, start_sec: sec(start), duration_sec: sec(end - start), timings_ms };
}

test('every stage that the server names has its place, and the parts are the whole', () => {
  const found = stagesOf(examples.result, { wait_ms: 500, network_ms: 20 });
  assert.deepEqual(byName(found), {
    wait: 500.4,
    network: 20,
    queue: 9.1,
    speech: 135.7,
    sentiment: 6.2,
    relay: 1.5,
    other: 0,
  });
  assert.deepEqual(found.stages.map(({ name }) => name), STAGES.map(({ name }) => name));
  assert.ok(Math.abs(found.total_ms - 520 - serverMs(examples.result)) < 1e-9);
  assert.ok(Math.abs(found.stages.reduce((sum, { share }) => sum + share, 0) - 1) < 1e-9);
});

test('a stage of a newer server is counted under other', () => {
  const found = stagesOf({ timings_ms: { speech: 100, diarisation: 50, wait: 7, toString: 3 } }, null);
  assert.deepEqual(byName(found), { wait: 0, network: 0, queue: 0, speech: 100, sentiment: 0, relay: 0, other: 60 });
});

test('a stage that nobody measured is told from one that took no time', () => {
  const measured = (/** @type {ReturnType<typeof stagesOf>} */ { stages }) =>
    stages.filter((stage) => stage.measured).map(({ name }) => name);
  const again = { timings_ms: { endpoint: 0.4, queue: 0, speech: 100 } };
  assert.deepEqual(measured(stagesOf(again, null)), ['queue', 'speech']);
  assert.deepEqual(measured(stagesOf(again, { wait_ms: 500, network_ms: 0 })), ['wait', 'network', 'queue', 'speech']);
});

test('an outcome without times has no shares that are no numbers', () => {
  const { total_ms, stages } = stagesOf({ timings_ms: {} }, null);
  assert.equal(total_ms, 0);
  assert.ok(stages.every(({ share }) => share === 0));
});

test('what the page adds is the wait for the end mark, and what is left of the whole', () => {
  const ends = new SpeechEnds();
  ends.mark(80_000, 100_000, 100_510);
  assert.deepEqual(ends.take(outcome(48_000, 80_000), 100_700, unknown), { wait_ms: 510, network_ms: 40 });
  assert.equal(ends.take(outcome(48_000, 80_000), 100_700, unknown), null, 'an end mark answers once');
});

test('lengths are rounded to milliseconds, so that an end is found near to its position', () => {
  const ends = new SpeechEnds();
  const [start, end] = [48_007, 79_991];
  ends.mark(end, 100_000, 100_500);
  assert.notEqual(ends.take(outcome(start, end), 101_000, unknown), null);
});

test('outcomes may come in another order', () => {
  const ends = new SpeechEnds();
  ends.mark(16_000, 1_000, 1_500);
  ends.mark(32_000, 5_000, 5_500);
  assert.deepEqual(ends.take(outcome(16_000, 32_000), 6_000, unknown), { wait_ms: 500, network_ms: 350 });
  assert.deepEqual(ends.take(outcome(0, 16_000), 6_000, unknown), { wait_ms: 500, network_ms: 4_350 });
});

test('an utterance that the server cut by its length waited for the rest of that length', () => {
  const ends = new SpeechEnds();
  ends.utteranceSec = 15;
  const spokenAt = (/** @type {number} */ sec) => 1_000_000 + sec * 1000;
  const cut = outcome(0, 13.6 * 16_000);
  assert.deepEqual(roundedTimes(ends.take(cut, 1_015_200, spokenAt)), { wait_ms: 1_400, network_ms: 50 });
  assert.equal(ends.take(cut, 1_015_200, unknown), null, 'not without its time');
  assert.equal(ends.take(outcome(0, 5 * 16_000), 1_015_200, spokenAt), null, 'an end mark that is not known');
});

test('of several pauses, the one where the utterance was cut counts, and those inside it are forgotten', () => {
  const ends = new SpeechEnds();
  ends.mark(16_000, 1_000, 1_200);
  ends.mark(32_000, 3_000, 3_200);
  ends.mark(48_000, 5_000, 5_200);
  const cutAtSecond = outcome(0, 32_000, { endpoint: 1_000, queue: 10, speech: 140 });
  assert.deepEqual(ends.take(cutAtSecond, 4_400, unknown), { wait_ms: 200, network_ms: 50 });
  assert.equal(ends.size, 1, 'that of speech that goes on');
  assert.deepEqual(ends.take(outcome(32_000, 48_000), 5_400, unknown), { wait_ms: 200, network_ms: 50 });
  assert.equal(ends.size, 0);
});

test('pauses of one utterance leave those before it alone, whose outcomes may be to come', () => {
  const ends = new SpeechEnds();
  ends.mark(16_000, 1_000, 1_200);
  ends.mark(24_000, 2_000, 2_200);
  ends.mark(32_000, 3_000, 3_200);
  assert.notEqual(ends.take(outcome(16_000, 32_000), 3_400, unknown), null);
  assert.equal(ends.size, 1);
  assert.deepEqual(ends.take(outcome(0, 16_000), 3_400, unknown), { wait_ms: 200, network_ms: 2_050 });
});

test('clocks that nearly agree give no negative time, and a clock that was set gives none', () => {
  const ends = new SpeechEnds();
  ends.mark(16_000, 1_000, 1_500);
  assert.deepEqual(ends.take(outcome(0, 16_000), 1_640, unknown), { wait_ms: 500, network_ms: 0 });
  ends.mark(16_000, 1_000_000, 1_000_500);
  assert.equal(ends.take(outcome(0, 16_000), 500_000, unknown), null);
});

test('another session clears what was noted, and the memory has a bound', () => {
  const ends = new SpeechEnds();
  ends.mark(16_000, 1_000, 1_500);
  ends.clear();
  assert.equal(ends.take(outcome(0, 16_000), 2_000, unknown), null);
  for (let i = 1; i <= 5_000; i++) ends.mark(i * 16_000, i, i);
  assert.ok(ends.size <= 1_000);
  assert.equal(ends.take(outcome(0, 16_000), 5_000, unknown), null, 'the oldest made room');
  assert.notEqual(ends.take(outcome(4_999 * 16_000, 5_000 * 16_000), 6_000, unknown), null);
});

/** @param {import('../../../fastapi_service/static/js/transcript/stages.js').PageStages} times */
function roundedTimes(times) {
  assert.ok(times);
  return { wait_ms: Math.round(times.wait_ms), network_ms: Math.round(times.network_ms) };
}
