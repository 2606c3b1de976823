// The course of sentiment: what a point is, that nothing is lost when points are merged, and that there is a bound.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_BINS, signedScore, Trend } from '../../../fastapi_service/static/js/statistics/trend.js';

/** @typedef {import('../../../fastapi_service/static/js/stream/messages.js').Sentiment} Sentiment */

/** @param {number} positive @returns {Sentiment} */
function judged(positive) {
  const zone = Math.max(positive, 1 - positive) < 0.7 ? 'neutral' : positive > 0.5 ? 'positive' : 'negative';
  const label = positive > 0.5 ? 'POSITIVE' : 'NEGATIVE';
  return { label, score: Math.max(positive, 1 - positive), scores: { POSITIVE: positive, NEGATIVE: 1 - positive }, zone, neutral_reason: null };
}

/** @param {Trend} trend */
function total(trend) {
  return trend.read().points.reduce((sum, { count }) => sum + count, 0);
}

test('a score is the positive class against the negative one', () => {
  assert.ok(Math.abs(signedScore(judged(0.998)) - 0.996) < 1e-9);
  assert.ok(Math.abs(signedScore(judged(0.4)) + 0.2) < 1e-9);
  const three = { label: 'neutral', score: 0.6, scores: { negative: 0.3, neutral: 0.6, positive: 0.1 }, neutral_reason: null };
  assert.ok(Math.abs(signedScore({ ...three, zone: 'neutral' }) + 0.2) < 1e-9);
});

test('a model with other names is taken by its zone', () => {
  const stars = { label: '5 stars', score: 0.8, scores: { '1 star': 0.2, '5 stars': 0.8 }, neutral_reason: null };
  assert.equal(signedScore({ ...stars, zone: 'positive' }), 0.8);
  assert.equal(signedScore({ ...stars, zone: 'negative' }), -0.8);
  assert.equal(signedScore({ ...stars, zone: 'neutral' }), 0);
});

test('a splinter is in the middle, whatever its scores', () => {
  assert.equal(signedScore({ ...judged(0.99), zone: 'neutral', neutral_reason: 'too_short' }), 0);
});

test('few results are one point each, with the values they came with', () => {
  const trend = new Trend();
  trend.add(0, 1_000, judged(1));
  trend.add(3, 4_500, judged(0.1));
  const { points, ofDay } = trend.read();
  assert.ok(ofDay);
  assert.deepEqual(points.map(({ x, score, zone, count }) => [x, score, zone, count]), [
    [1_000, 1, 'positive', 1],
    [4_500, -0.8, 'negative', 1],
  ]);
});

test('a result whose time of day is not known puts all on the time of the stream', () => {
  const trend = new Trend();
  trend.add(0, 1_000, judged(1));
  trend.add(3, null, judged(1));
  const { points, ofDay } = trend.read();
  assert.ok(!ofDay);
  assert.deepEqual(points.map(({ x }) => x), [0, 3_000]);
});

test('results stand in the order of speech, not of arrival', () => {
  const trend = new Trend();
  for (const at of [6, 0, 9, 3]) trend.add(at, null, judged(at / 10));
  assert.deepEqual(trend.read().points.map(({ x }) => x), [0, 3_000, 6_000, 9_000]);
});

test('5,000 results are at most MAX_BINS points, and none is lost', () => {
  const trend = new Trend();
  let sum = 0;
  for (let i = 0; i < 5_000; i++) {
    const sentiment = judged(0.5 + 0.5 * Math.sin(i / 400));
    sum += signedScore(sentiment);
    trend.add(i * 3, i * 3_500, sentiment);
    assert.ok(trend.size <= MAX_BINS);
  }
  const { points } = trend.read();
  assert.equal(total(trend), 5_000);
  assert.ok(points.length > MAX_BINS / 3, `${points.length} points still show the course`);
  assert.ok(Math.abs(points.reduce((all, { count, score }) => all + count * score, 0) - sum) < 1e-6);
  assert.equal(points[0].begin, 0);
  assert.equal(points[points.length - 1].end, 4_999 * 3_500);
  for (const [index, { begin, end, zones, count }] of points.entries()) {
    assert.ok(index === 0 || begin > points[index - 1].end, 'no overlap');
    assert.ok(begin <= end);
    assert.equal(zones.positive + zones.neutral + zones.negative, count);
  }
  const turns = points.filter(({ score }, i) => i > 0 && score > 0 !== points[i - 1].score > 0).length;
  assert.equal(turns, 3, 'the wave is still there');
});

test('late ones find their place among merged points', () => {
  const trend = new Trend();
  const order = Array.from({ length: 2_000 }, (_, i) => (i % 10 === 0 ? i + 9 : i - 1)); // each tenth comes early
  for (const i of order) trend.add(i * 2 + 1, i * 2_000, judged(0.9));
  trend.add(0, -2_000, judged(0.2)); // the very first comes last
  assert.equal(total(trend), 2_001);
  const { points } = trend.read();
  assert.equal(points[0].begin, -2_000);
  for (let i = 1; i < points.length; i++) assert.ok(points[i].begin > points[i - 1].begin);
});

test('the average follows the points more slowly than they move', () => {
  const trend = new Trend();
  for (let i = 0; i < 40; i++) trend.add(i, i, judged(i < 20 ? 0 : 1));
  const { points } = trend.read();
  assert.equal(points[0].average, -1);
  assert.equal(points[39].average, 1);
  assert.ok(Math.abs(points[19].average) < 0.4 && Math.abs(points[20].average) < 0.4);
  for (let i = 1; i < 40; i++) assert.ok(points[i].average >= points[i - 1].average);
});

test('the average of one is itself, and of none nothing is drawn', () => {
  const trend = new Trend();
  assert.deepEqual(trend.read().points, []);
  trend.add(0, null, judged(0.75));
  assert.equal(trend.read().points[0].average, trend.read().points[0].score);
});
