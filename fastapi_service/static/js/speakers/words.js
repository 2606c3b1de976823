// The words about who speaks, in the language in use.

import { SPEAKERS_ENGLISH } from '../text/speakers-en.js';
import { SPEAKERS_KOREAN } from '../text/speakers-ko.js';
import { filled, LOCALE } from '../text/strings.js';

/** @typedef {import('../text/speakers-en.js').SpeakerStringKey} SpeakerStringKey */

/** @type {Readonly<Record<string, Record<SpeakerStringKey, string>>>} */
export const SPEAKER_LANGUAGES = Object.freeze({ en: SPEAKERS_ENGLISH, ko: SPEAKERS_KOREAN });

const CHOSEN = SPEAKER_LANGUAGES[LOCALE] ?? SPEAKERS_ENGLISH;

/**
 * @param {SpeakerStringKey} key
 * @param {Record<string, string | number>} [values]
 */
export function speakerWords(key, values = {}) {
  return filled(CHOSEN[key], values);
}
