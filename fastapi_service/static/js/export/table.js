// The transcript as CSV (RFC 4180), for spreadsheets and for programs. docs/export.md describes the columns.

import { oneLine } from '../text/format.js';
import { serverMs } from '../transcript/stages.js';
import { spokenParts } from './parts.js';
import { timeline } from './timeline.js';

/** @typedef {import('../transcript/utterances.js').Entry} Entry */

const COLUMNS = Object.freeze([
  'number', 'type', 'spoken_at', 'offset_sec', 'duration_sec', 'language', 'text', 'translation', 'sentiment', 'score',
  'reason', 'detail', 'server_ms', 'neutral_reason', 'sentences', 'speaker', 'speaker_name',
]);

const BYTE_ORDER_MARK = '\ufeff'; // without it Excel takes UTF-8 for something else

/** @type {import('./index.js').Writer} */
export function csv(entries, _, recording) {
  const spans = timeline(entries, recording !== null);
  const rows = entries.flatMap((entry, index) => rowsOf(entry, index + 1, spans[index].begin_ms));
  return BYTE_ORDER_MARK + [COLUMNS, ...rows].map((cells) => cells.map(cell).join(',') + '\r\n').join('');
}

/**
 * A row, or one for each part where several people speak.
 * @param {Entry} entry
 * @param {number} number
 * @param {number} offset_ms
 * @returns {(string | number)[][]} in the order of COLUMNS
 */
function rowsOf(entry, number, offset_ms) {
  const { outcome, spokenAtMs } = entry;
  const when = [spokenAtMs === null ? '' : localTime(new Date(spokenAtMs)), offset_ms / 1000];
  if (outcome === null) return [[number, 'error', ...when, '', '', '', '', '', '', 'lost', '', '', '', '', '', '']];
  const begin = [number, outcome.type, ...when, outcome.duration_sec];
  const server_ms = Math.round(serverMs(outcome));
  switch (outcome.type) {
    case 'result': {
      const parts = spokenParts(entry);
      if (parts.length === 1) return [[...begin, ...saidCells(outcome, parts[0], server_ms)]];
      return parts.map((part, at) => {
        const later_ms = Math.max(0, Math.round(1000 * (part.start_sec - outcome.start_sec)));
        const spoken = spokenAtMs === null ? '' : localTime(new Date(spokenAtMs + later_ms));
        const length = Math.round(1000 * (part.end_sec - part.start_sec)) / 1000;
        const cells = saidCells(outcome, part, at === 0 ? server_ms : '');
        return [number, outcome.type, spoken, (offset_ms + later_ms) / 1000, length, ...cells];
      });
    }
    case 'dropped':
      return [[...begin, '', '', '', '', '', outcome.reason, outcome.detail, server_ms, '', '', '', '']];
    case 'error':
      return [[...begin, '', '', '', '', '', outcome.code, outcome.message, server_ms, '', '', '', '']];
  }
}

/**
 * What was said and by whom, from the language on.
 * @param {import('../stream/messages.js').Result} result
 * @param {import('./parts.js').SpokenPart} part
 * @param {number | ''} server_ms of the whole, with its first part alone
 * @returns {(string | number)[]}
 */
function saidCells({ language, sentiment_reason }, { text, translation, sentiment, sentences, number, speaker }, server_ms) {
  const felt = [sentiment?.zone ?? '', sentiment?.score ?? ''];
  const more = [sentiment?.neutral_reason ?? '', sentenceLines(sentences), number ?? '', speaker ?? ''];
  return [language, text, translation ?? '', ...felt, '', sentiment_reason ?? '', server_ms, ...more];
}

/**
 * A line for each of several sentences: zone, score or the reason that takes its place, and the sentence.
 * @param {import('../stream/messages.js').Result['sentences']} sentences
 */
function sentenceLines(sentences) {
  if (sentences.length < 2) return '';
  return sentences
    .map(({ text, sentiment }) => `${sentiment.zone} ${sentiment.neutral_reason ?? sentiment.score} ${oneLine(text)}`)
    .join('\n');
}

/** Local time as spreadsheets read it: 2025-11-24 14:03:07.120. @param {Date} date */
function localTime(date) {
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().replace('T', ' ').replace('Z', '');
}

/**
 * A text that a spreadsheet would take for a formula gets an apostrophe before it
 * (https://owasp.org/www-community/attacks/CSV_Injection).
 * @param {string | number} value
 */
function cell(value) {
  if (typeof value === 'number') return String(value);
  const safe = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(value) ? `'${value}` : value;
  return /[",\r\n]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
