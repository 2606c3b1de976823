// The page's words in the language in use. The words themselves are in en.js and ko.js; another language is another file
// with the same keys.

import { preferences } from '../base/preferences.js';
import { ENGLISH } from './en.js';
import { KOREAN } from './ko.js';

/** @typedef {import('./en.js').StringKey} StringKey */

/** @type {Readonly<Record<string, Record<StringKey, string>>>} */
export const LANGUAGES = Object.freeze({ en: ENGLISH, ko: KOREAN });

/** The code of the language in use, for numbers, times, the names of languages and the page's `lang`. */
export const LOCALE = chosenLanguage(preferences.get('language'), globalThis.navigator?.languages ?? []);

const CHOSEN = LANGUAGES[LOCALE];

/**
 * The language to use: the one that was picked, else the first of the browser's that the page has, else English.
 * @param {string} picked a code of LANGUAGES, or 'auto'
 * @param {readonly string[]} wanted BCP 47 tags, the best first
 */
export function chosenLanguage(picked, wanted) {
  if (Object.hasOwn(LANGUAGES, picked)) return picked;
  const base = wanted.map((tag) => tag.toLowerCase().split('-')[0]);
  return base.find((code) => Object.hasOwn(LANGUAGES, code)) ?? 'en';
}

/**
 * The words for `key`, with `{name}` replaced by the values.
 * @param {StringKey} key
 * @param {Record<string, string | number>} [values]
 */
export function words(key, values = {}) {
  return filled(CHOSEN[key], values);
}

/**
 * `text` with `{name}` replaced by the values.
 * @param {string} text
 * @param {Record<string, string | number>} values
 */
export function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/**
 * Whether there are words for `key`, for keys that the server has a part in.
 * @param {string} key
 * @returns {key is StringKey}
 */
export function hasWords(key) {
  return Object.hasOwn(ENGLISH, key);
}

/** Put the words of the language in use into what is marked in the document (`data-i18n`, `data-i18n-label`). */
export function translateDocument() {
  document.documentElement.lang = LOCALE;
  for (const marked of document.querySelectorAll('[data-i18n]')) {
    const key = marked.getAttribute('data-i18n') ?? '';
    if (hasWords(key)) marked.textContent = words(key);
  }
  for (const marked of document.querySelectorAll('[data-i18n-label]')) {
    const key = marked.getAttribute('data-i18n-label') ?? '';
    if (hasWords(key)) marked.setAttribute('aria-label', words(key));
  }
}
