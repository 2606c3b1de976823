// The words about files in the language in use, and what the state of one is called.

import { FILES_ENGLISH } from '../text/files-en.js';
import { FILES_KOREAN } from '../text/files-ko.js';
import { count, fileTime, percent } from '../text/format.js';
import { filled, LOCALE } from '../text/strings.js';

/**
 * @typedef {import('./job.js').FileJob} FileJob
 * @typedef {import('./button.js').FileLimits} FileLimits
 * @typedef {import('../text/files-en.js').FileStringKey} FileStringKey
 */

/** @type {Readonly<Record<string, Record<FileStringKey, string>>>} */
export const FILE_LANGUAGES = Object.freeze({ en: FILES_ENGLISH, ko: FILES_KOREAN });

const CHOSEN = FILE_LANGUAGES[LOCALE] ?? FILES_ENGLISH;

/**
 * @param {FileStringKey} key
 * @param {Record<string, string | number>} [values]
 */
export function fileWords(key, values = {}) {
  return filled(CHOSEN[key], values);
}

/** As 3.4 MB, of 1024 kB each, as the server's limit counts. @param {number} bytes */
export function fileSize(bytes) {
  const [unit, divisor] =
    bytes < 999.5 * 1024 ? ['kilobyte', 1024] : bytes < 999.5 * 1024 ** 2 ? ['megabyte', 1024 ** 2] : ['gigabyte', 1024 ** 3];
  const value = bytes / Number(divisor);
  const maximumFractionDigits = value < 9.95 && unit !== 'kilobyte' ? 1 : 0;
  const format = { style: /** @type {const} */ ('unit'), unit: String(unit), maximumFractionDigits };
  return new Intl.NumberFormat(LOCALE, format).format(unit === 'kilobyte' ? Math.max(1, value) : value);
}

/**
 * @param {FileJob} job
 * @param {FileLimits | null} limits
 */
export function stateWords(job, limits) {
  const { state } = job;
  switch (state.name) {
    case 'taking':
      return state.share === null
        ? fileWords('state.taking')
        : fileWords('state.taking.share', { percent: percent(state.share) });
    case 'sending':
      return fileWords('state.sending', { percent: percent(state.sent / state.total) });
    case 'working': {
      const done = fileTime(state.done_sec);
      const text =
        state.total_sec === null
          ? fileWords('state.working.unknown', { done })
          : fileWords('state.working', { done, total: fileTime(state.total_sec) });
      const more = state.held ? fileWords('state.held') : timeLeft(job.left_sec);
      return more === '' ? text : `${text} · ${more}`;
    }
    case 'retrying': {
      const seconds = Math.max(0, Math.ceil((state.at_ms - Date.now()) / 1000));
      return fileWords(`state.retry.${state.why}`, { seconds });
    }
    case 'failed':
      return failureWords(state, limits, job.isVideo);
    case 'done':
      return fileWords(isDamaged(state) ? 'state.done.damaged' : 'state.done');
    default:
      return fileWords(`state.${state.name}`);
  }
}

/**
 * What is said aloud of it: without what changes every second.
 * @param {FileJob} job
 * @param {FileLimits | null} limits
 */
export function saidWords(job, limits) {
  const { state } = job;
  if (state.name === 'retrying') return fileWords(`state.said.${state.why}`);
  if (state.name === 'taking') return fileWords('state.taking');
  if (state.name === 'sending') return fileWords('state.sending', { percent: percent(0) });
  if (state.name === 'done') return [stateWords(job, limits), warningWords(state)].filter(Boolean).join('. ');
  if (state.name !== 'working' || state.total_sec === null) return stateWords(job, limits);
  return fileWords('state.working.said', { percent: percent(quarters(state.done_sec / state.total_sec)) });
}

/** Whether not all of a file could be read. @param {import('./job.js').FileState} state */
export function isDamaged(state) {
  return state.name === 'done' && state.warnings.some(({ code }) => code === 'damaged');
}

/**
 * What is missing of a file and where, empty where nothing is. What this page does not know, the server has words for.
 * @param {import('./job.js').FileState} state
 */
export function warningWords(state) {
  return state.name === 'done' ? state.warnings.map(oneWarning).join(' ') : '';
}

/** @param {import('./job.js').Warning} warning */
function oneWarning({ code, message, missing_parts, first_missing_sec, cut_off_sec }) {
  if (code === 'no_speakers') return fileWords('warning.no_speakers');
  if (code !== 'damaged') return message;
  const said = [fileWords('warning.damaged')];
  if (first_missing_sec !== null) {
    said.push(fileWords('warning.missing', { count: count(missing_parts), time: fileTime(first_missing_sec) }));
  }
  if (cut_off_sec !== null) said.push(fileWords('warning.cut_off', { time: fileTime(cut_off_sec) }));
  return said.join(' ');
}

/** @param {number} share */
export function quarters(share) {
  return Math.min(1, Math.floor(share * 4) / 4);
}

/** @param {number | null} seconds */
function timeLeft(seconds) {
  if (seconds === null) return '';
  if (seconds >= 90) return fileWords('state.left.minutes', { minutes: count(Math.round(seconds / 60)) });
  return fileWords('state.left.seconds', { seconds: count(Math.max(1, Math.round(seconds))) });
}

/**
 * @param {Extract<import('./job.js').FileState, { name: 'failed' }>} state
 * @param {FileLimits | null} limits
 * @param {boolean} video
 */
function failureWords({ code, message }, limits, video) {
  const known = limits !== null && limits.upload_bytes > 0;
  if (code === 'too_large') {
    return known ? fileWords(video ? 'failed.too_large.video' : 'failed.too_large', { size: fileSize(limits.upload_bytes) }) : fileWords('failed.too_large.unknown');
  }
  return fileWords(`failed.${code}`, { message });
}
