// The parser that holds what arrives to the types of messages.js.

/**
 * What close codes mean; any other is a lost connection.
 * @type {Readonly<Record<number, 'idle' | 'broken' | 'refused' | 'busy' | 'taken_over'>>}
 */
export const CLOSE_CODES = Object.freeze({
  1000: 'idle',
  1003: 'broken',
  1007: 'broken',
  1008: 'refused',
  1009: 'broken',
  1013: 'busy',
  4001: 'taken_over',
});

/** @typedef {import('./messages.js').ServerMessage} ServerMessage */

/** What arrived is no message of the protocol; the text says where. */
export class ProtocolError extends Error {}

/**
 * A check returns what it was given, or throws a ProtocolError that names `path`.
 * @typedef {(value: unknown, path: string) => unknown} Check
 */

/** @type {Check} */
const string = (value, path) => (typeof value === 'string' ? value : fail(path, 'a string'));

/** @type {Check} */
const boolean = (value, path) => (typeof value === 'boolean' ? value : fail(path, 'true or false'));

/** @type {Check} */
const finite = (value, path) => (Number.isFinite(value) ? value : fail(path, 'a number'));

/** @type {Check} */
const positive = (value, path) =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : fail(path, 'a number of 0 or more');

/** @type {Check} */
const natural = (value, path) => (Number.isSafeInteger(positive(value, path)) ? value : fail(path, 'a whole number'));

/** From 1: of a speaker, of a channel. @type {Check} */
const ordinal = (value, path) => (natural(value, path) === 0 ? fail(path, 'a number of 1 or more') : value);

/** @type {Check} */
const zone = (value, path) =>
  value === 'positive' || value === 'neutral' || value === 'negative' ? value : fail(path, 'a zone');

/** @type {(check: Check) => Check} */
const nullable = (check) => (value, path) => (value === null || value === undefined ? null : check(value, path));

/** @type {(check: Check, fallback: unknown) => Check} */
const optional = (check, fallback) => (value, path) => (value === undefined ? fallback : check(value, path));

/** @type {(check: Check) => Check} */
const record = (check) => (value, path) =>
  Object.fromEntries(Object.entries(plainObject(value, path)).map(([key, item]) => [key, check(item, `${path}.${key}`)]));

/** @type {(check: Check) => Check} */
const list = (check) => (value, path) =>
  Array.isArray(value) ? value.map((item, at) => check(item, `${path}.${at}`)) : fail(path, 'a list');

/** Unknown fields are left out: older pages take newer servers. @type {(fields: Record<string, Check>) => Check} */
const object = (fields) => (value, path) => {
  const given = plainObject(value, path);
  return Object.fromEntries(Object.entries(fields).map(([key, check]) => [key, check(given[key], `${path}.${key}`)]));
};

const sentiment = object({
  label: string,
  score: positive,
  scores: record(positive),
  zone,
  neutral_reason: nullable(string),
});

const channel = nullable(ordinal);

const utterance = {
  seq: optional(natural, 0),
  utterance: string,
  start_sec: optional(positive, 0),
  duration_sec: optional(positive, 0),
  timings_ms: optional(record(positive), {}),
};

const turns = list(
  object({ speaker: nullable(ordinal), start_sec: positive, end_sec: positive, first_char: natural, end_char: natural }),
);

const statsBlock = object({
  utterances: natural,
  results: natural,
  dropped: natural,
  errors: natural,
  words: natural,
  audio_sec: positive,
  words_per_minute: positive,
  decoded_again: optional(natural, 0),
  unjudged: optional(natural, 0),
  sentiment: record(object({ count: natural, share: positive, mean_score: positive })),
  speakers: optional(
    record(
      object({
        words: natural,
        audio_sec: positive,
        share: positive,
        sentiment: record(object({ count: natural, share: positive, mean_score: positive })),
      }),
    ),
    {},
  ),
  latency_ms: object({ p50: nullable(positive), p95: nullable(positive) }),
});

/** @type {Record<string, Check>} */
const MESSAGES = {
  session: object({
    type: string,
    session: string,
    position: natural,
    seq: optional(natural, 0),
    channels: optional(list(object({ position: natural, seq: optional(natural, 0) })), []),
    models: object({ speech: string, sentiment: string, demo: boolean }),
    limits: object({
      frame_bytes: positive,
      utterance_sec: positive,
      idle_cut_sec: positive,
      idle_close_sec: positive,
      buffer_sec: positive,
      sentence_wait_sec: optional(positive, 0),
      upload_bytes: optional(positive, 0),
    }),
  }),
  accepted: object({ type: string, utterance: string, start: natural, position: natural, channel }),
  safe: object({ type: string, position: natural }),
  partial: object({ type: string, utterance: string, text: string, settled: optional(natural, 0), channel }),
  result: object({
    type: string,
    ...utterance,
    text: string,
    language: string,
    language_probability: nullable(positive),
    translation: nullable(string),
    sentiment: nullable(sentiment),
    sentiment_reason: nullable(string),
    sentences: optional(list(object({ text: string, sentiment })), []),
    decoded_again: optional(boolean, false),
    words: nullable(list(object({ word: string, start_sec: positive, end_sec: positive }))),
    doubtful: optional(boolean, false),
    doubtful_reason: nullable(string),
    gaps: optional(list(object({ start_sec: positive, end_sec: positive, reason: string })), []),
    avg_logprob: nullable(finite),
    no_speech_prob: nullable(positive),
    temperature: nullable(positive),
    channel,
    speaker: nullable(ordinal),
    turns: optional(turns, []),
  }),
  turns: object({ type: string, rev: optional(natural, 0), utterance: string, turns }),
  speakers: object({
    type: string,
    rev: optional(natural, 0),
    speakers: list(object({ speaker: ordinal, name: nullable(string), same_as: nullable(ordinal) })),
  }),
  dropped: object({ type: string, ...utterance, reason: string, detail: optional(string, ''), channel }),
  error: object({ type: string, ...utterance, utterance: optional(string, ''), code: string, message: string, channel }),
  stats: object({ type: string, session: statsBlock, service: statsBlock, channel }),
  busy: object({ type: string, code: optional(string, ''), message: string, retry_after_sec: positive }),
};

/**
 * The message in `text`, with its optional fields filled in; null for a type that this page does not know yet.
 * @param {unknown} text
 * @returns {ServerMessage | null}
 * @throws {ProtocolError} when it is not JSON or lacks a field
 */
export function parseMessage(text) {
  /** @type {unknown} */
  let value;
  try {
    value = JSON.parse(String(text));
  } catch {
    return fail('message', 'JSON');
  }
  const type = String(plainObject(value, 'message').type);
  const check = Object.hasOwn(MESSAGES, type) ? MESSAGES[type] : null;
  return check === null ? null : /** @type {ServerMessage} */ (check(value, type));
}

/**
 * @param {string} path
 * @param {string} wanted
 * @returns {never}
 */
function fail(path, wanted) {
  throw new ProtocolError(`${path} is not ${wanted}`);
}

/**
 * @param {unknown} value
 * @param {string} path
 * @returns {Record<string, unknown>}
 */
function plainObject(value, path) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail(path, 'an object');
  return /** @type {Record<string, unknown>} */ (value);
}
