// The transcript as text to read, and as JSON with everything that is known. docs/export.md describes the fields.

import { date, fileTime, oneLine, streamTime, timeOfDay } from '../text/format.js';
import { words } from '../text/strings.js';
import { feltIn } from '../transcript/sentences.js';
import { spokenParts } from './parts.js';
import { timeline } from './timeline.js';

/** @typedef {import('../transcript/utterances.js').Entry} Entry */

/**
 * Each result on a line of its own, or each part of it where several people speak; its sentences (where it has several)
 * and a translation below it, and each day before its first line.
 * @type {import('./index.js').Writer}
 */
export function txt(entries, _, recording) {
  const lines = [];
  let day = '';
  for (const entry of entries) {
    const { outcome, spokenAtMs } = entry;
    if (outcome?.type !== 'result') continue;
    if (spokenAtMs !== null && date(spokenAtMs) !== day) {
      day = date(spokenAtMs);
      lines.push(...(lines.length > 0 ? [''] : []), day, '');
    }
    spokenParts(entry).forEach((part, number) => lines.push(...linesOf(entry, part, number, recording !== null)));
  }
  return lines.map((text) => `${text}\n`).join('');
}

/**
 * @param {Entry} entry
 * @param {import('./parts.js').SpokenPart} part
 * @param {number} number of the part
 * @param {boolean} ofFile
 */
function linesOf({ outcome, spokenAtMs, startSec }, { speaker, text, sentiment, sentences, translation, start_sec }, number, ofFile) {
  const afterSec = number === 0 || outcome?.type !== 'result' ? 0 : Math.max(0, start_sec - outcome.start_sec);
  const atSec = startSec + afterSec;
  const place = ofFile ? fileTime(atSec) : words('transcript.at', { time: streamTime(atSec) });
  const time = spokenAtMs === null ? place : timeOfDay(spokenAtMs + 1000 * afterSec);
  const felt = sentiment === null ? '' : ` (${feltIn(sentiment)})`;
  const who = speaker === null ? '' : `${oneLine(speaker)}: `;
  const lines = [`[${time}] ${who}${oneLine(text) || words('transcript.empty_text')}${felt}`];
  if (sentences.length > 1) {
    lines.push(...sentences.map((sentence) => `    ${oneLine(sentence.text)} (${feltIn(sentence.sentiment)})`));
  }
  if (translation !== null) lines.push(`    ${words('transcript.translation')}: ${oneLine(translation)}`);
  return lines;
}

/** @type {import('./index.js').Writer} */
export function json(entries, now, recording) {
  const spans = timeline(entries, recording !== null);
  const utterances = entries.map((entry, index) => {
    const { outcome, pageStages, spokenAtMs, session, startSec, utterance } = entry;
    const when = {
      session: session + 1,
      spoken_at: spokenAtMs === null ? null : new Date(spokenAtMs).toISOString(),
      offset_sec: spans[index].begin_ms / 1000,
    };
    if (outcome === null) return { type: 'error', utterance, ...when, start_sec: startSec, code: 'lost' };
    const { type, seq, ...fields } = outcome;
    const { timings_ms, ...rest } = fields;
    const who = outcome.type === 'result' ? speakersIn(entry) : {};
    return { type, ...when, ...rest, ...who, timings_ms, ...(pageStages === null ? {} : { page_ms: pageStages }) };
  });
  const of = recording === null ? {} : { recording };
  const file = { format: 'whisper-text-analyzer.transcript', version: 1, exported_at: now.toISOString(), ...of, utterances };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/**
 * Who speaks, by number and by name, and the parts where several do.
 * @param {Entry} entry
 */
function speakersIn(entry) {
  const parts = spokenParts(entry);
  const [{ number, speaker }] = parts;
  if (parts.length === 1) return { speaker: number, speaker_name: speaker };
  const each = parts.map(({ number, speaker, start_sec, end_sec, text, sentiment, translation }) => {
    return { speaker: number, speaker_name: speaker, start_sec, end_sec, text, sentiment, translation };
  });
  return { speaker: null, speaker_name: null, parts: each };
}
