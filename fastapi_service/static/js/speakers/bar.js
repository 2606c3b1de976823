// The bar over a transcript that shows what one speaker says. It is there where two or more are.

import { element } from '../base/dom.js';
import { count } from '../text/format.js';
import { isSilent } from '../transcript/rows.js';
import { hasEnded } from '../transcript/utterances.js';
import { speakerNamed } from './chip.js';
import { speakerLabel, speakersOf } from './names.js';
import { speakerWords } from './words.js';

/**
 * @typedef {import('../transcript/utterances.js').Entry} Entry
 * @typedef {(entry: Entry) => boolean} Filter
 *
 * A speaker of a session: those of another have the same numbers and are others.
 * @typedef {{ known: import('./names.js').KnownSpeakers, speaker: number | null }} Choice
 */

const MAX_CHOICES = 40; // the first of them, in the order in which they spoke

export class FilterBar {
  /** @type {(filter: Filter | null) => void} */ #apply;
  #choices = element('div', { class: 'speaker-choices', role: 'group', 'aria-label': speakerWords('filter.label') });
  #count = element('span', { class: 'speaker-count', title: speakerWords('filter.shown.title'), 'data-testid': 'speaker-count' });
  #said = element('span', { class: 'unseen', role: 'status', 'data-testid': 'speaker-said' });
  /** @type {readonly Entry[]} */ #entries = [];
  /** @type {Choice | null} */ #chosen = null;
  #shown = ''; // what the choices show
  element = element('div', { class: 'speaker-bar', 'data-testid': 'speaker-bar', hidden: '' }, this.#choices, this.#count, this.#said);

  /** @param {(filter: Filter | null) => void} apply */
  constructor(apply) {
    this.#apply = apply;
  }

  /** @param {HTMLElement} head */
  placeAfter(head) {
    head.after(this.element);
  }

  /** @param {readonly Entry[]} entries all of the transcript */
  show(entries) {
    this.#entries = entries;
    const choices = choicesOf(entries);
    const chosen = this.#chosen;
    if (chosen !== null && !choices.some((one) => same(one, chosen))) this.#choose(null); // merged, or all cleared
    const shown = JSON.stringify(choices.map(({ known, speaker }) => [speaker, speakerLabel(speaker, known), choices.findIndex((one) => one.known === known)]));
    this.#inPlace(() => {
      this.element.hidden = choices.length < 2 && this.#chosen === null;
      if (shown !== this.#shown) this.#fill(choices);
    });
    this.#shown = shown;
    this.#showChosen();
  }

  /** It takes its room above the transcript without moving what is read there. @param {() => void} change */
  #inPlace(change) {
    const scroller = /** @type {HTMLElement} */ (this.element.nextElementSibling);
    const before = scroller.getBoundingClientRect().top;
    change();
    const moved = scroller.getBoundingClientRect().top - before;
    if (moved !== 0) scroller.scrollTop += moved;
  }

  /** @param {readonly Choice[]} choices */
  #fill(choices) {
    const focused = [...this.#choices.children].indexOf(/** @type {Element} */ (document.activeElement));
    const all = this.#button(null, element('span', { text: speakerWords('filter.all') }));
    this.#choices.replaceChildren(all, ...choices.map((one) => this.#button(one, ...speakerNamed(one.speaker, one.known))));
    if (focused >= 0) /** @type {HTMLElement} */ (this.#choices.children[focused] ?? all).focus({ preventScroll: true });
  }

  /**
   * @param {Choice | null} choice
   * @param {...HTMLElement} inside
   */
  #button(choice, ...inside) {
    const button = element('button', { type: 'button', class: 'speaker-choice', 'data-testid': 'speaker-choice' }, ...inside);
    button.addEventListener('click', () => {
      this.#choose(choice);
      this.#say();
    });
    this.#buttons.set(button, choice);
    return button;
  }

  /** @type {WeakMap<Element, Choice | null>} */ #buttons = new WeakMap();

  /** @param {Choice | null} choice */
  #choose(choice) {
    this.#chosen = choice;
    this.#apply(choice === null ? null : (entry) => isBy(entry, choice));
    this.#showChosen();
  }

  #showChosen() {
    for (const button of this.#choices.children) {
      const choice = this.#buttons.get(button) ?? null;
      const pressed = choice === null ? this.#chosen === null : this.#chosen !== null && same(choice, this.#chosen);
      button.setAttribute('aria-pressed', String(pressed));
    }
    const { shown, all } = this.#counts();
    const text = this.#chosen === null ? '' : speakerWords('filter.shown', { shown: count(shown), all: count(all) });
    if (this.#count.textContent !== text) this.#count.textContent = text;
  }

  /** Said when somebody chooses, not with each line that comes. */
  #say() {
    const { shown, all } = this.#counts();
    const chosen = this.#chosen;
    const speaker = chosen === null ? speakerWords('filter.all') : speakerLabel(chosen.speaker, chosen.known);
    this.#said.textContent = speakerWords('filter.said', { speaker, shown: count(shown), all: count(all) });
  }

  #counts() {
    const spoken = this.#entries.filter((entry) => hasEnded(entry) && !isSilent(entry));
    const chosen = this.#chosen;
    return { all: spoken.length, shown: chosen === null ? spoken.length : spoken.filter((entry) => isBy(entry, chosen)).length };
  }
}

/**
 * Who speaks, session by session, in the order of their numbers; those who are not known last.
 * @param {readonly Entry[]} entries
 * @returns {Choice[]}
 */
function choicesOf(entries) {
  /** @type {Map<Choice['known'], Set<number | null>>} */
  const bySession = new Map();
  for (const entry of entries) {
    const found = bySession.get(entry.speakers) ?? new Set();
    bySession.set(entry.speakers, found);
    for (const speaker of speakersOf(entry)) found.add(speaker);
  }
  const choices = [...bySession].flatMap(([known, found]) =>
    [...found].sort((a, b) => (a ?? Infinity) - (b ?? Infinity)).map((speaker) => ({ known, speaker })),
  );
  return choices.slice(0, MAX_CHOICES);
}

/**
 * @param {Entry} entry
 * @param {Choice} choice
 */
function isBy(entry, { known, speaker }) {
  return entry.speakers === known && speakersOf(entry).has(speaker);
}

/**
 * @param {Choice} one
 * @param {Choice} other
 */
function same(one, other) {
  return one.known === other.known && one.speaker === other.speaker;
}
