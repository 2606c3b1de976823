// Counts outcomes as the server does (listener_service/counts.py), so that a reloaded page has numbers before the
// server has sent any.

import { serverMs } from '../transcript/stages.js';
import { Histogram } from './histogram.js';
import { countedSentences } from './sentences.js';

/** @typedef {import('../stream/messages.js').Zone} Zone */

/** @type {readonly Zone[]} */
export const ZONES = Object.freeze(['positive', 'neutral', 'negative']);

// Kana, CJK ideographs with their extensions A to H, and compatibility ideographs: one word a character.
const IDEOGRAPHS =
  '\\u3041-\\u3096\\u30a1-\\u30fa\\u31f0-\\u31ff\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff\\u{20000}-\\u{323af}';
const WORD = new RegExp(`[${IDEOGRAPHS}]|[^\\s${IDEOGRAPHS}]+`, 'gu');

/** How many words `text` has: runs without white space that hold a letter or digit. @param {string} text */
export function countWords(text) {
  return (text.match(WORD) ?? []).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
}

export class Tally {
  #latency = new Histogram();
  #counts = { results: 0, dropped: 0, errors: 0, words: 0, decoded_again: 0, unjudged: 0, audio_sec: 0, result_sec: 0 };
  #zones = new Map(ZONES.map((zone) => [zone, { count: 0, scores: 0 }]));

  /** @param {import('../stream/messages.js').Outcome} outcome */
  add(outcome) {
    this.#counts.audio_sec += outcome.duration_sec;
    if (outcome.type === 'dropped') this.#counts.dropped++;
    if (outcome.type === 'error') this.#counts.errors++;
    if (outcome.type !== 'result') return;
    this.#counts.results++;
    this.#counts.result_sec += outcome.duration_sec;
    this.#counts.words += countWords(outcome.text);
    if (outcome.decoded_again) this.#counts.decoded_again++;
    this.#latency.add(serverMs(outcome));
    if (outcome.sentiment === null) this.#counts.unjudged++;
    for (const { sentiment } of countedSentences(outcome)) {
      const zone = this.#zones.get(sentiment.zone);
      if (!zone) continue;
      zone.count++;
      zone.scores += sentiment.score;
    }
  }

  /** @returns {import('../stream/messages.js').StatsBlock} */
  block() {
    const { results, dropped, errors, audio_sec, result_sec } = this.#counts;
    const used = [...this.#zones].filter(([, zone]) => zone.count > 0);
    const judged = used.reduce((sum, [, zone]) => sum + zone.count, 0);
    return {
      utterances: results + dropped + errors,
      results,
      dropped,
      errors,
      words: this.#counts.words,
      audio_sec,
      decoded_again: this.#counts.decoded_again,
      unjudged: this.#counts.unjudged,
      words_per_minute: result_sec > 0 ? (this.#counts.words * 60) / result_sec : 0,
      sentiment: Object.fromEntries(
        used.map(([name, { count, scores }]) => [name, { count, share: count / judged, mean_score: scores / count }]),
      ),
      speakers: {},
      latency_ms: { p50: this.#latency.quantile(0.5), p95: this.#latency.quantile(0.95) },
    };
  }
}
