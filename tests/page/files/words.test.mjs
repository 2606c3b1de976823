// The words about files: every language has them all, each is said somewhere, and the states read well.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FILE_LANGUAGES, fileSize, fileWords, saidWords, stateWords, warningWords } from '../../../fastapi_service/static/js/files/words.js';
import { LANGUAGES } from '../../../fastapi_service/static/js/text/strings.js';
import { FILES_ENGLISH } from '../../../fastapi_service/static/js/text/files-en.js';
import { scripts } from '../text/scripts.mjs';

const LIMITS = { upload_bytes: 200 * 1024 ** 2 };

test('every language of the page has every word, with the same values to put in', () => {
  const names = (/** @type {string} */ text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
  assert.deepEqual(Object.keys(FILE_LANGUAGES), Object.keys(LANGUAGES));
  for (const [language, strings] of Object.entries(FILE_LANGUAGES)) {
    assert.deepEqual(Object.keys(strings).sort(), Object.keys(FILES_ENGLISH).sort(), language);
    for (const [key, text] of Object.entries(strings)) {
      const english = FILES_ENGLISH[/** @type {import('../../../fastapi_service/static/js/text/files-en.js').FileStringKey} */ (key)];
      assert.deepEqual(names(text), names(english), `${language} ${key}`);
    }
  }
});

test('no word is left that nobody says', () => {
  for (const key of Object.keys(FILES_ENGLISH)) {
    const built = /^(state\.(retry|said|done|cancelled|queued|waiting)|failed|listen)/.test(key);
    assert.ok(built || scripts.includes(`'${key}'`), key);
  }
});

/** @param {import('../../../fastapi_service/static/js/files/job.js').FileState} state @param {number | null} [left_sec] */
const job = (state, left_sec = null) => /** @type {any} */ ({ state, left_sec });

/** @param {number} done_sec @param {number | null} [total_sec] @param {boolean} [held] */
const working = (done_sec, total_sec = 7265, held = false) => /** @type {const} */ ({ name: 'working', done_sec, total_sec, held });

test('the states in words', () => {
  const words = (/** @type {any} */ state, /** @type {number | null} */ left = null) => stateWords(job(state, left), LIMITS);
  assert.equal(words({ name: 'queued' }), 'Waits for the file before it');
  assert.equal(words({ name: 'sending', sent: 5, total: 20 }), '25% of it sent');
  assert.equal(words(working(61)), '1:01 of 2:01:05 recognised');
  assert.equal(words(working(61), 200), '1:01 of 2:01:05 recognised · about 3 min left');
  assert.equal(words(working(61), 0.2), '1:01 of 2:01:05 recognised · about 1 s left');
  assert.equal(words(working(61, null)), '1:01 recognised');
  assert.equal(words(working(61, 90, true)), '1:01 of 1:30 recognised · live speech goes first');
  const soon = { name: 'retrying', why: 'busy', at_ms: Date.now() + 4_500 };
  assert.equal(words(soon), 'The server is busy. Next try in 5 s');
  assert.equal(words({ ...soon, why: 'lost', at_ms: 0 }), 'The connection was lost. Next try in 0 s');
});

test('each failure in words, with the limit where it is known', () => {
  const failed = (/** @type {any} */ code, limits = /** @type {typeof LIMITS | null} */ (LIMITS)) =>
    stateWords(job({ name: 'failed', code, message: 'why {x}' }), limits);
  assert.equal(failed('too_large'), 'Too large: this server takes files up to 200 MB.');
  assert.equal(failed('too_large', null), 'Too large for this server.');
  assert.equal(failed('too_long'), 'Too long for this server: why {x}');
  assert.equal(failed('refused'), 'The server refused this file: why {x}');
  for (const code of ['not_allowed', 'no_route', 'not_media', 'cancelled', 'unreadable', 'empty', 'server', 'lost']) {
    assert.ok(failed(code).length > 10, code);
  }
});

test('what could not be read is said, and where', () => {
  const done = (/** @type {object[]} */ ...warnings) => /** @type {any} */ ({ name: 'done', duration_sec: 9, language: 'en', warnings });
  const damage = { code: 'damaged', message: 'by the server', missing_parts: 0, first_missing_sec: null, cut_off_sec: null };
  const general = 'This file is damaged: what could not be read is missing in the text.';
  assert.equal(warningWords(done()), '');
  assert.equal(warningWords({ name: 'queued' }), '');
  assert.equal(warningWords(done(damage)), general);
  assert.equal(
    warningWords(done({ ...damage, missing_parts: 3, first_missing_sec: 64.2, cut_off_sec: 80 })),
    `${general} Missing pieces: 3, the first at 1:04. Nothing could be read beyond 1:20.`,
  );
  assert.equal(warningWords(done({ ...damage, code: 'new' })), 'by the server');
  assert.equal(stateWords(job(done()), LIMITS), 'Done');
  assert.equal(saidWords(job(done()), LIMITS), 'Done');
  assert.equal(stateWords(job(done(damage)), LIMITS), 'Done, but not all of it could be read');
  assert.equal(saidWords(job(done(damage)), LIMITS), `Done, but not all of it could be read. ${general}`);
  assert.equal(saidWords(job(done({ ...damage, code: 'new' })), LIMITS), 'Done. by the server');
});

test('what is said aloud changes with the quarters, not with the seconds', () => {
  const said = new Set();
  for (let done = 0; done <= 60; done += 0.5) said.add(saidWords(job(working(done, 60), 60 - done), LIMITS));
  assert.deepEqual([...said], ['0% recognised', '25% recognised', '50% recognised', '75% recognised', '100% recognised']);
  const sending = [0, 1, 9].map((sent) => saidWords(job({ name: 'sending', sent, total: 9 }), LIMITS));
  assert.equal(new Set(sending).size, 1);
  assert.equal(saidWords(job({ name: 'retrying', why: 'lost', at_ms: 0 }), LIMITS), 'the connection was lost; it is tried again');
});

test('sizes and lengths', () => {
  const sizes = [1, 999 * 1024, 1024 ** 2, 3.4 * 1024 ** 2, 200 * 1024 ** 2, 1.5 * 1024 ** 3];
  assert.deepEqual(sizes.map(fileSize), ['1 kB', '999 kB', '1 MB', '3.4 MB', '200 MB', '1.5 GB']);
  assert.equal(fileWords('full', { max: 20, names: 'a' }).includes('20'), true);
});
