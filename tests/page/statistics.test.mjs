// What the page counts by itself agrees with what the server counts.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Tally } from '../../fastapi_service/static/js/statistics.js';

const examples = JSON.parse(readFileSync(new URL('../../contract/examples.json', import.meta.url), 'utf8'));

test('the example outcomes give the example statistics', () => {
  const tally = new Tally();
  tally.add(examples.result);
  tally.add(examples.dropped);
  const block = tally.block();
  const wanted = examples.stats.session;
  assert.ok(Math.abs((block.latency_ms.p50 ?? 0) - wanted.latency_ms.p50) < 0.01);
  assert.ok(Math.abs((block.latency_ms.p95 ?? 0) - wanted.latency_ms.p95) < 0.01);
  assert.deepEqual({ ...block, latency_ms: wanted.latency_ms }, wanted);
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
});
