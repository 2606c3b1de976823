import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QuietWatch } from '../../../fastapi_service/static/js/dock/quiet-watch.js';

const ROOM = 1e-7; // a quiet room
const ZEROS = 0;

/** What is said last when `seconds` of this level come, 20 a second. */
function after(/** @type {QuietWatch} */ watch, /** @type {number} */ fromSec, /** @type {number} */ seconds, level = ROOM, speaking = false) {
  let said = 'none';
  for (let tick = 0; tick <= seconds * 20; tick++) said = watch.level(level, speaking, (fromSec + tick / 20) * 1000);
  return said;
}

test('ten seconds without speech from the start are remarked upon, and speech ends that', () => {
  const watch = new QuietWatch();
  assert.equal(after(watch, 100, 9.9), 'none');
  assert.equal(after(watch, 110, 1), 'quiet');
  assert.equal(after(watch, 111, 0, 0.01, true), 'none');
  assert.equal(after(watch, 112, 600), 'none', 'whoever has been heard may pause');
});

test('nothing but zeros is remarked upon at any time', () => {
  const watch = new QuietWatch();
  assert.equal(after(watch, 0, 1, 0.01, true), 'none');
  assert.equal(after(watch, 1, 9.5, ZEROS), 'none');
  assert.equal(after(watch, 10.5, 1, ZEROS), 'dead');
  assert.equal(after(watch, 12, 0), 'none');
});

test('a microphone that is dead from the start is dead, not quiet', () => {
  assert.equal(after(new QuietWatch(), 0, 11, ZEROS), 'dead');
});

test('each recording is judged anew', () => {
  const watch = new QuietWatch();
  assert.equal(after(watch, 0, 11), 'quiet');
  watch.reset();
  assert.equal(after(watch, 11, 5), 'none');
  assert.equal(after(watch, 16.05, 6), 'quiet');
});
