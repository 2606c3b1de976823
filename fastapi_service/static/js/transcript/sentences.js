// The sentences of a result, each with how it felt: quiet marks in the text, and why one counts as neutral.

import { element, icon } from '../base/dom.js';
import { score } from '../text/format.js';
import { hasWords, words } from '../text/strings.js';

/**
 * @typedef {import('../stream/messages.js').Result} Result
 * @typedef {import('../stream/messages.js').Sentiment} Sentiment
 */

/** Why a splinter of a sentence counts as neutral, in a few words; null for any other. @param {Sentiment} sentiment */
export function neutralReason({ neutral_reason: reason }) {
  if (reason === null) return null;
  const key = `neutral.${reason}`;
  return hasWords(key) ? words(key) : reason.replaceAll('_', ' ');
}

/** The same in a sentence. @param {Sentiment} sentiment */
export function neutralExplained(sentiment) {
  const key = `neutral.${sentiment.neutral_reason}.title`;
  return hasWords(key) ? words(key) : (neutralReason(sentiment) ?? '');
}

/** That a result is only a splinter, where it is one. @param {Sentiment | null} sentiment */
export function neutralMark(sentiment) {
  const text = sentiment === null ? null : neutralReason(sentiment);
  if (sentiment === null || text === null) return [];
  return [element('span', { class: 'mark', 'data-testid': 'card-neutral', text, title: neutralExplained(sentiment) })];
}

/** Zone with score, or with the reason that takes the score's place. @param {Sentiment} sentiment */
export function feltIn(sentiment) {
  return `${words(`zone.${sentiment.zone}`)}, ${neutralReason(sentiment) ?? score(sentiment.score)}`;
}

/**
 * `text` with a mark behind each sentence; null where it has one alone, or where they are sentences of another text
 * (of the translation, or the other way round).
 * @param {string} text
 * @param {Result['sentences']} sentences
 * @returns {(string | HTMLElement)[] | null}
 */
export function markedText(text, sentences) {
  if (sentences.length < 2) return null;
  const parts = [];
  let end = 0;
  for (const sentence of sentences) {
    const start = text.indexOf(sentence.text, end);
    if (start < 0 || text.slice(end, start).trim() !== '') return null;
    parts.push(text.slice(end, start) + sentence.text, mark(sentence.sentiment));
    end = start + sentence.text.length;
  }
  return text.slice(end).trim() === '' ? parts : null;
}

/** A line for each of several sentences, for those who want to read it. @param {Result} result */
export function sentenceLines({ sentences }) {
  if (sentences.length < 2) return [];
  return sentences.map(({ text, sentiment }) => words('sentence.line', { text, felt: feltIn(sentiment) }));
}

/** @param {Sentiment} sentiment */
function mark(sentiment) {
  const felt = feltIn(sentiment);
  const attributes = { class: 'sentence-mark', 'data-testid': 'sentence-mark', 'data-zone': sentiment.zone };
  return element('span', { ...attributes, role: 'img', 'aria-label': felt, title: felt }, icon(sentiment.zone));
}
