// What a speaker is called, and which mark and colour stand for one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renameHere, shownSpeaker, speakerColour, speakerLabel, speakerName, speakerSign, speakersOf } from '../../../fastapi_service/static/js/speakers/names.js';
import { SPEAKER_LANGUAGES } from '../../../fastapi_service/static/js/speakers/words.js';
import { SPEAKERS_ENGLISH } from '../../../fastapi_service/static/js/text/speakers-en.js';
import { LANGUAGES } from '../../../fastapi_service/static/js/text/strings.js';
import { said } from '../export/samples.mjs';
import { scripts } from '../text/scripts.mjs';

/** @param {...[speaker: number, name: string | null, same_as?: number | null]} list */
const known = (...list) => ({ list: list.map(([speaker, name, same_as = null]) => ({ speaker, name, same_as })) });

test('who was found to be another has that one’s number and name, over several steps', () => {
  const three = known([1, 'Anna'], [2, 'Bob', 1], [3, null, 2], [4, null, 9], [5, '']);
  assert.deepEqual([1, 2, 3, 4, 5, 6].map((number) => shownSpeaker(number, three)), [1, 1, 1, 9, 5, 6]);
  assert.deepEqual([1, 2, 3, 4, 5, 6].map((number) => speakerName(number, three)), ['Anna', 'Anna', 'Anna', null, null, null]);
  assert.deepEqual([3, 4, 5, null].map((number) => speakerLabel(number, three)), ['Anna', 'Speaker 9', 'Speaker 5', 'Speaker ?']);
});

test('speakers who are each other end somewhere', () => {
  assert.ok([1, 2].includes(shownSpeaker(1, known([1, null, 2], [2, null, 1]))));
  assert.equal(shownSpeaker(1, known([1, null, 1])), 1);
});

test('a mark is the number, or the initials of a name', () => {
  const names = known([1, null], [2, 'anna kim'], [3, '김민지'], [4, '😀 of the Many Words'], [5, ' Bob ']);
  assert.deepEqual([1, 2, 3, 4, 5, 12, null].map((number) => speakerSign(number, names)), ['1', 'AK', '김', '😀W', 'B', '12', '?']);
});

test('there are eight colours, one for each of the first eight, and none for nobody', () => {
  const numbers = [1, 2, 3, 4, 5, 6, 7, 8];
  assert.equal(new Set(numbers.map((number) => speakerColour(number, known()))).size, 8);
  assert.equal(speakerColour(9, known()), speakerColour(1, known()));
  assert.equal(speakerColour(2, known([2, null, 1])), speakerColour(1, known()));
  assert.equal(speakerColour(null, known()), 0);
});

test('a name for this tab alone keeps the rest', () => {
  const names = known([1, null], [2, 'Bob']);
  renameHere(names, 1, 'Anna');
  renameHere(names, 3, 'Eve');
  renameHere(names, 2, null);
  assert.deepEqual([1, 2, 3].map((number) => speakerName(number, names)), ['Anna', null, 'Eve']);
  assert.equal(names.list.length, 3);
});

test('who speaks in an utterance: nobody told is not the same as nobody knows', () => {
  const speakers = known([2, null, 1]);
  const turn = (/** @type {number | null} */ speaker, /** @type {number} */ first_char, /** @type {number} */ end_char) => ({ speaker, start_sec: 0, end_sec: 1, first_char, end_char });
  assert.deepEqual([...speakersOf(said('a b', 0, { speakers }))], []);
  assert.deepEqual([...speakersOf(said('a b', 0, { speakers }, { speaker: 2 }))], [1]);
  assert.deepEqual([...speakersOf(said('a b', 0, { speakers }, { turns: [turn(null, 0, 3)] }))], [null]);
  assert.deepEqual([...speakersOf(said('a b', 0, { speakers }, { turns: [turn(1, 0, 1), turn(2, 1, 3)] }))], [1]);
  assert.deepEqual([...speakersOf(said('a b', 0, { speakers }, { turns: [turn(3, 0, 1), turn(2, 1, 3)] }))], [3, 1]);
});

test('every language has every word, with the same values to put in, and each is said somewhere', () => {
  const names = (/** @type {string} */ text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
  assert.deepEqual(Object.keys(SPEAKER_LANGUAGES), Object.keys(LANGUAGES));
  for (const [language, strings] of Object.entries(SPEAKER_LANGUAGES)) {
    assert.deepEqual(Object.keys(strings).sort(), Object.keys(SPEAKERS_ENGLISH).sort(), language);
    for (const [key, text] of Object.entries(strings)) {
      const english = SPEAKERS_ENGLISH[/** @type {import('../../../fastapi_service/static/js/text/speakers-en.js').SpeakerStringKey} */ (key)];
      assert.deepEqual(names(text), names(english), `${language} ${key}`);
    }
  }
  for (const key of Object.keys(SPEAKERS_ENGLISH)) {
    assert.ok(/^(name\.failed|settings\.forget)\./.test(key) || scripts.includes(`'${key}'`), key);
  }
});
