// The transcript as subtitles: SubRip and WebVTT (https://www.w3.org/TR/webvtt1/).

import { timeline } from './export-timeline.js';

/**
 * @typedef {import('./entries.js').Entry} Entry
 * @typedef {import('./protocol.js').Result} Result
 */

/** Lines end as SubRip's first programs want it. @param {readonly Entry[]} entries */
export function srt(entries) {
  return cues(entries, ',', srtText)
    .map(({ times, text }, index) => `${index + 1}\r\n${times}\r\n${text}\r\n\r\n`)
    .join('');
}

/** @param {readonly Entry[]} entries */
export function vtt(entries) {
  return 'WEBVTT\n\n' + cues(entries, '.', vttText).map(({ times, text }) => `${times}\n${text}\n\n`).join('');
}

/**
 * One cue for each result that has words.
 * @param {readonly Entry[]} entries
 * @param {string} point between seconds and milliseconds
 * @param {(text: string) => string} safe
 */
function cues(entries, point, safe) {
  const spoken = entries.filter(({ outcome }) => outcome?.type === 'result' && oneLine(outcome.text) !== '');
  return timeline(spoken).map(({ begin_ms, end_ms }, index) => ({
    times: `${timestamp(begin_ms, point)} --> ${timestamp(end_ms, point)}`,
    text: safe(oneLine(/** @type {Result} */ (spoken[index].outcome).text)),
  }));
}

/**
 * Hours, minutes, seconds and milliseconds, as 00:03:07.120; hours take more digits when they need them.
 * @param {number} ms
 * @param {string} point
 */
function timestamp(ms, point) {
  const parts = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60, Math.floor(ms / 1000) % 60];
  const clock = parts.map((part) => String(part).padStart(2, '0')).join(':');
  return clock + point + String(ms % 1000).padStart(3, '0');
}

/** A line break inside of a cue could end it. @param {string} text */
function oneLine(text) {
  return text.replace(/[\s\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trim();
}

/** @param {string} text */
function vttText(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/**
 * SubRip has no way to write what players take for times, tags or {\\commands}: other characters take their place.
 * @param {string} text
 */
function srtText(text) {
  return text
    .replace(/-{2,}>/g, '→')
    .replace(/<(?=[/a-z])/gi, '‹')
    .replaceAll('{', '(')
    .replaceAll('}', ')');
}
