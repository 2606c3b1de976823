// The transcript as text to read, and as JSON with everything that is known. docs/export.md describes the fields.

import { date, fileTime, oneLine, streamTime, timeOfDay } from '../text/format.js';
import { words } from '../text/strings.js';
import { feltIn } from '../transcript/sentences.js';
import { timeline } from './timeline.js';

/**
 * Each result on a line of its own, its sentences (where it has several) and a translation below it, and each day before its first line.
 * @type {import('./index.js').Writer}
 */
export function txt(entries, _, recording) {
  const lines = [];
  let day = '';
  for (const { outcome, spokenAtMs, startSec } of entries) {
    if (outcome?.type !== 'result') continue;
    if (spokenAtMs !== null && date(spokenAtMs) !== day) {
      day = date(spokenAtMs);
      lines.push(...(lines.length > 0 ? [''] : []), day, '');
    }
    const place = recording === null ? words('transcript.at', { time: streamTime(startSec) }) : fileTime(startSec);
    const time = spokenAtMs === null ? place : timeOfDay(spokenAtMs);
    const { sentiment, sentences, translation } = outcome;
    const felt = sentiment === null ? '' : ` (${feltIn(sentiment)})`;
    lines.push(`[${time}] ${oneLine(outcome.text) || words('transcript.empty_text')}${felt}`);
    if (sentences.length > 1) {
      lines.push(...sentences.map((sentence) => `    ${oneLine(sentence.text)} (${feltIn(sentence.sentiment)})`));
    }
    if (translation !== null) {
      lines.push(`    ${words('transcript.translation')}: ${oneLine(translation)}`);
    }
  }
  return lines.map((text) => `${text}\n`).join('');
}

/** @type {import('./index.js').Writer} */
export function json(entries, now, recording) {
  const spans = timeline(entries, recording !== null);
  const utterances = entries.map(({ outcome, pageStages, spokenAtMs, session, startSec, utterance }, index) => {
    const when = {
      session: session + 1,
      spoken_at: spokenAtMs === null ? null : new Date(spokenAtMs).toISOString(),
      offset_sec: spans[index].begin_ms / 1000,
    };
    if (outcome === null) return { type: 'error', utterance, ...when, start_sec: startSec, code: 'lost' };
    const { type, seq, ...fields } = outcome;
    const { timings_ms, ...rest } = fields;
    return { type, ...when, ...rest, timings_ms, ...(pageStages === null ? {} : { page_ms: pageStages }) };
  });
  const of = recording === null ? {} : { recording };
  const file = { format: 'whisper-text-analyzer.transcript', version: 1, exported_at: now.toISOString(), ...of, utterances };
  return `${JSON.stringify(file, null, 2)}\n`;
}
