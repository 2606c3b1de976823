// One utterance as a card: while it is being spoken or transcribed, and as it ended.

import { element, icon } from '../base/dom.js';
import { languageName, parted, score, shortSeconds, streamTime, timeOfDay } from '../text/format.js';
import { hasWords, words } from '../text/strings.js';
import { markedText, neutralExplained, neutralMark, sentenceLines } from './sentences.js';
import { stageElement, stagesOf } from './stages.js';

/**
 * @typedef {import('./utterances.js').Entry} Entry
 * @typedef {import('../stream/messages.js').Outcome} Outcome
 * @typedef {import('../stream/messages.js').Result} Result
 *
 * Makes a change in a card while what is read stays in its place.
 * @typedef {(entry: Entry, opens: boolean, change: () => void) => void} HoldStill
 *
 * Who speaks, on cards: speakers/cards.js, which is there from the first speaker on.
 * @typedef {object} Voices
 * @property {(entry: Entry, result: Result) => HTMLElement[]} lead what stands before the text of one speaker
 * @property {(entry: Entry, result: Result) => HTMLElement[] | null} rows one for each part; null: one speaks alone
 * @property {(result: Result) => string[]} explain
 * @property {(entry: Entry, result: Result) => string} said aloud
 *
 * `time`: when it was spoken, where the entry does not tell.
 * @typedef {{ time?: HTMLElement, voices?: Voices | null }} CardExtras
 */

/**
 * Put into a list item what there is of an utterance.
 * @param {HTMLLIElement} card
 * @param {Entry} entry
 * @param {HoldStill} holdStill
 * @param {CardExtras} [extras]
 */
export function fillCard(card, entry, holdStill, { time = timeOf(entry), voices = null } = {}) {
  const { state, outcome } = entry;
  const focused = focusIn(card);
  card.className = 'card';
  card.dataset.testid = 'card';
  card.dataset.utterance = entry.utterance;
  card.dataset.state = state === 'lost' ? 'error' : state;
  delete card.dataset.zone;
  const side = element('div', { class: 'card-side' }, element('p', { class: 'card-time' }, time));
  const body = element('div', { class: 'card-body' });
  card.replaceChildren(side, body);
  if (outcome !== null) fillEnded(side, body, entry, outcome, holdStill, voices);
  else if (state === 'lost') body.append(warning(words('transcript.lost')));
  else fillWaiting(side, body, entry);
  if (outcome?.type === 'result') card.dataset.zone = outcome.sentiment?.zone ?? 'none';
  if (focused !== undefined) /** @type {HTMLElement | null} */ (card.querySelector(`[data-focus="${focused}"]`))?.focus({ preventScroll: true });
}

/** What of a card has the focus, by the name that it has after it is filled anew, too. @param {HTMLElement} card */
function focusIn(card) {
  const { activeElement } = document;
  return activeElement instanceof HTMLElement && card.contains(activeElement) ? activeElement.dataset.focus : undefined;
}

/** How a result's sentiment is called. @param {Result} result */
export function sentimentWord(result) {
  return words(result.sentiment === null ? 'zone.none' : `zone.${result.sentiment.zone}`);
}

/** Why an utterance was refused, in words. @param {import('../stream/messages.js').Dropped} dropped */
function dropReason({ reason }) {
  const key = `dropped.${reason}`;
  return hasWords(key) ? words(key) : reason.replaceAll('_', ' ');
}

/** When it was spoken. @param {Entry} entry */
export function timeOf({ spokenAtMs, startSec }) {
  return spokenAtMs === null
    ? element('span', { text: words('transcript.at', { time: streamTime(startSec) }) })
    : element('time', { datetime: new Date(spokenAtMs).toISOString(), text: timeOfDay(spokenAtMs) });
}

/**
 * As high as the result that takes its place, so that nothing jumps.
 * @param {HTMLElement} side
 * @param {HTMLElement} body
 * @param {Entry} entry
 */
function fillWaiting(side, body, { state, text, settled }) {
  const saying = words(state === 'partial' ? 'transcript.speaking' : 'transcript.pending');
  const foot = element('p', { class: 'card-foot' });
  if (text === '') {
    body.append(element('p', { class: 'card-text', text: saying }), foot);
    return;
  }
  side.append(element('p', { class: 'chip' }, icon('wave'), element('span', { text: words('transcript.provisional') })));
  foot.append(element('span', { text: saying }));
  const [solid, faint] = parted(text, settled);
  const shown = element('p', { class: 'card-text', 'data-testid': 'card-partial', dir: 'auto' });
  if (solid !== '') shown.append(element('span', { class: 'settled', 'data-testid': 'card-settled', text: solid }));
  shown.append(faint);
  body.append(shown, foot);
}

/**
 * @param {HTMLElement} side
 * @param {HTMLElement} body
 * @param {Entry} entry
 * @param {Outcome} outcome
 * @param {HoldStill} holdStill
 * @param {Voices | null} voices
 */
function fillEnded(side, body, entry, outcome, holdStill, voices) {
  if (outcome.type === 'result') side.append(sentimentChip(outcome));
  const foot = element('p', { class: 'card-foot' });
  body.append(...endedParts(entry, outcome, voices), foot);
  if (outcome.type === 'result') {
    foot.append(element('span', { 'data-testid': 'card-language', text: languageName(outcome.language) }));
  }
  foot.append(
    element('span', {
      text: words('transcript.spoken', { seconds: shortSeconds(outcome.duration_sec) }),
      title: words('transcript.spoken.title'),
    }),
  );
  const why = explanations(outcome, voices);
  const explained = why.length > 0 || Object.keys(outcome.timings_ms).length > 0;
  if (explained) foot.append(toggle(body, entry, outcome, why, holdStill));
  if (entry.open) body.append(details(entry, outcome, why));
}

/**
 * @param {Entry} entry
 * @param {Outcome} outcome
 * @param {Voices | null} voices
 */
function endedParts(entry, outcome, voices) {
  switch (outcome.type) {
    case 'result':
      return resultParts(entry, outcome, voices);
    case 'dropped': {
      const text = words('dropped.prefix', { reason: dropReason(outcome) });
      return [element('p', { class: 'card-text', 'data-testid': 'card-dropped', text })];
    }
    case 'error':
      return [warning(errorReason(outcome))];
  }
}

/** @param {import('../stream/messages.js').ServerError} outcome */
function errorReason({ code, message }) {
  const key = `error.${code}`;
  return hasWords(key) ? words(key) : message;
}

/**
 * @param {Entry} entry
 * @param {Result} result
 * @param {Voices | null} voices
 */
function resultParts(entry, result, voices) {
  const rows = voices?.rows(entry, result) ?? null;
  const parts = rows ?? [...(voices?.lead(entry, result) ?? []), textOf(result)];
  const marks = [...neutralMark(result.sentiment), ...marksOf(result)];
  if (marks.length > 0) parts.push(element('p', { class: 'card-reason card-marks' }, ...marks));
  if (result.translation !== null && rows === null) {
    const english = element('span', { lang: 'en' });
    english.append(...(markedText(result.translation, result.sentences) ?? [result.translation]));
    parts.push(
      element(
        'p',
        { class: 'card-translation', 'data-testid': 'card-translation' },
        element('span', { class: 'label', text: words('transcript.translation') }),
        english,
      ),
    );
  }
  if (result.sentiment === null && result.sentiment_reason) {
    parts.push(element('p', { class: 'card-reason', text: result.sentiment_reason }));
  }
  return parts;
}

/** @param {Result} result */
function textOf(result) {
  const text = element('p', {
    class: result.text ? 'card-text' : 'card-text absent',
    'data-testid': 'card-text',
    lang: /^[a-z]{2,3}$/.test(result.language) ? result.language : null,
    dir: 'auto',
  });
  text.append(...(markedText(result.text, result.sentences) ?? [result.text || words('transcript.empty_text')]));
  return text;
}

/** What is not sure or missing of a result, a word each. @param {Result} result */
function marksOf(result) {
  const marks = result.gaps.map((gap) => {
    const seconds = shortSeconds(gap.end_sec - gap.start_sec);
    const title = words('transcript.gap.title', { time: streamTime(gap.start_sec) });
    return element('span', { class: 'mark', 'data-testid': 'card-gap', text: words('transcript.gap', { seconds }), title });
  });
  if (!result.doubtful) return marks;
  const key = `doubtful.${result.doubtful_reason}`;
  const title = words(hasWords(key) ? key : 'doubtful.low_confidence');
  return [element('span', { class: 'mark', 'data-testid': 'card-doubtful', text: words('transcript.doubtful'), title }), ...marks];
}

/** @param {Result} result */
function sentimentChip(result) {
  const { sentiment } = result;
  const chip = element('p', { class: 'chip', 'data-testid': 'card-sentiment' });
  chip.append(icon(sentiment?.zone ?? 'none'), element('span', { text: sentimentWord(result) }));
  if (sentiment !== null) {
    chip.title = verdict(sentiment);
    if (sentiment.neutral_reason === null) chip.append(element('span', { class: 'score', text: score(sentiment.score) }));
  }
  return chip;
}

/** What the model said, and why that can be called neutral. @param {import('../stream/messages.js').Sentiment} sentiment */
function verdict(sentiment) {
  const said = words('zone.title', { label: sentiment.label, score: score(sentiment.score) });
  if (sentiment.neutral_reason !== null) return `${said} ${neutralExplained(sentiment)}`;
  return sentiment.zone === 'neutral' ? `${said} ${words('zone.weak')}` : said;
}

/**
 * The button that opens and closes the details: its words are how long it took, if that is known.
 * @param {HTMLElement} body of the card
 * @param {Entry} entry
 * @param {Outcome} outcome
 * @param {readonly string[]} why
 * @param {HoldStill} holdStill
 */
function toggle(body, entry, outcome, why, holdStill) {
  const { total_ms } = stagesOf(outcome, entry.pageStages);
  const took = outcome.type === 'result' && total_ms > 0;
  const label = took ? words('transcript.latency', { seconds: shortSeconds(total_ms / 1000) }) : words('transcript.details');
  const button = element(
    'button',
    { class: 'card-toggle', type: 'button', 'data-testid': 'card-toggle', 'data-focus': 'toggle', 'aria-expanded': String(entry.open) },
    element('span', { 'data-testid': took ? 'card-latency' : null, text: label }),
  );
  if (took) {
    button.title = words('stage.title');
    button.append(element('span', { class: 'unseen', text: `, ${words('stage.title')}` }));
  }
  button.append(icon('down-small'));
  button.addEventListener('click', () => {
    holdStill(entry, !entry.open, () => {
      entry.open = !entry.open;
      button.setAttribute('aria-expanded', String(entry.open));
      if (entry.open) body.append(details(entry, outcome, why));
      else body.querySelector('.card-details')?.remove();
    });
  });
  return button;
}

/**
 * @param {Entry} entry
 * @param {Outcome} outcome
 * @param {readonly string[]} why
 */
function details(entry, outcome, why) {
  const opened = element('div', { class: 'card-details', 'data-testid': 'card-details' });
  for (const text of why) opened.append(element('p', { class: 'card-why', text }));
  if (Object.keys(outcome.timings_ms).length > 0) opened.append(stageElement(outcome, entry.pageStages));
  return opened;
}

/**
 * @param {Outcome} outcome
 * @param {Voices | null} voices
 */
function explanations(outcome, voices) {
  switch (outcome.type) {
    case 'dropped':
      return outcome.detail ? [outcome.detail] : [];
    case 'error':
      return [words('transcript.code', { code: outcome.code })];
    case 'result':
      return [
        ...(outcome.sentiment === null ? [] : [verdict(outcome.sentiment)]),
        ...sentenceLines(outcome),
        ...(outcome.decoded_again ? [words('transcript.twice')] : []),
        ...marksOf(outcome).map((mark) => mark.title),
        ...(voices?.explain(outcome) ?? []),
      ];
  }
}

/** @param {string} text */
function warning(text) {
  return element('p', { class: 'card-error', 'data-testid': 'card-error' }, icon('warning'), element('span', { text }));
}
