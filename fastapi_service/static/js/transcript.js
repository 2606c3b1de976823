// The list of cards, in the order in which they were spoken.

import { Card, sentimentWord } from './card.js';
import { element } from './dom.js';
import { SAMPLE_RATE_HZ } from './audio-format.js';
import { words } from './strings.js';

const MAX_CARDS = 2000;
const MAX_CAPTIONS = 5;
const AT_END_PX = 60; // this near to the end counts as reading along

/**
 * @typedef {object} TranscriptElements
 * @property {HTMLElement} scroller
 * @property {HTMLOListElement} list
 * @property {HTMLElement} empty shown while there is nothing
 * @property {HTMLButtonElement} latest back to the end
 * @property {HTMLElement} captions live region
 */

export class Transcript {
  /** @type {TranscriptElements} */ #elements;
  /** @type {(startSec: number) => number | null} */ #spokenAt;
  /** @type {Map<string, Card>} */ #cards = new Map();
  /** @type {Card[]} */ #order = []; // as shown
  #firstOfSession = 0; // index in #order of the present session's first card
  #readingAlong = true;

  /**
   * @param {TranscriptElements} elements
   * @param {(startSec: number) => number | null} spokenAt epoch milliseconds of a moment of the stream
   */
  constructor(elements, spokenAt) {
    this.#elements = elements;
    this.#spokenAt = spokenAt;
    elements.scroller.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    elements.latest.addEventListener('click', () => this.#toEnd());
    new ResizeObserver(() => this.follow()).observe(elements.scroller);
  }

  get size() {
    return this.#order.length;
  }

  /** @param {import('./protocol.js').Partial} message */
  partial(message) {
    // An utterance's id ends with its start position (docs/protocol.md); before `accepted` nothing else names it.
    const start = Number(message.utterance.slice(message.utterance.lastIndexOf('-') + 1));
    if (!Number.isSafeInteger(start)) return;
    this.#card(message.utterance, start / SAMPLE_RATE_HZ).showPartial(message.text);
    this.follow();
  }

  /** @param {import('./protocol.js').Accepted} message */
  accepted(message) {
    this.#card(message.utterance, message.start / SAMPLE_RATE_HZ).showPending();
    this.follow();
  }

  /**
   * @param {import('./protocol.js').Outcome} outcome
   * @param {boolean} announce whether a screen reader says it
   */
  outcome(outcome, announce) {
    this.#card(outcome.utterance, outcome.start_sec).showOutcome(outcome);
    if (announce && outcome.type === 'result') this.#announce(outcome);
    if (!this.#readingAlong) this.#elements.latest.hidden = false;
    this.follow();
  }

  /** The server has begun another session: what is shown stays, above what is to come. */
  newSession() {
    for (const card of this.#order.filter((shown) => !shown.ended)) {
      if (card.element.dataset.state === 'partial') this.#remove(card);
      else card.showLost();
    }
    this.#cards.clear();
    this.#firstOfSession = this.#order.length;
  }

  /** Keep the end in sight, if that is what the reader looks at. */
  follow() {
    if (this.#readingAlong) this.#elements.scroller.scrollTop = this.#elements.scroller.scrollHeight;
  }

  /**
   * The card of an utterance, made and put in its place if there is none.
   * @param {string} utterance
   * @param {number} startSec
   */
  #card(utterance, startSec) {
    const known = this.#cards.get(utterance);
    if (known !== undefined) return known;
    const card = new Card(utterance, startSec, this.#spokenAt(startSec));
    let index = this.#order.length;
    while (index > this.#firstOfSession && this.#order[index - 1].startSec > startSec) index--;
    this.#elements.list.insertBefore(card.element, this.#order[index]?.element ?? null);
    this.#order.splice(index, 0, card);
    this.#cards.set(utterance, card);
    if (this.#order.length > MAX_CARDS) this.#remove(this.#order[0]);
    this.#elements.empty.hidden = true;
    return card;
  }

  /** @param {Card} card */
  #remove(card) {
    const index = this.#order.indexOf(card);
    this.#order.splice(index, 1);
    if (index < this.#firstOfSession) this.#firstOfSession--;
    this.#cards.delete(card.element.dataset.utterance ?? '');
    card.element.remove();
    this.#elements.empty.hidden = this.#order.length > 0;
  }

  /** @param {import('./protocol.js').Result} result */
  #announce(result) {
    const { captions } = this.#elements;
    const text = result.sentiment === null
      ? words('caption.plain', { text: result.text })
      : words('caption.result', { text: result.text, sentiment: sentimentWord(result) });
    captions.append(element('p', { text }));
    while (captions.childElementCount > MAX_CAPTIONS) captions.firstElementChild?.remove();
  }

  #scrolled() {
    const { scroller, latest } = this.#elements;
    this.#readingAlong = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < AT_END_PX;
    if (this.#readingAlong) latest.hidden = true;
  }

  #toEnd() {
    this.#readingAlong = true;
    this.#elements.latest.hidden = true;
    this.follow();
  }
}
