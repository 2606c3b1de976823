// The words of index.html are those of strings.js, and every key that the page builds has words.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { chosenLanguage, hasWords, LANGUAGES, words } from '../../../fastapi_service/static/js/text/strings.js';
import { ENGLISH } from '../../../fastapi_service/static/js/text/en.js';
import { scripts } from './scripts.mjs';

const STATIC = new URL('../../../fastapi_service/static/', import.meta.url);
const html = readFileSync(new URL('index.html', STATIC), 'utf8');

test('index.html says what the English words say', () => {
  const marked = [...html.matchAll(/data-i18n="([^"]+)"[^>]*>([^<]*)</g)];
  assert.ok(marked.length > 20);
  for (const [, key, text] of marked) {
    assert.ok(hasWords(key), key);
    assert.equal(text, words(key), key);
  }
});

test('labels too', () => {
  const marked = [...html.matchAll(/aria-label="([^"]+)" data-i18n-label="([^"]+)"/g)];
  assert.ok(marked.length > 0);
  for (const [, text, key] of marked) {
    assert.ok(hasWords(key), key);
    assert.equal(text, words(key), key);
  }
});

test('no word is left that nobody says', () => {
  const keys = Object.keys(ENGLISH);
  assert.ok(keys.length > 50);
  const built = /^(calibrate|control|problem|zone|dropped|doubtful|connection|notice|busy|refused|allow|system|error|neutral)\./; // made from a state or a code
  for (const key of keys.filter((name) => !built.test(name))) {
    const used = scripts.includes(`'${key}'`) || html.includes(`"${key}"`);
    assert.ok(used, key);
  }
});

test('the page asks for nothing from elsewhere and carries no inline script or style', () => {
  assert.doesNotMatch(html, /(src|href)="(https?:)?\/\//);
  assert.doesNotMatch(html, /<style|style="|<script>|\son\w+="/);
  assert.doesNotMatch(scripts, /innerHTML|outerHTML|insertAdjacentHTML|document\.write/);
});

test('values are put in, and what is missing stays visible', () => {
  assert.equal(words('connection.next', { seconds: 3 }), 'next try in 3 s');
  assert.equal(words('connection.next'), 'next try in {seconds} s');
});

test('every language has every word, with the same values to put in', () => {
  const names = (/** @type {string} */ text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
  for (const [language, strings] of Object.entries(LANGUAGES)) {
    assert.deepEqual(Object.keys(strings).sort(), Object.keys(ENGLISH).sort(), language);
    for (const [key, text] of Object.entries(strings)) {
      assert.ok(text.trim(), `${language} ${key}`);
      const english = ENGLISH[/** @type {import('../../../fastapi_service/static/js/text/strings.js').StringKey} */ (key)];
      assert.deepEqual(names(text), names(english), `${language} ${key}`);
    }
  }
});

test('the language is the one picked, else the first of the browser that the page has, else English', () => {
  assert.equal(chosenLanguage('ko', ['en-US']), 'ko');
  assert.equal(chosenLanguage('auto', ['fr-FR', 'ko-KR', 'en']), 'ko');
  assert.equal(chosenLanguage('auto', ['fr-FR']), 'en');
  assert.equal(chosenLanguage('auto', []), 'en');
  assert.equal(chosenLanguage('toString', ['ko']), 'ko');
});
