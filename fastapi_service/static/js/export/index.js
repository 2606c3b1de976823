// A transcript as files that other programs read.

import { hasEnded } from '../transcript/utterances.js';
import { json, txt } from './document.js';
import { srt, vtt } from './subtitles/index.js';
import { csv } from './table.js';

/**
 * @typedef {import('../transcript/utterances.js').Entry} Entry
 * @typedef {'txt' | 'srt' | 'vtt' | 'json' | 'csv'} Format
 *
 * What the utterances are from, where it is a file and not live speech: `duration_sec` is null while not known.
 * @typedef {{ name: string, duration_sec: number | null }} Recording
 * @typedef {(entries: readonly Entry[], now: Date, recording: Recording | null) => string} Writer of what has ended
 */

/** @type {Readonly<Record<Format, { type: string, write: Writer }>>} */
export const FORMATS = Object.freeze({
  txt: { type: 'text/plain', write: txt },
  srt: { type: 'application/x-subrip', write: srt },
  vtt: { type: 'text/vtt', write: vtt },
  json: { type: 'application/json', write: json },
  csv: { type: 'text/csv', write: csv },
});

/**
 * @param {Format} format
 * @param {readonly Entry[]} entries
 * @param {Date} now
 * @param {Recording | null} [recording]
 */
export function exported(format, entries, now, recording = null) {
  return FORMATS[format].write(entries.filter(hasEnded), now, recording);
}

/**
 * Named by the local time, as transcript-2025-11-24-1403.txt.
 * @param {Format} format
 * @param {Date} now
 */
export function fileName(format, now) {
  const [year, ...rest] = [now.getFullYear(), now.getMonth() + 1, now.getDate(), now.getHours(), now.getMinutes()];
  const [month, day, hour, minute] = rest.map((part) => String(part).padStart(2, '0'));
  return `transcript-${year}-${month}-${day}-${hour}${minute}.${format}`;
}
