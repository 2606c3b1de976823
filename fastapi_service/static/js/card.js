// One utterance as a card: while it is being spoken or transcribed, and as it ended.

import { element, icon } from './dom.js';
import { languageName, score, shortSeconds, streamTime, timeOfDay } from './format.js';
import { hasWords, words } from './strings.js';

/**
 * @typedef {import('./protocol.js').Outcome} Outcome
 * @typedef {import('./protocol.js').Result} Result
 */

/** What a card shows. `spokenAtMs` is epoch time, null when that is not known (then the stream's time is shown). */
export class Card {
  /** @type {HTMLLIElement} */ element;
  /** @type {number} */ startSec;
  /** @type {number | null} */ #spokenAtMs;
  #ended = false;

  /**
   * @param {string} utterance
   * @param {number} startSec
   * @param {number | null} spokenAtMs
   */
  constructor(utterance, startSec, spokenAtMs) {
    this.startSec = startSec;
    this.#spokenAtMs = spokenAtMs;
    this.element = element('li', { class: 'card', 'data-testid': 'card', 'data-utterance': utterance });
  }

  get ended() {
    return this.#ended;
  }

  /** Still being spoken: provisional text. @param {string} text */
  showPartial(text) {
    if (this.#ended) return;
    this.#fill('partial', null, this.#meta([]), element('p', { class: 'card-text', text, dir: 'auto' }));
  }

  /** Accepted: what was provisional stays until the result replaces it. */
  showPending() {
    if (this.#ended) return;
    const partial = this.element.dataset.state === 'partial' ? this.element.querySelector('.card-text')?.textContent : null;
    this.#fill(
      'pending',
      null,
      this.#meta([]),
      partial
        ? element('p', { class: 'card-text', text: partial, dir: 'auto' })
        : element('p', { class: 'card-waiting', text: words('transcript.pending') }),
    );
  }

  /** Its result will never come. */
  showLost() {
    this.#ended = true;
    this.#fill('error', null, this.#meta([]), warning(words('transcript.lost')));
  }

  /** @param {Outcome} outcome */
  showOutcome(outcome) {
    this.#ended = true;
    this.startSec = outcome.start_sec;
    switch (outcome.type) {
      case 'result':
        this.#showResult(outcome);
        break;
      case 'dropped':
        this.#fill('dropped', null, this.#meta([duration(outcome)]), droppedLine(outcome));
        break;
      case 'error':
        this.#fill('error', null, this.#meta([duration(outcome)]), warning(outcome.message));
        break;
    }
  }

  /** @param {Result} result */
  #showResult(result) {
    const meta = [duration(result), latencyPart(result)];
    if (result.language !== 'en') {
      meta.push(element('span', { class: 'language', 'data-testid': 'card-language', text: languageName(result.language) }));
    }
    const parts = [
      this.#meta(meta),
      element('p', {
        class: result.text ? 'card-text' : 'card-text absent',
        'data-testid': 'card-text',
        lang: result.language,
        dir: 'auto',
        text: result.text || words('transcript.empty_text'),
      }),
    ];
    if (result.translation !== null) {
      parts.push(
        element(
          'p',
          { class: 'card-translation', 'data-testid': 'card-translation', lang: 'en' },
          element('span', { class: 'label', text: words('transcript.translation') }),
          element('span', { text: result.translation }),
        ),
      );
    }
    this.#fill('result', result.sentiment?.zone ?? 'none', ...parts, sentimentChip(result));
    if (result.sentiment === null && result.sentiment_reason) {
      this.element.append(element('p', { class: 'card-reason', text: result.sentiment_reason }));
    }
  }

  /**
   * @param {string} state
   * @param {string | null} zone
   * @param {...Node} parts
   */
  #fill(state, zone, ...parts) {
    this.element.dataset.state = state;
    if (zone === null) delete this.element.dataset.zone;
    else this.element.dataset.zone = zone;
    this.element.replaceChildren(...parts);
  }

  /** @param {Node[]} parts */
  #meta(parts) {
    const time =
      this.#spokenAtMs === null
        ? element('span', { text: words('transcript.at', { time: streamTime(this.startSec) }) })
        : element('time', { datetime: new Date(this.#spokenAtMs).toISOString(), text: timeOfDay(this.#spokenAtMs) });
    return element('p', { class: 'card-meta' }, time, ...parts);
  }
}

/** How a result's sentiment is called. @param {Result} result */
export function sentimentWord(result) {
  return words(result.sentiment === null ? 'zone.none' : `zone.${result.sentiment.zone}`);
}

/** Milliseconds from the end of an utterance to its outcome, by its stages. @param {Outcome} outcome */
export function latencyOf(outcome) {
  return Object.values(outcome.timings_ms).reduce((sum, ms) => sum + ms, 0);
}

/** @param {Result} result */
function sentimentChip(result) {
  const { sentiment } = result;
  const chip = element('p', { class: 'chip', 'data-testid': 'card-sentiment' });
  chip.append(icon(sentiment?.zone ?? 'none'), element('span', { text: sentimentWord(result) }));
  if (sentiment !== null) {
    chip.title = words('zone.title', { label: sentiment.label, score: score(sentiment.score) });
    chip.append(element('span', { class: 'score', text: score(sentiment.score) }));
  }
  return chip;
}

/** @param {Outcome} outcome */
function duration(outcome) {
  return element('span', { text: words('transcript.spoken', { seconds: shortSeconds(outcome.duration_sec) }) });
}

/** @param {Outcome} outcome */
function latencyPart(outcome) {
  const stages = Object.entries(outcome.timings_ms).map(([stage, ms]) => `${stage.replaceAll('_', ' ')} ${ms.toFixed(0)} ms`);
  return element('span', {
    'data-testid': 'card-latency',
    title: words('transcript.latency.title', { stages: stages.join(', ') }),
    text: words('transcript.latency', { seconds: shortSeconds(latencyOf(outcome) / 1000) }),
  });
}

/** @param {import('./protocol.js').Dropped} dropped */
function droppedLine(dropped) {
  const key = `dropped.${dropped.reason}`;
  const reason = hasWords(key) ? words(key) : dropped.reason.replaceAll('_', ' ');
  return element('p', {
    class: 'card-dropped',
    'data-testid': 'card-dropped',
    text: words('dropped.prefix', { reason }),
    title: dropped.detail || null,
  });
}

/** @param {string} text */
function warning(text) {
  return element('p', { class: 'card-error', 'data-testid': 'card-error' }, icon('warning'), element('span', { text }));
}
