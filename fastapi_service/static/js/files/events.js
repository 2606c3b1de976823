// The events of an upload's answer (docs/files.md) as the page uses them: its segments become outcomes like those of
// live speech, so that cards and exports are the same.

import { SAMPLE_RATE_HZ } from '../base/audio-format.js';
import { parseMessage, ProtocolError } from '../stream/protocol.js';

/**
 * @typedef {import('../stream/messages.js').Result} Result
 * @typedef {import('../stream/messages.js').ServerError} ServerError
 *
 * @typedef {{ code: string, message: string, missing_parts: number, first_missing_sec: number | null,
 *   cut_off_sec: number | null }} Warning what could not be decoded
 *
 * @typedef {{ type: 'progress', id: string | null, done_sec: number, total_sec: number | null, waiting: boolean }} Progress
 * @typedef {{ type: 'segment', outcome: Result }} Segment
 * @typedef {import('../stream/messages.js').Turns} Turns who spoke a segment that has come
 * @typedef {{ type: 'done', duration_sec: number, language: string, failed: ServerError[], warnings: Warning[] }} Done
 * @typedef {{ type: 'error', code: string, message: string }} Failure
 * @typedef {Progress | Segment | Turns | Done | Failure} FileEvent
 */

/**
 * The event in `data`; null for one that this page has no use for.
 * @param {string} data
 * @returns {FileEvent | null}
 * @throws {ProtocolError} when it is not JSON or lacks a field
 */
export function readEvent(data) {
  const event = parsed(data);
  switch (event?.type) {
    case 'transcript.progress':
      return {
        type: 'progress',
        id: typeof event.id === 'string' && event.id !== '' ? event.id : null,
        done_sec: seconds(event.done_sec, 'done_sec'),
        total_sec: secondsOrNull(event.total_sec, 'total_sec'),
        waiting: event.waiting === true,
      };
    case 'transcript.text.segment':
      return { type: 'segment', outcome: segmentOutcome(event) };
    case 'transcript.segment.turns':
      return segmentTurns(event);
    case 'transcript.text.done':
      return {
        type: 'done',
        duration_sec: seconds(event.duration ?? 0, 'duration'),
        language: typeof event.language === 'string' ? event.language : '',
        failed: Array.isArray(event.failed_segments) ? event.failed_segments.map(failedOutcome) : [],
        warnings: Array.isArray(event.warnings) ? event.warnings.map(warningOf) : [],
      };
    case 'error':
      return { type: 'error', code: String(event.error?.code ?? ''), message: String(event.error?.message ?? '') };
    default:
      return null;
  }
}

/** @param {string} data @returns {any} */
function parsed(data) {
  try {
    return JSON.parse(data);
  } catch {
    throw new ProtocolError('event is not JSON');
  }
}

/** Its text begins with a space, as OpenAI's does. @param {any} event @returns {Result} */
function segmentOutcome(event) {
  const { language, translation, sentiment, sentiment_reason, sentences, doubtful, doubtful_reason } = event;
  const text = typeof event.text === 'string' ? event.text.trimStart() : event.text;
  const fields = { text, language, translation, sentiment, sentiment_reason, sentences, doubtful, doubtful_reason };
  const gaps = Array.isArray(event.gaps) ? event.gaps.map(gapOf) : [];
  const words = Array.isArray(event.words) ? event.words.map(wordOf) : null;
  const message = { type: 'result', ...place(event), ...fields, gaps, words };
  return /** @type {Result} */ (parseMessage(JSON.stringify(message)));
}

/** @param {any} event @returns {Turns} */
function segmentTurns(event) {
  const turns = Array.isArray(event.turns) ? event.turns.map(turnOf) : [];
  const message = { type: 'turns', utterance: idOf(seconds(event.start, 'start'), event.channel), turns };
  return /** @type {Turns} */ (parseMessage(JSON.stringify(message)));
}

/** @param {any} turn */
function turnOf(turn) {
  const { speaker, start, end, first_char, end_char } = turn ?? {};
  return { speaker, start_sec: start, end_sec: end, first_char, end_char };
}

/** @param {any} gap */
function gapOf(gap) {
  return { start_sec: gap?.start, end_sec: gap?.end, reason: gap?.reason };
}

/** @param {any} word */
function wordOf(word) {
  return { word: word?.word, start_sec: word?.start, end_sec: word?.end };
}

/** @param {any} segment @returns {ServerError} */
function failedOutcome(segment) {
  const message = { type: 'error', ...place(segment), code: segment?.code, message: segment?.reason };
  return /** @type {ServerError} */ (parseMessage(JSON.stringify(message)));
}

/** Its figures are missing where an older server tells it. @param {any} warning @returns {Warning} */
function warningOf(warning) {
  const { code, message, missing_parts, first_missing_sec, cut_off_sec } = warning ?? {};
  return {
    code: String(code ?? ''),
    message: String(message ?? ''),
    missing_parts: seconds(missing_parts ?? 0, 'missing_parts'),
    first_missing_sec: secondsOrNull(first_missing_sec, 'first_missing_sec'),
    cut_off_sec: secondsOrNull(cut_off_sec, 'cut_off_sec'),
  };
}

/** Where in the file; the id is this page's own, since those of the server name secret sessions. @param {any} segment */
function place(segment) {
  const start_sec = seconds(segment?.start, 'start');
  const duration_sec = Math.max(0, seconds(segment?.end, 'end') - start_sec);
  return { utterance: idOf(start_sec, segment.channel), start_sec, duration_sec };
}

/**
 * Two channels may begin to speak at the same moment.
 * @param {number} start_sec
 * @param {unknown} channel
 */
function idOf(start_sec, channel) {
  const place = `file-${Math.round(start_sec * SAMPLE_RATE_HZ)}`;
  return Number.isInteger(channel) ? `${place}-${channel}` : place;
}

/**
 * @param {unknown} value
 * @param {string} name
 */
function secondsOrNull(value, name) {
  return value === null || value === undefined ? null : seconds(value, name);
}

/**
 * @param {unknown} value
 * @param {string} name
 * @returns {number}
 */
function seconds(value, name) {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw new ProtocolError(`${name} is not a number of 0 or more`);
}
