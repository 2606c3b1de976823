// One thing plays at a time, and who must be quiet hears of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NowPlaying } from '../../../fastapi_service/static/js/listen/door.js';

/** @param {NowPlaying} now @param {string[]} log @param {string} name */
function play(now, log, name) {
  const stop = () => {
    log.push(`${name} ends`);
    now.end(stop);
  };
  now.begin(stop);
  return stop;
}

test('what begins ends what played, and that is told once', () => {
  const now = new NowPlaying();
  /** @type {string[]} */ const log = [];
  now.onChange(() => void log.push(String(now.active)));
  play(now, log, 'first');
  const second = play(now, log, 'second');
  assert.deepEqual(log, ['true', 'first ends']);
  now.stop();
  assert.deepEqual(log.slice(2), ['second ends', 'false']);
  now.stop();
  second();
  assert.deepEqual(log.slice(4), ['second ends'], 'an end that is told late ends nothing else');
  assert.equal(now.active, false);
});

test('the late end of one does not end another', () => {
  const now = new NowPlaying();
  const first = () => {};
  now.begin(first);
  now.begin(() => {});
  now.end(first);
  assert.equal(now.active, true);
});
