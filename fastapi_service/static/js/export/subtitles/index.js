// The transcript as subtitles: SubRip and WebVTT (https://www.w3.org/TR/webvtt1/). The API makes the same of the same
// results: fastapi_service/subtitles/files.py.

import { timeline } from '../timeline.js';
import { cuesOf } from './cues.js';
import { plainLine } from './script.js';

/**
 * @typedef {import('../../transcript/utterances.js').Entry} Entry
 * @typedef {import('../../stream/messages.js').Result} Result
 * @typedef {import('./cues.js').Cue} Cue
 */

// Embedding alone turns a line in players that lay out left to right whatever it begins with (libass, VLC).
const RIGHT_TO_LEFT = '\u202b';
const OVER = '\u202c';

/** @type {import('../index.js').Writer} */
export function srt(entries, _, recording) {
  return cuesOf(spoken(entries, recording))
    .map((cue, index) => `${index + 1}\n${times(cue, ',')}\n${text(cue, srtText)}\n\n`)
    .join('');
}

/** @type {import('../index.js').Writer} */
export function vtt(entries, _, recording) {
  const blocks = cuesOf(spoken(entries, recording)).map((cue) => `${times(cue, '.')}\n${text(cue, vttText)}\n\n`);
  return `WEBVTT\n\n${blocks.join('')}`;
}

/**
 * The results, and when they and their words were said in the player's time.
 * @param {readonly Entry[]} entries
 * @param {import('../index.js').Recording | null} recording
 * @returns {import('./pieces.js').Spoken[]}
 */
function spoken(entries, recording) {
  const said = entries.filter(({ outcome }) => outcome?.type === 'result' && plainLine(outcome.text) !== '');
  return timeline(said, recording !== null).map(({ begin_ms, end_ms }, index) => {
    const result = /** @type {Result} */ (said[index].outcome);
    /** @param {number} streamSec */
    const at = (streamSec) => begin_ms + Math.floor((streamSec - result.start_sec) * 1000 + 0.5);
    const words = (result.words ?? []).map(({ word, start_sec, end_sec }) => ({ word, begin_ms: at(start_sec), end_ms: at(end_sec) }));
    return { begin_ms, end_ms, text: result.text, language: result.language, words };
  });
}

/**
 * @param {Cue} cue
 * @param {(text: string) => string} safe
 */
function text({ lines, right_to_left }, safe) {
  return lines.map((line) => (right_to_left ? `${RIGHT_TO_LEFT}${safe(line)}${OVER}` : safe(line))).join('\n');
}

/**
 * SubRip cannot write what players take for times, tags or {\\commands}: other characters take their place.
 * @param {string} line
 */
function srtText(line) {
  return line
    .replace(/-{2,}>/g, '→')
    .replace(/<(?=[/A-Za-z])/g, '‹')
    .replaceAll('{', '(')
    .replaceAll('}', ')');
}

/** @param {string} line */
function vttText(line) {
  return line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/**
 * @param {Cue} cue
 * @param {string} point between seconds and milliseconds
 */
function times({ begin_ms, end_ms }, point) {
  return `${clock(begin_ms, point)} --> ${clock(end_ms, point)}`;
}

/**
 * As 00:03:07.120; hours take more digits when they need them.
 * @param {number} ms
 * @param {string} point
 */
function clock(ms, point) {
  const parts = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60, Math.floor(ms / 1000) % 60];
  return parts.map((part) => String(part).padStart(2, '0')).join(':') + point + String(ms % 1000).padStart(3, '0');
}
