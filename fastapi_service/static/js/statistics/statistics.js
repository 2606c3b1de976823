// The statistics panel. The server counts (`stats`); until it has said so on this page, what is shown is counted
// from the outcomes. What only this page knows, it counts itself: the course of sentiment, and where the time went.

import { byId, element, icon } from '../base/dom.js';
import { count, latency, percent } from '../text/format.js';
import { words } from '../text/strings.js';
import { breakdown, STAGES, stagesOf, withShares } from '../transcript/stages.js';
import { Histogram } from './histogram.js';
import { countedSentences } from './sentences.js';
import { Tally, ZONES } from './tally.js';
import { Trend } from './trend.js';

/**
 * @typedef {import('../stream/messages.js').StatsBlock} StatsBlock
 * @typedef {import('../transcript/stages.js').PageStages} PageStages
 *
 * What speakers/panel.js knows of the trend, from the first speaker on; `trend` is null where there is none of speakers.
 * @typedef {{ trend: () => ReturnType<Trend['read']> | null,
 *   names: (speakers: readonly (number | null)[]) => string }} VoiceTrend
 */

export class Statistics {
  #tally = new Tally();
  #trend = new Trend();
  #felt = new Histogram();
  #stages = STAGES.map(({ name }) => ({ name, times: new Histogram() }));
  /** @type {StatsBlock | null} */ #counted = null; // by the server
  /** @type {import('./chart.js').SentimentChart | null} */ #chart = null;
  #chartAsked = false;
  #frame = 0;
  #trendIsNew = false;
  /** @type {VoiceTrend | null} */ #voices = null;

  constructor() {
    this.#show();
  }

  /**
   * @param {import('../stream/messages.js').Outcome} outcome
   * @param {PageStages} pageStages
   * @param {number | null} spokenAtMs epoch milliseconds
   */
  outcome(outcome, pageStages, spokenAtMs) {
    this.#tally.add(outcome);
    if (outcome.type === 'result') {
      const { stages, total_ms } = stagesOf(outcome, pageStages);
      if (pageStages !== null) this.#felt.add(total_ms);
      stages.forEach(({ ms, measured }, index) => {
        if (measured) this.#stages[index].times.add(ms);
      });
      for (const { sentiment, place } of countedSentences(outcome)) {
        const saidSec = place * outcome.duration_sec;
        this.#trend.add(outcome.start_sec + saidSec, spokenAtMs === null ? null : spokenAtMs + 1000 * saidSec, sentiment);
        this.#trendIsNew = true;
      }
    }
    this.#schedule();
  }

  /** @param {import('../stream/messages.js').Stats} stats */
  stats(stats) {
    this.#counted = stats.session;
    put('service', count(spoken(stats.service)));
    this.#schedule();
  }

  /** @param {import('../stream/messages.js').Models} models */
  models({ speech, sentiment, demo }) {
    put('speech-model', speech || words('stats.none')); // none while it is being loaded
    put('sentiment-model', sentiment || words('stats.none'));
    byId('stat-demo', HTMLElement).hidden = !demo;
  }

  /** @param {VoiceTrend} voices */
  tellApart(voices) {
    this.#voices = voices;
  }

  /** It is known better who said what, or another's trend is wanted. */
  trendChanged() {
    this.#trendIsNew = this.#trend.size > 0;
    this.#schedule();
  }

  newSession() {
    this.#tally = new Tally();
    this.#trend = new Trend();
    this.#felt = new Histogram();
    for (const stage of this.#stages) stage.times = new Histogram();
    this.#counted = null;
    this.#schedule();
  }

  /** However much comes, it is shown once a frame, and not at all while the page is out of sight. */
  #schedule() {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#show();
    });
  }

  #show() {
    const block = this.#counted ?? this.#tally.block();
    put('utterances', count(spoken(block)));
    put('words', count(block.words));
    put('wpm', block.words_per_minute > 0 ? count(block.words_per_minute) : words('stats.none'));
    put('felt-p50', latency(this.#felt.quantile(0.5)));
    put('felt-p95', latency(this.#felt.quantile(0.95)));
    put('latency-p50', latency(block.latency_ms.p50));
    put('latency-p95', latency(block.latency_ms.p95));
    put('dropped', count(block.dropped));
    put('errors', count(block.errors));
    showShares(block);
    this.#showStages();
    if (this.#trendIsNew) this.#showTrend();
    byId('trend', HTMLElement).hidden = this.#trend.size === 0;
  }

  /** The median of each stage, as one utterance would have them. */
  #showStages() {
    const medians = this.#stages.map(({ name, times }) => ({ name, ms: times.quantile(0.5) ?? 0, measured: true }));
    const { stages, total_ms } = withShares(medians);
    byId('typical', HTMLElement).hidden = total_ms === 0;
    const fresh = breakdown(stages, total_ms, this.#felt.quantile(0.5) !== null);
    const shown = byId('typical-stages', HTMLElement);
    if (!shown.firstElementChild?.isEqualNode(fresh)) shown.replaceChildren(fresh);
  }

  #showTrend() {
    if (this.#chart !== null) {
      this.#trendIsNew = false;
      const ofVoices = this.#voices?.trend() ?? null;
      this.#chart.show(ofVoices ?? this.#trend.read(), ofVoices === null ? null : this.#voices?.names.bind(this.#voices));
    } else if (!this.#chartAsked) {
      // Not needed until there is something to draw, so not part of what the page waits for at first.
      this.#chartAsked = true;
      import('./chart.js').then(
        ({ SentimentChart }) => {
          this.#chart = new SentimentChart(byId('trend-chart', HTMLElement));
          this.#schedule();
        },
        () => (this.#chartAsked = false), // the server is away: the next result asks again
      );
    }
  }
}

/**
 * @param {string} name
 * @param {string} text
 */
function put(name, text) {
  const target = byId(`stat-${name}`, HTMLElement);
  if (target.textContent !== text) target.textContent = text;
}

/** Utterances in which somebody spoke: what opened the voice gate and was no speech is counted beside. @param {StatsBlock} block */
function spoken({ utterances, dropped }) {
  return utterances - dropped;
}

/** @param {StatsBlock} block */
function showShares({ unjudged, sentiment }) {
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
  const lines = shown.map(({ zone, share }) => legendLine(zone, words(`zone.${zone}`), percent(share)));
  if (unjudged > 0) lines.push(legendLine('none', words('stats.unjudged'), count(unjudged)));
  byId('legend', HTMLUListElement).replaceChildren(...lines);
}

/**
 * @param {import('../stream/messages.js').Zone | 'none'} zone
 * @param {string} label
 * @param {string} value
 */
function legendLine(zone, label, value) {
  return element(
    'li',
    { 'data-zone': zone, 'data-testid': `stat-${zone}` },
    icon(zone),
    element('span', { text: label }),
    element('span', { class: 'value', text: value }),
  );
}
