// Numbers, times and languages as text.

import { LOCALE, words } from './strings.js';

// The browser knows better how times look where it is, if it speaks the language in use.
const region = globalThis.navigator?.languages?.find((tag) => tag.split('-')[0].toLowerCase() === LOCALE) ?? LOCALE;
const clock = new Intl.DateTimeFormat(region, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const calendar = new Intl.DateTimeFormat(region, { dateStyle: 'full' });
const whole = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });
const signs = new Intl.NumberFormat(LOCALE, {
  signDisplay: 'exceptZero',
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
});
const languages = new Intl.DisplayNames(LOCALE, { type: 'language', fallback: 'code' });

/** @param {number} epochMs */
export function timeOfDay(epochMs) {
  return clock.format(epochMs);
}

/** @param {number} epochMs */
export function date(epochMs) {
  return calendar.format(epochMs);
}

/** Minutes and seconds of a stream, as 3:07. @param {number} seconds */
export function streamTime(seconds) {
  const total = Math.floor(seconds);
  return `${Math.floor(total / 60)}:${String(total % 60).padStart(2, '0')}`;
}

/** A place in a file, as 3:07 or 1:03:07. @param {number} seconds */
export function fileTime(seconds) {
  const hours = Math.floor(seconds / 3600);
  const rest = streamTime(seconds - 3600 * hours);
  return hours === 0 ? rest : `${hours}:${rest.padStart(5, '0')}`;
}

/** Seconds with the digits that matter: 0.15, 1.2, 14. @param {number} seconds */
export function shortSeconds(seconds) {
  if (seconds >= 9.95) return seconds.toFixed(0);
  return seconds >= 0.995 ? seconds.toFixed(1) : seconds.toFixed(2);
}

/** @param {number} share 0 to 1 */
export function percent(share) {
  return `${whole.format(share * 100)}%`;
}

/** A model's score; near certainty keeps a decimal, so that 0.998 is not shown as all. @param {number} score 0 to 1 */
export function score(score) {
  return score > 0.99 && score < 1 ? `${Math.min(99.9, score * 100).toFixed(1)}%` : percent(score);
}

/** @param {number} value */
export function count(value) {
  return whole.format(value);
}

/** A score from -1 to 1, with its sign. @param {number} score */
export function signed(score) {
  return signs.format(score).replace('-', '−');
}

/** Milliseconds as seconds, or a dash for null. @param {number | null} ms */
export function latency(ms) {
  return ms === null ? words('stats.none') : words('stats.seconds', { seconds: shortSeconds(ms / 1000) });
}

/** Whole milliseconds up to ten seconds, then seconds. @param {number} ms */
export function milliseconds(ms) {
  return ms < 9_999.5 ? words('stage.ms', { ms: count(ms) }) : words('stats.seconds', { seconds: count(ms / 1000) });
}

/** @param {string} code as Whisper gives it, "en" or "ko" */
export function languageName(code) {
  try {
    return languages.of(code) ?? code;
  } catch {
    return code; // not a code at all
  }
}

/** `text` without what could end a line, in a cue or in a file. @param {string} text */
export function oneLine(text) {
  return text.replace(/[\s\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trim();
}

/**
 * `text` in two: its first so many characters as the server counts them, and the rest.
 * @param {string} text
 * @param {number} characters code points: some are two units of a JavaScript string
 * @returns {[string, string]}
 */
export function parted(text, characters) {
  const first = Array.from(text).slice(0, characters).join('');
  return [first, text.slice(first.length)];
}
