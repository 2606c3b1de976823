// A speaker's mark, name and colour, as they stand before a line. The colour is never alone: number or initials and the
// name say the same.

import { element } from '../base/dom.js';
import { speakerColour, speakerLabel, speakerSign } from './names.js';
import { speakerWords } from './words.js';

/** @typedef {import('./names.js').KnownSpeakers} KnownSpeakers */

/**
 * The round mark alone.
 * @param {number | null} speaker
 * @param {KnownSpeakers} known
 */
export function speakerMark(speaker, known) {
  const attributes = { class: 'speaker-mark', 'data-colour': String(speakerColour(speaker, known)), 'aria-hidden': 'true' };
  return element('span', { ...attributes, text: speakerSign(speaker, known) });
}

/**
 * Mark and name, as one piece of text.
 * @param {number | null} speaker
 * @param {KnownSpeakers} known
 * @returns {HTMLElement[]}
 */
export function speakerNamed(speaker, known) {
  return [speakerMark(speaker, known), element('span', { class: 'speaker-name', dir: 'auto', text: speakerLabel(speaker, known) })];
}

/**
 * The chip on a card: a button that asks for a name, or words where nobody can tell who it is.
 * @param {number | null} speaker
 * @param {KnownSpeakers} known
 * @param {string} place of the chip in its card, by which it gets the focus back
 * @param {(chip: HTMLElement) => void} rename
 */
export function speakerChip(speaker, known, place, rename) {
  const marks = speakerNamed(speaker, known);
  if (speaker === null) {
    const title = speakerWords('unknown.title');
    return element('span', { class: 'speaker', 'data-testid': 'speaker', title }, ...marks);
  }
  const title = speakerWords('chip.title');
  const attributes = { class: 'speaker', type: 'button', 'data-testid': 'speaker', 'data-focus': place, title };
  const chip = element('button', attributes, ...marks);
  chip.addEventListener('click', () => rename(chip));
  return chip;
}
