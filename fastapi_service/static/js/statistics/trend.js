// The course of sentiment over a session in bounded memory: up to MAX_BINS points, each the mean of as many
// neighbouring sentences as it takes.

import { ZONES } from './tally.js';

/** @typedef {import('../stream/messages.js').Sentiment} Sentiment */

export const MAX_BINS = 128;
const AVERAGE_REACH = 3; // bins to each side that have a part in the moving average

/**
 * Neighbouring sentences. Times in milliseconds since the epoch are null where they are not known.
 * @typedef {object} Bin
 * @property {number} begin_sec of the stream
 * @property {number} end_sec
 * @property {number | null} begin_ms
 * @property {number | null} end_ms
 * @property {number} sum of the scores
 * @property {Record<import('../stream/messages.js').Zone, number>} zones how many sentences of each
 * @property {(number | null)[]} speakers of them, each once
 *
 * @typedef {object} Point
 * @property {number} x milliseconds, since the epoch or since the stream's begin
 * @property {number} begin as `x`
 * @property {number} end as `x`
 * @property {number} count
 * @property {number} score mean, -1 (negative) to 1
 * @property {number} average of this point and its neighbours
 * @property {import('../stream/messages.js').Zone} zone that most of its sentences are in
 * @property {Record<import('../stream/messages.js').Zone, number>} zones
 * @property {(number | null)[]} speakers
 */

/**
 * One number from -1 (negative) to 1 (positive): the two classes' scores against each other, or the strongest class's
 * where a model names its classes in another way. 0 for a splinter, of which the scores say nothing.
 * @param {Sentiment} sentiment
 */
export function signedScore({ scores, score, zone, neutral_reason }) {
  if (neutral_reason) return 0;
  const names = Object.keys(scores);
  const [positive, negative] = [/^pos/i, /^neg/i].map((name) => names.find((label) => name.test(label)));
  if (positive !== undefined && negative !== undefined) return clamp(scores[positive] - scores[negative]);
  return zone === 'neutral' ? 0 : clamp(zone === 'positive' ? score : -score);
}

export class Trend {
  /** @type {Bin[]} */ #bins = [];
  #capacity = 1; // sentences in a full bin

  get size() {
    return this.#bins.length;
  }

  /**
   * @param {number} startSec of the stream; sentences may come in another order than they were spoken in
   * @param {number | null} spokenAtMs epoch milliseconds
   * @param {Sentiment} sentiment
   * @param {number | null} [speaker] null: not known
   */
  add(startSec, spokenAtMs, sentiment, speaker = null) {
    const zones = { positive: 0, neutral: 0, negative: 0 };
    zones[sentiment.zone] = 1;
    const at = { begin_sec: startSec, end_sec: startSec, begin_ms: spokenAtMs, end_ms: spokenAtMs };
    const one = { ...at, sum: signedScore(sentiment), zones, speakers: [speaker] };
    const bins = this.#bins;
    const before = bins.findLastIndex((bin) => bin.begin_sec <= startSec);
    const place = this.#capacity > 1 ? Math.max(0, before) : before;
    const full = place === bins.length - 1 ? this.#capacity : Infinity; // only the last is still being filled
    if (this.#capacity > 1 && countOf(bins[place]) < full) bins[place] = merged(bins[place], one);
    else bins.splice(before + 1, 0, one);
    if (bins.length > MAX_BINS) this.#halve();
  }

  /** The points in order of time: of the day where it is known of all, else of the stream. @returns {{ points: Point[], ofDay: boolean }} */
  read() {
    const ofDay = this.#bins.every((bin) => bin.begin_ms !== null);
    const points = this.#bins.map((bin, index) => {
      const begin = ofDay ? (bin.begin_ms ?? 0) : bin.begin_sec * 1000;
      const end = ofDay ? (bin.end_ms ?? 0) : bin.end_sec * 1000;
      const count = countOf(bin);
      const zone = ZONES.reduce((most, name) => (bin.zones[name] > bin.zones[most] ? name : most), 'neutral');
      const score = bin.sum / count;
      const { zones, speakers } = bin;
      return { x: (begin + end) / 2, begin, end, count, score, average: this.#average(index), zone, zones, speakers };
    });
    return { points, ofDay };
  }

  /** Bins further away count for less. @param {number} index */
  #average(index) {
    let [sum, weights] = [0, 0];
    for (let away = -AVERAGE_REACH; away <= AVERAGE_REACH; away++) {
      const bin = this.#bins[index + away];
      if (bin === undefined) continue;
      const weight = AVERAGE_REACH + 1 - Math.abs(away);
      sum += weight * bin.sum;
      weights += weight * countOf(bin);
    }
    return sum / weights;
  }

  #halve() {
    this.#capacity *= 2;
    const pairs = [];
    for (let i = 0; i < this.#bins.length; i += 2) {
      const next = this.#bins[i + 1];
      pairs.push(next === undefined ? this.#bins[i] : merged(this.#bins[i], next));
    }
    this.#bins = pairs;
  }
}

/** @param {Bin} bin */
function countOf({ zones }) {
  return zones.positive + zones.neutral + zones.negative;
}

/**
 * @param {Bin} a
 * @param {Bin} b
 * @returns {Bin}
 */
function merged(a, b) {
  const known = a.begin_ms !== null && a.end_ms !== null && b.begin_ms !== null && b.end_ms !== null;
  return {
    begin_sec: Math.min(a.begin_sec, b.begin_sec),
    end_sec: Math.max(a.end_sec, b.end_sec),
    begin_ms: known ? Math.min(Number(a.begin_ms), Number(b.begin_ms)) : null,
    end_ms: known ? Math.max(Number(a.end_ms), Number(b.end_ms)) : null,
    sum: a.sum + b.sum,
    zones: {
      positive: a.zones.positive + b.zones.positive,
      neutral: a.zones.neutral + b.zones.neutral,
      negative: a.zones.negative + b.zones.negative,
    },
    speakers: [...new Set([...a.speakers, ...b.speakers])],
  };
}

/** @param {number} score */
function clamp(score) {
  return Math.max(-1, Math.min(1, score));
}
