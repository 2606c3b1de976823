// What the transcript keeps, where its rows are, and what was cleared.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cleared } from '../../../fastapi_service/static/js/transcript/cleared-outcomes.js';
import { Entries, hasEnded, MAX_ENTRIES, readId } from '../../../fastapi_service/static/js/transcript/utterances.js';
import { RowHeights } from '../../../fastapi_service/static/js/transcript/row-heights.js';
import { MemoryStorage } from '../../../fastapi_service/static/js/base/storage.js';
import { entry, random, said } from '../export/samples.mjs';

/** @param {Entries} entries */
const order = (entries) => entries.list.map(({ utterance }) => utterance);

test('utterances stand in the order of speech within their session, and sessions follow each other', () => {
  const entries = new Entries();
  for (const [name, startSec] of /** @type {const} */ ([['c', 6], ['a', 0], ['d', 9], ['b', 3]])) entries.add(name, startSec, null);
  entries.newSession();
  entries.add('second', 0, null);
  assert.deepEqual(order(entries), ['a', 'b', 'c', 'd', 'second']);
  assert.equal(entries.find('b')?.startSec, 3);
  assert.equal(entries.find('nobody'), undefined);
});

test('no more than so many are kept, the oldest go, and they are counted', () => {
  const entries = new Entries();
  for (let number = 0; number < MAX_ENTRIES + 3; number++) {
    entries.add(`u-${number}`, number, null);
    entries.trim();
  }
  assert.equal(entries.list.length, MAX_ENTRIES);
  assert.equal(entries.gone, 3);
  assert.equal(entries.list[0].utterance, 'u-3');
  assert.equal(entries.find('u-2'), undefined);
});

test('what was removed comes back to its place among what came meanwhile', () => {
  const entries = new Entries();
  const { list } = entries;
  for (const number of [1, 2, 3]) entries.add(`u-${number}`, number, null).state = 'result';
  entries.add('u-4', 4, null);
  const removed = entries.remove(hasEnded);
  assert.deepEqual(order(entries), ['u-4']);
  assert.equal(entries.find('u-1'), undefined);
  entries.newSession();
  entries.add('v-0', 0, null);
  entries.restore(removed);
  assert.deepEqual(order(entries), ['u-1', 'u-2', 'u-3', 'u-4', 'v-0']);
  assert.equal(entries.find('u-1'), list[0]);
  assert.equal(entries.list, list, 'the views hold this array');
});

test('an id is a session and a first sample', () => {
  assert.deepEqual(readId('5f1d-7c0a-48000'), { session: '5f1d-7c0a', startSec: 3 });
  for (const bad of ['', '-', '5f', '5f-', '5f-x', '48000']) assert.equal(readId(bad), null, bad);
});

test('heights: rows begin where those before them end, measured or guessed', () => {
  const chance = random(5);
  /** @type {{ height: number, state: string }[]} */
  const rows = [];
  const heights = new RowHeights(rows);
  assert.equal(heights.total, 0);
  assert.equal(heights.at(10), -1);
  for (let step = 0; step < 2000; step++) {
    const index = Math.floor(chance() * (rows.length + 1));
    const what = chance();
    if (what < 0.5) {
      rows.splice(index, 0, { height: NaN, state: chance() < 0.8 ? 'result' : 'dropped' });
      heights.changed(index);
    } else if (what < 0.6 && index < rows.length) {
      rows.splice(index, 1);
      heights.changed(index);
    } else if (index < rows.length) {
      const px = 30 + chance() * 100;
      /** @type {number} */
      const before = heights.total;
      if (!heights.measured(index, px)) assert.equal(heights.total, before);
      assert.ok(Math.abs(heights.top(index + 1) - heights.top(index) - px) < 1e-6);
    }
    if (rows.length === 0) continue;
    const at = heights.at(chance() * heights.total);
    const px = chance() * heights.total;
    const found = heights.at(px);
    assert.ok(heights.top(found) <= px && (px < heights.top(found + 1) || found === rows.length - 1));
    assert.ok(at >= 0 && at < rows.length);
  }
  let sum = 0;
  rows.forEach((row, index) => {
    assert.ok(Math.abs(heights.top(index) - sum) < 1e-6);
    sum += Number.isNaN(row.height) ? heights.top(index + 1) - heights.top(index) : row.height;
  });
  assert.equal(heights.at(-5), 0);
  assert.equal(heights.at(heights.total + 5), rows.length - 1);
  heights.forget();
  assert.ok(rows.every(({ height }) => Number.isNaN(height)));
});

test('heights: a row that was not measured is guessed by those of its state', () => {
  const rows = Array.from({ length: 10 }, (_, index) => ({ height: NaN, state: index % 2 ? 'dropped' : 'result' }));
  const heights = new RowHeights(rows);
  for (const index of [0, 2]) heights.measured(index, 100);
  heights.measured(1, 30);
  assert.equal(heights.total, 5 * 100 + 5 * 30);
});

test('what was cleared of a session stays away from a reloaded page, unless that was undone', () => {
  const storage = new MemoryStorage();
  const seen = [1, 2, 3].map((seq) => said('x', seq, {}, { seq }));
  const cleared = new Cleared(storage);
  const undo = cleared.add([...seen, entry(4, {}, null)]);
  const outcome = /** @type {import('../export/samples.mjs').Outcome} */ (seen[2].outcome);
  const reloaded = new Cleared(storage);
  assert.ok(reloaded.covers(outcome));
  assert.ok(!reloaded.covers({ ...outcome, seq: 4 }));
  assert.ok(!reloaded.covers({ ...outcome, utterance: 'another-0' }));
  undo();
  assert.ok(!cleared.covers(outcome));
  assert.ok(!new Cleared(storage).covers(outcome));
});

test('a storage that holds something else is as good as none', () => {
  for (const saved of ['', 'null', '[]', '{"session":"5f1d7c0a"}', '{"session":3,"seq":9}', '{"session":"5f1d7c0a","seq":"9"}', '{']) {
    const storage = new MemoryStorage();
    storage.setItem('wta.cleared', saved);
    assert.equal(new Cleared(storage).upTo('5f1d7c0a'), 0, saved);
  }
});
