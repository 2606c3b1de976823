// Utterances in which no speech was heard are one row when they come one after the other.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSilence, Rows } from '../../../fastapi_service/static/js/transcript/rows.js';

/** @typedef {import('../../../fastapi_service/static/js/transcript/utterances.js').Entry} Entry */

let made = 0;

/**
 * An utterance: `s` no speech, `d` dropped for another reason, `r` a result, `p` without outcome yet.
 * @param {string} kind
 * @returns {Entry}
 */
function entry(kind) {
  const type = { s: 'dropped', d: 'dropped', r: 'result', e: 'error' }[kind];
  const outcome = type === undefined ? null : { type, reason: kind === 's' ? 'no_speech' : 'low_confidence' };
  const state = type ?? 'pending';
  return /** @type {any} */ ({ utterance: `a-${made++}`, kind, state, outcome, revision: 0, open: false, height: NaN });
}

/** `3s` is a row of three without speech. @param {Rows} rows */
const shown = (rows) => rows.list.map((row) => (isSilence(row) ? `${row.entries.length}s` : /** @type {any} */ (row).kind)).join(' ');

/** @param {string} kinds */
function listed(kinds) {
  const entries = [...kinds].map(entry);
  const rows = new Rows(entries);
  rows.changed(0);
  return { entries, rows };
}

test('two and more in a row are one, and words, errors and what waits part them', () => {
  assert.equal(shown(listed('srssrsssdspss').rows), 's r 2s r 3s d s p 2s');
  assert.equal(shown(listed('').rows), '');
  assert.equal(shown(listed('ssss').rows), '4s');
});

test('the line is the same one while it counts, and says that it has changed', () => {
  const { entries, rows } = listed('rss');
  const line = rows.list[1];
  const { revision } = line;
  entries.push(entry('s'));
  assert.equal(rows.changed(3), 1);
  assert.equal(rows.list[1], line);
  assert.equal(shown(rows), 'r 3s');
  assert.ok(line.revision > revision);
  const after = line.revision;
  entries.push(entry('r'));
  rows.changed(4);
  assert.equal(rows.list[1], line);
  assert.equal(line.revision, after, 'nothing of it has changed');
});

test('what waits joins the line when it turns out to be no speech, also between two lines', () => {
  const { entries, rows } = listed('rsspss');
  assert.equal(shown(rows), 'r 2s p 2s');
  const [before, , second] = rows.list.slice(1);
  Object.assign(entries[3], entry('s'));
  assert.equal(rows.changed(3), 1);
  assert.equal(shown(rows), 'r 5s');
  assert.equal(rows.list[1], before);
  assert.equal(rows.standIn(second), before, 'who read the second reads on here');
  assert.equal(rows.standIn(entries[3]), before);
});

test('an utterance whose line opened keeps it open when more come', () => {
  const { entries, rows } = listed('s');
  entries[0].open = true;
  entries.push(entry('s'));
  rows.changed(1);
  assert.equal(rows.list[0].open, true);
});

test('the oldest go, out of a line too', () => {
  const { entries, rows } = listed('sssrs');
  entries.splice(0, 2);
  assert.equal(rows.changed(0), 0);
  assert.equal(shown(rows), 's r s');
  entries.length = 0;
  rows.changed(0);
  assert.deepEqual(rows.list, []);
});

test('whatever comes in whatever order, the rows are those of the whole list', () => {
  let seed = 7;
  const chance = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  for (let round = 0; round < 60; round++) {
    const { entries, rows } = listed('');
    for (let step = 0; step < 60; step++) {
      const at = Math.floor(chance() * (entries.length + 1));
      const kind = 'sssrpde'[Math.floor(chance() * 7)];
      if (chance() < 0.4 && at < entries.length) {
        Object.assign(entries[at], { ...entry(kind), utterance: entries[at].utterance });
        rows.changed(at);
      } else if (chance() < 0.1) {
        entries.splice(0, 1);
        rows.changed(0);
      } else {
        entries.splice(at, 0, entry(kind));
        rows.changed(at);
      }
      const fresh = new Rows(entries);
      fresh.changed(0);
      assert.equal(shown(rows), shown(fresh));
      assert.deepEqual(rows.list.flatMap((row) => (isSilence(row) ? row.entries : [row])), entries);
    }
  }
});

test('with a filter some have no row, and who read one of those reads on at the next', () => {
  const { entries, rows } = listed('rerssrr');
  rows.filter = (entry) => entry === entries[2] || entry === entries[5];
  rows.changed(0);
  assert.deepEqual(rows.list, [entries[2], entries[5]]);
  assert.equal(rows.standIn(entries[0]), entries[2]);
  assert.equal(rows.standIn(entries[3]), entries[5]);
  assert.equal(rows.standIn(entries[6]), entries[5], 'the last, where there is no next');
  assert.equal(rows.standIn(entry('r')), undefined, 'it went');
  rows.filter = null;
  rows.changed(0);
  assert.equal(shown(rows), 'r e r 2s r r');
});

test('with a filter, too, the rows are those of the whole list, whatever comes in whatever order', () => {
  let seed = 11;
  const chance = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const filter = (/** @type {any} */ one) => one.kind === 'r' || one.kind === 'e';
  for (let round = 0; round < 40; round++) {
    const { entries, rows } = listed('');
    rows.filter = filter;
    for (let step = 0; step < 60; step++) {
      const at = Math.floor(chance() * (entries.length + 1));
      const kind = 'srpe'[Math.floor(chance() * 4)];
      if (chance() < 0.4 && at < entries.length) Object.assign(entries[at], { ...entry(kind), utterance: entries[at].utterance });
      else entries.splice(at, 0, entry(kind));
      const first = rows.changed(at);
      assert.ok(first <= rows.list.length);
      assert.deepEqual(rows.list, entries.filter(filter));
    }
  }
});
