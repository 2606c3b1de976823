import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';
import { watchWake } from '../../../fastapi_service/static/js/stream/network-change.js';

class FakeDocument extends EventTarget {
  hidden = false;
}
class FakeConnection extends EventTarget {
  /** @type {string} */ type = 'wifi';
}

let page = new FakeDocument();
let network = new FakeConnection();
let browser = new EventTarget();
let changes = 0;
let now = 0;
/** The interval's callback, which each test calls when it wants it to be late or not. */
let tick = () => {};

beforeEach(() => {
  mock.restoreAll();
  now = 1_000_000;
  mock.method(Date, 'now', () => now);
  mock.method(globalThis, 'setInterval', (/** @type {() => void} */ callback) => (tick = callback));
  page = new FakeDocument();
  network = new FakeConnection();
  browser = new EventTarget();
  changes = 0;
  watchWake(() => changes++, { window: browser, document: page, connection: network });
});

/** The next tick comes after so long; it should after 5 s. @param {number} ms */
function tickAfter(ms) {
  now += ms;
  tick();
}

/** @param {boolean} hidden */
function show(hidden) {
  page.hidden = hidden;
  page.dispatchEvent(new Event('visibilitychange'));
}

test('a day without sleep is no sleep', () => {
  for (let i = 0; i < 17_280; i++) tickAfter(5000 + (i % 7) * 1000);
  assert.equal(changes, 0);
});

test('a machine that slept for a minute is noticed at the next tick, once', () => {
  tickAfter(5000);
  tickAfter(65_000);
  tickAfter(5000);
  assert.equal(changes, 1);
});

test('a tab in the background whose timers are held back for a minute each did not sleep', () => {
  show(true);
  for (let i = 0; i < 60; i++) tickAfter(60_000);
  now += 60_000;
  show(false);
  assert.equal(changes, 0);
});

test('a tab that was in the background of a machine that slept looks as soon as it is seen', () => {
  show(true);
  tickAfter(60_000);
  now += 3_600_000;
  show(false);
  assert.equal(changes, 1);
  tick();
  assert.equal(changes, 1);
});

test('a tab that was frozen, or comes from the back-forward cache, counts as woken', () => {
  page.dispatchEvent(new Event('resume'));
  assert.equal(changes, 1);
  browser.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: false }));
  assert.equal(changes, 1);
  browser.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));
  assert.equal(changes, 2);
});

test('the network that comes back and the one that is another are changes; new estimates of its speed are none', () => {
  browser.dispatchEvent(new Event('online'));
  assert.equal(changes, 1);
  network.dispatchEvent(new Event('change'));
  assert.equal(changes, 1);
  network.type = 'none';
  network.dispatchEvent(new Event('change'));
  assert.equal(changes, 1);
  network.type = 'cellular';
  network.dispatchEvent(new Event('change'));
  assert.equal(changes, 2);
});
