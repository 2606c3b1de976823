// The transcript as subtitles: SubRip and WebVTT (https://www.w3.org/TR/webvtt1/).

import { oneLine } from '../text/format.js';
import { timeline } from './timeline.js';

/**
 * @typedef {import('../transcript/utterances.js').Entry} Entry
 * @typedef {import('../stream/messages.js').Result} Result
 */

/**
 * Lines end as SubRip's first programs want it.
 * @type {import('./index.js').Writer}
 */
export function srt(entries, _, recording) {
  return cues(entries, recording, ',', srtText)
    .map(({ times, text }, index) => `${index + 1}\r\n${times}\r\n${text}\r\n\r\n`)
    .join('');
}

/** @type {import('./index.js').Writer} */
export function vtt(entries, _, recording) {
  return 'WEBVTT\n\n' + cues(entries, recording, '.', vttText).map(({ times, text }) => `${times}\n${text}\n\n`).join('');
}

const CUE_CHARS = 84; // two lines of 42, the usual measure of subtitles
const CUE_MS = 7000;

/**
 * One cue for each result that has words, or several where it is long and the times of its words are known.
 * @param {readonly Entry[]} entries
 * @param {import('./index.js').Recording | null} recording
 * @param {string} point between seconds and milliseconds
 * @param {(text: string) => string} safe
 */
function cues(entries, recording, point, safe) {
  const spoken = entries.filter(({ outcome }) => outcome?.type === 'result' && oneLine(outcome.text) !== '');
  return timeline(spoken, recording !== null)
    .flatMap((span, index) => pieces(/** @type {Result} */ (spoken[index].outcome), span))
    .map(({ begin_ms, end_ms, text }) => ({
      times: `${timestamp(begin_ms, point)} --> ${timestamp(end_ms, point)}`,
      text: safe(text),
    }));
}

/**
 * A result as cues: cut before the word that would make one too long.
 * @param {Result} result
 * @param {import('./timeline.js').Span} span
 */
function pieces(result, { begin_ms, end_ms }) {
  const text = oneLine(result.text);
  const found = [{ begin_ms, end_ms, text }];
  if (text.length <= CUE_CHARS && end_ms - begin_ms <= CUE_MS) return found;
  /** @param {number} streamSec */
  const at = (streamSec) => begin_ms + Math.round((streamSec - result.start_sec) * 1000);
  let from = 0; // of the last cue, in the text
  let to = 0; // of the words so far
  let saidAt = begin_ms;
  for (const { word, start_sec, end_sec } of result.words ?? []) {
    const plain = oneLine(word);
    if (plain === '') continue; // nothing to begin a cue with
    const start = text.indexOf(plain, to);
    if (start < 0) break; // not a word of this text
    const cue = found[found.length - 1];
    const end = start + plain.length;
    const begins = at(start_sec);
    const long = end - from > CUE_CHARS || at(end_sec) - cue.begin_ms > CUE_MS;
    if (long && start > from && begins > cue.begin_ms && begins < end_ms) {
      cue.text = text.slice(from, start).trim();
      cue.end_ms = Math.min(begins, Math.max(saidAt, cue.begin_ms + 1));
      found.push({ begin_ms: begins, end_ms, text: text.slice(start) });
      from = start;
    }
    to = end;
    saidAt = at(end_sec);
  }
  return found;
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
