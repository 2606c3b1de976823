// Utterances for tests of what is exported, and readers that accept nothing that a standard does not allow.

import assert from 'node:assert/strict';

/**
 * @typedef {import('../../../fastapi_service/static/js/transcript/utterances.js').Entry} Entry
 * @typedef {import('../../../fastapi_service/static/js/stream/messages.js').Outcome} Outcome
 * @typedef {{ begin_ms: number, end_ms: number, text: string }} Cue
 */

export const SPOKEN_AT_MS = Date.UTC(2025, 10, 24, 5, 3, 7, 120);

/**
 * A result, at so many seconds of the stream, spoken at twice that after SPOKEN_AT_MS.
 * @param {string} text
 * @param {number} startSec
 * @param {Partial<Entry>} [more]
 * @param {Partial<import('../../../fastapi_service/static/js/stream/messages.js').Result>} [fields]
 * @returns {Entry}
 */
export function said(text, startSec, more = {}, fields = {}) {
  return entry(startSec, more, {
    ...common(startSec),
    type: 'result',
    text,
    language: 'en',
    translation: null,
    sentiment: felt('positive', 0.998),
    sentiment_reason: null,
    sentences: [],
    decoded_again: false,
    language_probability: null,
    words: null,
    doubtful: false,
    doubtful_reason: null,
    gaps: [],
    avg_logprob: null,
    no_speech_prob: null,
    temperature: null,
    channel: null,
    speaker: null,
    turns: [],
    ...fields,
  });
}

/**
 * @param {import('../../../fastapi_service/static/js/stream/messages.js').Zone} zone
 * @param {number} score
 * @param {string | null} [neutral_reason]
 */
export function felt(zone, score, neutral_reason = null) {
  return { label: 'POSITIVE', score, scores: { POSITIVE: score }, zone, neutral_reason };
}

/**
 * @param {number} startSec
 * @param {string} detail
 */
export function refused(startSec, detail) {
  return entry(startSec, {}, { ...common(startSec), type: 'dropped', reason: 'no_speech', detail, channel: null });
}

/**
 * @param {number} startSec
 * @param {string} message
 */
export function failed(startSec, message) {
  return entry(startSec, {}, { ...common(startSec), type: 'error', code: 'gave_up', message, channel: null });
}

/**
 * @param {number} startSec
 * @param {Partial<Entry>} more
 * @param {Outcome | null} outcome
 * @returns {Entry}
 */
export function entry(startSec, more, outcome) {
  return {
    utterance: `5f1d7c0a-${startSec * 16000}`,
    session: 0,
    startSec,
    spokenAtMs: SPOKEN_AT_MS + startSec * 2000,
    state: outcome?.type ?? 'lost',
    text: '',
    settled: 0,
    outcome,
    speakers: { list: [] },
    pageStages: null,
    revision: 1,
    open: false,
    height: NaN,
    ...more,
  };
}

/**
 * A result of a file as tests of subtitles have it, in seconds of the file.
 * @param {{ start: number, end: number, text: string, language: string, words: [string, number, number][] | null,
 *   speaker?: string | null }} heard `speaker`: how they are called
 */
export function entryOf({ start, end, text, language, words, speaker = null }) {
  const times = words?.map(([word, start_sec, end_sec]) => ({ word, start_sec, end_sec })) ?? null;
  const fields = { start_sec: start, duration_sec: Math.max(0, end - start), language, words: times };
  if (speaker === null) return said(text, start, { spokenAtMs: null }, fields);
  const unknown = speaker.endsWith(' ?');
  const turns = [{ speaker: unknown ? null : 1, start_sec: start, end_sec: end, first_char: 0, end_char: Array.from(text).length }];
  const speakers = { list: unknown ? [] : [{ speaker: 1, name: speaker, same_as: null }] };
  return said(text, start, { spokenAtMs: null, speakers }, { ...fields, turns });
}

/** @param {number} startSec */
function common(startSec) {
  const timings_ms = { queue: 12.25, speech: 140 };
  return { seq: 1, utterance: `5f1d7c0a-${startSec * 16000}`, start_sec: startSec, duration_sec: 1.5, timings_ms };
}

/** The cues of a SubRip file. @param {string} file @returns {Cue[]} */
export function readSrt(file) {
  if (file === '') return [];
  assert.ok(file.endsWith('\n\n'));
  assert.doesNotMatch(file, /\r/);
  return file.slice(0, -2).split('\n\n').map((block, index) => {
    const [number, times, ...text] = block.split('\n');
    assert.equal(number, String(index + 1));
    return cue(times, /^(\d{2,}):([0-5]\d):([0-5]\d),(\d{3}) --> (\d{2,}):([0-5]\d):([0-5]\d),(\d{3})$/, text);
  });
}

/** The cues of a WebVTT file, with its escapes taken back. @param {string} file @returns {Cue[]} */
export function readVtt(file) {
  const [header, ...blocks] = file.split('\n\n');
  assert.equal(header, 'WEBVTT');
  assert.equal(blocks.pop(), '');
  assert.doesNotMatch(file, /\r/);
  return blocks.map((block) => {
    const [times, ...text] = block.split('\n');
    const read = cue(times, /^(\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3}) --> (\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3})$/, text);
    assert.doesNotMatch(read.text, /<|-->|&(?!amp;|lt;|gt;)/);
    return { ...read, text: read.text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&') };
  });
}

/**
 * @param {string} times
 * @param {RegExp} pattern
 * @param {string[]} lines
 * @returns {Cue}
 */
function cue(times, pattern, lines) {
  const found = times.match(pattern);
  assert.ok(found, times);
  assert.ok(lines.length === 1 || lines.length === 2);
  for (const line of lines) {
    assert.notEqual(line.trim(), '');
    assert.doesNotMatch(line, /-->/);
  }
  const [h1, m1, s1, ms1, h2, m2, s2, ms2] = found.slice(1).map(Number);
  return { begin_ms: ((h1 * 60 + m1) * 60 + s1) * 1000 + ms1, end_ms: ((h2 * 60 + m2) * 60 + s2) * 1000 + ms2, text: lines.join('\n') };
}

/** The records of a CSV file, by RFC 4180. @param {string} file */
export function readCsv(file) {
  assert.equal(file[0], '\ufeff');
  const records = [];
  let record = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y;
  field.lastIndex = 1;
  while (field.lastIndex < file.length) {
    const at = field.lastIndex;
    const found = field.exec(file);
    assert.ok(found, `no field at ${at}: ${JSON.stringify(file.slice(at, at + 30))}`);
    record.push(found[1]?.replaceAll('""', '"') ?? found[2]);
    if (found[3] === ',') continue;
    records.push(record);
    record = [];
  }
  const [header, ...rows] = records;
  for (const row of rows) assert.equal(row.length, header.length);
  return rows.map((row) => Object.fromEntries(header.map((name, index) => [name, row[index]])));
}

/** Numbers from 0 to 1 that are the same each time (mulberry32). @param {number} seed */
export function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const NASTY = ['a', 'Ω', '좋', 'م', '\u{1f600}', ' ', '\n', '\r', '\r\n', '\n\n', '\t', '"', ',', ';', '=', '+', '-', '@', "'", '-->',
  '--->', '<', '>', '<b>', '</i>', '&', '&amp;', '{', '}', '{\\an8}', '\u2028', '\u0085', '\u0000', '1\n', '00:00:01.000 --> 00:00:02.000'];

/** A text of what makes trouble. @param {() => number} chance */
export function nastyText(chance) {
  return Array.from({ length: Math.floor(chance() * 12) }, () => NASTY[Math.floor(chance() * NASTY.length)]).join('');
}
