// What is counted by speaker, and what of it follows a name, a merge, or a speaker who is found out late.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countSpeakers, trendOf } from '../../../fastapi_service/static/js/speakers/counts.js';
import { felt, said } from '../export/samples.mjs';

/** @typedef {import('../../../fastapi_service/static/js/stream/messages.js').Result} Result */

const GOOD = { text: 'I love it.', sentiment: felt('positive', 0.9) };
const BAD = { text: 'No, it is awful!', sentiment: { ...felt('negative', 0.8), scores: { NEGATIVE: 0.8, POSITIVE: 0.2 } } };

/** @param {number} startSec @param {Partial<Result>} fields @param {string} [text] */
function heard(startSec, fields, text = `${GOOD.text} ${BAD.text}`) {
  const { outcome, spokenAtMs } = said(text, startSec, {}, { duration_sec: 4, sentences: [GOOD, BAD], ...fields });
  return { outcome: /** @type {Result} */ (outcome), spokenAtMs };
}

/** @param {number | null} first @param {number | null} second @param {number} at */
const turns = (first, second, at) => [
  { speaker: first, start_sec: at, end_sec: at + 1, first_char: 0, end_char: 11 },
  { speaker: second, start_sec: at + 1, end_sec: at + 4, first_char: 11, end_char: 27 },
];

test('words, time and sentences by speaker, and those who are not known last', () => {
  const results = [heard(0, { turns: turns(2, 1, 0) }), heard(6, { turns: turns(1, null, 6) }), heard(12, {})];
  const counts = countSpeakers(results, { list: [] });
  assert.deepEqual(counts.map(({ speaker, words, sec }) => [speaker, words, sec]), [[1, 7, 4], [2, 3, 1], [null, 11, 7]]);
  assert.deepEqual(counts.map(({ zones }) => [zones.positive, zones.negative]), [[1, 1], [1, 0], [1, 2]]);
  assert.equal(counts.reduce((sum, { share }) => sum + share, 0), 1);
  const merged = countSpeakers(results, { list: [{ speaker: 2, name: null, same_as: 1 }] });
  assert.deepEqual(merged.map(({ speaker, words, sec }) => [speaker, words, sec]), [[1, 10, 5], [null, 11, 7]]);
  assert.deepEqual(countSpeakers([], { list: [] }), []);
});

test('the course of one, and whose sentences are in each point', () => {
  const results = [heard(0, { turns: turns(2, 1, 0) }), heard(6, { turns: turns(1, null, 6) })];
  const all = trendOf(results, { list: [] }, null).read();
  assert.deepEqual(all.points.map(({ speakers }) => speakers), [[2], [1], [1], [null]]);
  assert.equal(all.ofDay, true);
  const [begin] = results.map(({ spokenAtMs }) => Number(spokenAtMs));
  assert.deepEqual(all.points.slice(0, 2).map(({ begin }) => begin), [begin, begin + 1000], 'where its turn begins');
  const one = trendOf(results, { list: [] }, 1).read();
  assert.deepEqual(one.points.map(({ zone }) => zone), ['negative', 'positive']);
});

test('the course of five thousand is a bounded number of points that know their speakers', () => {
  const results = Array.from({ length: 5000 }, (_, number) => heard(number * 6, { turns: turns(1, 2, number * 6) }));
  const { points } = trendOf(results, { list: [] }, null).read();
  assert.ok(points.length <= 128);
  assert.ok(points.every(({ speakers }) => speakers.length === 2));
  assert.equal(points.reduce((sum, { count }) => sum + count, 0), 10_000);
});
