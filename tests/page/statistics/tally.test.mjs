// What the page counts by itself agrees with what the server counts.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Histogram } from '../../../fastapi_service/static/js/statistics/histogram.js';
import { countWords, Tally } from '../../../fastapi_service/static/js/statistics/tally.js';

/** @type {Record<string, any>} */
const examples = JSON.parse(readFileSync(new URL('../../../contract/examples.json', import.meta.url), 'utf8'));

test('the example outcomes give the example statistics', () => {
  const tally = new Tally();
  tally.add(examples.result);
  tally.add(examples.dropped);
  const block = tally.block();
  const wanted = examples.stats.session;
  assert.ok(Math.abs((block.latency_ms.p50 ?? 0) - wanted.latency_ms.p50) < 0.01);
  assert.ok(Math.abs((block.latency_ms.p95 ?? 0) - wanted.latency_ms.p95) < 0.01);
  assert.deepEqual({ ...block, latency_ms: wanted.latency_ms, speakers: wanted.speakers }, wanted);
});

test('nothing gives zeros and no latency', () => {
  const block = new Tally().block();
  assert.equal(block.utterances, 0);
  assert.equal(block.words_per_minute, 0);
  assert.deepEqual(block.latency_ms, { p50: null, p95: null });
  assert.deepEqual(block.sentiment, {});
});

test('results without a sentiment have no part in the shares', () => {
  const tally = new Tally();
  tally.add(examples.result);
  tally.add({ ...examples.result, sentiment: null, sentiment_reason: 'not English' });
  assert.deepEqual(Object.keys(tally.block().sentiment), ['positive']);
  assert.equal(tally.block().sentiment.positive.share, 1);
  assert.equal(tally.block().unjudged, 1);
});

/** @param {import('../../../fastapi_service/static/js/stream/messages.js').Zone} zone @param {number} score */
const sentence = (zone, score, neutral_reason = null) =>
  ({ text: 'x', sentiment: { ...examples.result.sentiment, zone, score, neutral_reason } });

test('sentences are counted, a splinter as neutral; a result without them counts once', () => {
  const tally = new Tally();
  tally.add({ ...examples.result, sentences: [sentence('positive', 0.9), sentence('negative', 0.8), sentence('neutral', 0.96)] });
  const { sentences: _gone, ...old } = examples.result;
  tally.add({ ...old, sentences: [] });
  const block = tally.block();
  assert.deepEqual([block.results, block.unjudged], [2, 0]);
  assert.deepEqual(Object.entries(block.sentiment).map(([zone, { count }]) => [zone, count]), [
    ['positive', 2], ['neutral', 1], ['negative', 1],
  ]);
  assert.ok(Math.abs(block.sentiment.positive.mean_score - (0.9 + 0.998) / 2) < 1e-9);
});

test('words are counted as the server counts them', () => {
  // The cases of tests/listener_service/test_listener_service.counts.py.
  const cases = /** @type {const} */ ([
    ['I love this movie.', 4],
    ["  don't   stop \n now ", 3],
    ['wait - what ... ?!', 2],
    ['', 0],
    ['이 영화 정말 좋아요.', 4],
    ['我喜欢这部电影。', 7],
    ['映画が好きです', 7],
    ['iPhoneを買う 2', 5],
    ["l'été très chaud", 3],
    ['𠀋 と ½', 3],
  ]);
  for (const [text, words] of cases) assert.equal(countWords(text), words, text);
});

test('percentiles are within one per cent of the exact ones, whatever the scale', () => {
  const histogram = new Histogram();
  const values = Array.from({ length: 5000 }, (_, i) => 0.5 * 1.003 ** ((i * 1237) % 5000));
  for (const value of values) histogram.add(value);
  const sorted = values.toSorted((a, b) => a - b);
  for (const share of [0, 0.05, 0.5, 0.95, 1]) {
    const exact = sorted[Math.round(share * 4999)];
    const found = histogram.quantile(share) ?? NaN;
    assert.ok(Math.abs(found / exact - 1) < 0.015, `${share}: ${found}, exactly ${exact}`);
  }
});

test('a single duration is its own percentile, and nothing has none', () => {
  const histogram = new Histogram();
  assert.equal(histogram.quantile(0.5), null);
  histogram.add(823);
  assert.equal(histogram.quantile(0.5), 823);
  assert.equal(histogram.quantile(0.95), 823);
});
