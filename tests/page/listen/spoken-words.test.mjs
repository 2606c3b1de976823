// The word that is said is found in the text that is shown.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeAt, placesOf } from '../../../fastapi_service/static/js/listen/spoken-words.js';

/** @param {...string} words */
const each = (...words) => words.map((word, at) => ({ word, start_sec: at, end_sec: at + 0.5 }));

/** @param {string} text @param {...string} words */
const found = (text, ...words) => placesOf(text, each(...words)).map(({ begin, end }) => text.slice(begin, end));

test('each in its turn, with what Whisper puts around it', () => {
  assert.deepEqual(found('So, so good. So it is.', ' So,', ' so', ' good.', ' So', ' it', ' is.'), ['So,', 'so', 'good.', 'So', 'it', 'is.']);
  assert.deepEqual(found('좋네요, 정말.', '좋네요,', ' 정말.'), ['좋네요,', '정말.']);
});

test('one that is not there, or far away, costs no other', () => {
  assert.deepEqual(found('one two three', 'one', 'zwei', '', 'three'), ['one', 'three']);
  const far = `${'x '.repeat(40)}late two`;
  assert.deepEqual(found(`one ${far}`, 'one', 'late'), ['one']);
});

test('between words none is said', () => {
  const places = placesOf('one two', each('one', 'two'));
  assert.deepEqual([-1, 0, 0.4, 0.5, 0.9, 1, 1.49, 1.5].map((sec) => placeAt(places, sec)), [-1, 0, 0, -1, -1, 1, 1, -1]);
  assert.equal(placeAt([], 1), -1);
});
