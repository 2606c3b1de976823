// What was chosen is kept, and whatever is found in the storage the page starts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULTS, Preferences } from '../../../fastapi_service/static/js/base/preferences.js';
import { MemoryStorage } from '../../../fastapi_service/static/js/base/storage.js';

const KEY = 'wta.preferences';

test('a choice is told, kept, and found again', () => {
  const storage = new MemoryStorage();
  const first = new Preferences(storage);
  /** @type {string[]} */
  const told = [];
  first.onChange((name) => told.push(name));
  first.set('theme', 'dark');
  first.set('theme', 'dark');
  first.set('threshold', 0.002);
  first.set('sentences', false);
  assert.deepEqual(told, ['theme', 'threshold', 'sentences']);
  const second = new Preferences(storage);
  assert.equal(second.get('theme'), 'dark');
  assert.equal(second.get('threshold'), 0.002);
  assert.equal(second.get('sentences'), false);
  assert.equal(second.get('partials'), DEFAULTS.partials);
});

test('what cannot be is left out, value by value', () => {
  const storage = new MemoryStorage();
  const kept = { theme: 'pink', threshold: 7, hangover_ms: 800, toString: 1, partials: 'no', sentences: 0 };
  storage.setItem(KEY, JSON.stringify(kept));
  const preferences = new Preferences(storage);
  assert.equal(preferences.get('theme'), 'auto');
  assert.equal(preferences.get('threshold'), DEFAULTS.threshold);
  assert.equal(preferences.get('hangover_ms'), 800);
  assert.equal(preferences.get('partials'), true);
  assert.equal(preferences.get('sentences'), true);
  preferences.set('hangover_ms', 1e9);
  assert.equal(preferences.get('hangover_ms'), 800);
});

test('hints are one line of at most 400 characters of any script', () => {
  const preferences = new Preferences(null);
  for (const hints of ['Ada Lovelace, O’Brien & <b>', '김민준, 쿠버네티스', '👩‍💻'.repeat(100), 'x'.repeat(400)]) {
    preferences.set('hints', hints);
    assert.equal(preferences.get('hints'), hints);
  }
  for (const wrong of ['a\nb', 'a\u0000', '\u001b[31m', 'a\u2028b', '\ud800', 'x'.repeat(401)]) {
    preferences.set('hints', wrong);
    assert.equal(preferences.get('hints'), 'x'.repeat(400));
  }
});

test('a storage that is broken, full or forbidden is no reason to stop', () => {
  for (const found of ['', 'null', '[]', '{', '"x"', '7']) {
    const storage = new MemoryStorage();
    storage.setItem(KEY, found);
    assert.equal(new Preferences(storage).get('theme'), 'auto', found);
  }
  const full = new MemoryStorage();
  full.setItem = () => {
    throw new Error('QuotaExceededError');
  };
  for (const preferences of [new Preferences(full), new Preferences(null)]) {
    preferences.set('theme', 'light');
    assert.equal(preferences.get('theme'), 'light');
  }
});
