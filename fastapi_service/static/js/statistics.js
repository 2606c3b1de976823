// The statistics panel. The server counts (`stats`); until it has said so on this page, what is shown is counted
// from the outcomes, so that a reloaded page is not empty.

import { latencyOf } from './card.js';
import { byId, element, icon } from './dom.js';
import { count, latency, percent } from './format.js';
import { words } from './strings.js';

/**
 * @typedef {import('./protocol.js').StatsBlock} StatsBlock
 * @typedef {import('./protocol.js').Zone} Zone
 */

/** @type {readonly Zone[]} */
const ZONES = ['positive', 'neutral', 'negative'];
const MAX_LATENCIES = 5000;

/** Counts outcomes in the way the server does. */
export class Tally {
  #latencies = /** @type {number[]} */ ([]);
  #counts = { results: 0, dropped: 0, errors: 0, words: 0, audio_sec: 0, result_sec: 0 };
  #zones = new Map(ZONES.map((zone) => [zone, { count: 0, scores: 0 }]));

  /** @param {import('./protocol.js').Outcome} outcome */
  add(outcome) {
    this.#counts.audio_sec += outcome.duration_sec;
    if (outcome.type === 'dropped') this.#counts.dropped++;
    if (outcome.type === 'error') this.#counts.errors++;
    if (outcome.type !== 'result') return;
    this.#counts.results++;
    this.#counts.result_sec += outcome.duration_sec;
    this.#counts.words += outcome.text.split(/\s+/).filter(Boolean).length;
    this.#latencies.push(latencyOf(outcome));
    if (this.#latencies.length > MAX_LATENCIES) this.#latencies.shift();
    const zone = outcome.sentiment && this.#zones.get(outcome.sentiment.zone);
    if (outcome.sentiment && zone) {
      zone.count++;
      zone.scores += outcome.sentiment.score;
    }
  }

  /** @returns {StatsBlock} */
  block() {
    const { results, dropped, errors, audio_sec, result_sec } = this.#counts;
    const judged = [...this.#zones.values()].reduce((sum, zone) => sum + zone.count, 0);
    const sorted = this.#latencies.toSorted((a, b) => a - b);
    return {
      utterances: results + dropped + errors,
      results,
      dropped,
      errors,
      words: this.#counts.words,
      audio_sec,
      words_per_minute: result_sec > 0 ? (this.#counts.words * 60) / result_sec : 0,
      sentiment: Object.fromEntries(
        [...this.#zones]
          .filter(([, zone]) => zone.count > 0)
          .map(([name, zone]) => [
            name,
            { count: zone.count, share: zone.count / judged, mean_score: zone.scores / zone.count },
          ]),
      ),
      latency_ms: { p50: quantile(sorted, 0.5), p95: quantile(sorted, 0.95) },
    };
  }
}

/**
 * The nearest-rank quantile of sorted numbers, null of none.
 * @param {number[]} sorted
 * @param {number} share
 */
function quantile(sorted, share) {
  return sorted.length === 0 ? null : sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

export class Statistics {
  #tally = new Tally();
  #counted = false; // the server has sent its own count

  constructor() {
    this.#show(this.#tally.block());
  }

  /** @param {import('./protocol.js').Outcome} outcome */
  outcome(outcome) {
    if (this.#counted) return;
    this.#tally.add(outcome);
    this.#show(this.#tally.block());
  }

  /** @param {import('./protocol.js').Stats} stats */
  stats(stats) {
    this.#counted = true;
    this.#show(stats.session);
    put('service', count(stats.service.utterances));
  }

  /** @param {import('./protocol.js').Models} models */
  models(models) {
    put('models', models.speech === models.sentiment ? models.speech : `${models.speech}, ${models.sentiment}`);
  }

  newSession() {
    this.#tally = new Tally();
    this.#counted = false;
    this.#show(this.#tally.block());
  }

  /** @param {StatsBlock} block */
  #show(block) {
    put('utterances', count(block.utterances));
    put('words', count(block.words));
    put('wpm', block.words_per_minute > 0 ? count(block.words_per_minute) : words('stats.none'));
    put('p50', latency(block.latency_ms.p50));
    put('p95', latency(block.latency_ms.p95));
    put('dropped', count(block.dropped));
    put('errors', count(block.errors));
    showShares(block.sentiment);
  }
}

/**
 * @param {string} name
 * @param {string} text
 */
function put(name, text) {
  byId(`stat-${name}`, HTMLElement).textContent = text;
}

/** @param {StatsBlock['sentiment']} sentiment */
function showShares(sentiment) {
  const legend = byId('legend', HTMLUListElement);
  const shown = ZONES.map((zone) => ({ zone, share: sentiment[zone]?.share ?? 0 }));
  for (const id of ['share-bar', 'share-bar-small']) {
    byId(id, HTMLElement).replaceChildren(
      ...shown.filter(({ share }) => share > 0).map(({ zone, share }) => {
        const part = element('span', { 'data-zone': zone });
        part.style.setProperty('--share', String(share));
        return part;
      }),
    );
  }
  legend.replaceChildren(
    ...shown.map(({ zone, share }) =>
      element(
        'li',
        { 'data-zone': zone, 'data-testid': `stat-${zone}` },
        icon(zone),
        element('span', { text: words(`zone.${zone}`) }),
        element('span', { class: 'value', text: percent(share) }),
      ),
    ),
  );
}
