// What each speaker said: words, time, sentiment, and its course. Worked out anew from the results whenever it is shown,
// because who speaks may be found out late, and two speakers to be one.

import { countedSentences } from '../statistics/sentences.js';
import { countWords } from '../statistics/tally.js';
import { Trend } from '../statistics/trend.js';
import { partsOf } from '../transcript/parts.js';
import { shownSpeaker } from './names.js';

/**
 * @typedef {import('./names.js').KnownSpeakers} KnownSpeakers
 * @typedef {import('./door.js').Heard} Heard
 * @typedef {import('../transcript/parts.js').Part} Part
 *
 * `share` of the time of all who speak, 0 to 1; `zones` counts sentences.
 * @typedef {{ speaker: number | null, words: number, sec: number, share: number,
 *   zones: Record<import('../stream/messages.js').Zone, number> }} SpeakerCount
 */

/** @type {WeakMap<Part, number>} */
const wordCounts = new WeakMap();

/**
 * By number, those who are not known last.
 * @param {Iterable<Heard>} results
 * @param {KnownSpeakers} known
 * @returns {SpeakerCount[]}
 */
export function countSpeakers(results, known) {
  /** @type {Map<number | null, SpeakerCount>} */
  const counts = new Map();
  let all = 0;
  for (const { outcome } of results) {
    for (const part of partsOf(outcome)) {
      const speaker = part.speaker === null ? null : shownSpeaker(part.speaker, known);
      const one = counts.get(speaker) ?? { speaker, words: 0, sec: 0, share: 0, zones: { positive: 0, neutral: 0, negative: 0 } };
      counts.set(speaker, one);
      const sec = Math.max(0, part.end_sec - part.start_sec);
      one.words += wordsOf(part);
      one.sec += sec;
      all += sec;
      for (const { sentiment } of countedSentences(part)) one.zones[sentiment.zone]++;
    }
  }
  for (const one of counts.values()) one.share = all > 0 ? one.sec / all : 0;
  return [...counts.values()].sort((a, b) => (a.speaker ?? Infinity) - (b.speaker ?? Infinity));
}

/**
 * The course of sentiment, of one speaker or of all; its points tell whose sentences they are.
 * @param {Iterable<Heard>} results
 * @param {KnownSpeakers} known
 * @param {number | null} chosen null: all
 */
export function trendOf(results, known, chosen) {
  const trend = new Trend();
  for (const { outcome, spokenAtMs } of results) {
    for (const part of partsOf(outcome)) {
      const speaker = part.speaker === null ? null : shownSpeaker(part.speaker, known);
      if (chosen !== null && speaker !== chosen) continue;
      for (const { sentiment, place } of countedSentences(part)) {
        const atSec = part.start_sec + place * Math.max(0, part.end_sec - part.start_sec);
        const atMs = spokenAtMs === null ? null : spokenAtMs + 1000 * (atSec - outcome.start_sec);
        trend.add(atSec, atMs, sentiment, speaker);
      }
    }
  }
  return trend;
}

/** @param {Part} part */
function wordsOf(part) {
  const counted = wordCounts.get(part) ?? countWords(part.text);
  wordCounts.set(part, counted);
  return counted;
}
