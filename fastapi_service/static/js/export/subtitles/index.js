// The transcript as subtitles: SubRip and WebVTT (https://www.w3.org/TR/webvtt1/). The API makes the same of the same
// results: fastapi_service/subtitles/files.py.

import { timeline } from '../timeline.js';
import { spokenParts } from '../parts.js';
import { cuesOf, speakerPrefix } from './cues.js';
import { plainLine } from './script.js';

/**
 * @typedef {import('../../transcript/utterances.js').Entry} Entry
 * @typedef {import('./cues.js').Cue} Cue
 */

// Embedding alone turns a line in players that lay out left to right whatever it begins with (libass, VLC).
const RIGHT_TO_LEFT = '\u202b';
const OVER = '\u202c';

/** @type {import('../index.js').Writer} */
export function srt(entries, _, recording) {
  return cuesOf(spoken(entries, recording))
    .map((cue, index) => `${index + 1}\n${times(cue, ',')}\n${text(cue, srtText, cue.named ? speakerPrefix(cue.speaker ?? '') : '')}\n\n`)
    .join('');
}

/** @type {import('../index.js').Writer} */
export function vtt(entries, _, recording) {
  const blocks = cuesOf(spoken(entries, recording)).map((cue) => `${times(cue, '.')}\n${voice(cue)}${text(cue, vttText)}\n\n`);
  return `WEBVTT\n\n${blocks.join('')}`;
}

/**
 * The results by speakers, and when they and their words were said in the player's time.
 * @param {readonly Entry[]} entries
 * @param {import('../index.js').Recording | null} recording
 * @returns {import('./pieces.js').Spoken[]}
 */
function spoken(entries, recording) {
  const lines = entries.flatMap(linesOf);
  return timeline(lines, recording !== null).map((span, index) => {
    const { startSec, text, language, words, speaker } = lines[index];
    /** @param {number} streamSec */
    const at = (streamSec) => span.begin_ms + Math.floor((streamSec - startSec) * 1000 + 0.5);
    const said = (words ?? []).map(({ word, start_sec, end_sec }) => ({ word, begin_ms: at(start_sec), end_ms: at(end_sec) }));
    return { ...span, text, language, words: said, speaker };
  });
}

/**
 * What each speaker says of an entry, as the timeline takes it.
 * @param {Entry} entry
 */
function linesOf(entry) {
  const { outcome, session, startSec, spokenAtMs } = entry;
  if (outcome?.type !== 'result' || plainLine(outcome.text) === '') return [];
  const { language, start_sec, duration_sec } = outcome;
  const parts = spokenParts(entry);
  return parts.map(({ text, words, speaker, ...part }) => {
    const said = { text, language, words, speaker, session };
    if (parts.length === 1) return { ...said, startSec: start_sec, spokenAtMs, outcome: { duration_sec } };
    const beginSec = Math.min(Math.max(part.start_sec, start_sec), start_sec + duration_sec);
    const endSec = Math.min(Math.max(part.end_sec, beginSec), start_sec + duration_sec);
    const afterMs = 1000 * (beginSec - startSec);
    const spokenMs = spokenAtMs === null ? null : spokenAtMs + afterMs;
    return { ...said, startSec: beginSec, spokenAtMs: spokenMs, outcome: { duration_sec: endSec - beginSec } };
  });
}

/** Who says a cue in WebVTT; it ends with the cue. @param {Cue} cue */
function voice({ speaker }) {
  return speaker === null ? '' : `<v ${vttText(plainLine(speaker))}>`;
}

/**
 * @param {Cue} cue
 * @param {(text: string) => string} safe
 * @param {string} [name] before the first line
 */
function text({ lines, right_to_left }, safe, name = '') {
  return lines
    .map((line, number) => safe(number === 0 ? name + line : line))
    .map((line) => (right_to_left ? `${RIGHT_TO_LEFT}${line}${OVER}` : line))
    .join('\n');
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
