// The line in which a speaker gets a name, in the place of the chip. Enter and leaving it keep the name, Escape does not.

import { element } from '../base/dom.js';
import { oneLine } from '../text/format.js';
import { speakerLabel, speakerName } from './names.js';
import { speakerWords } from './words.js';

const MAX_NAME_CHARS = 60; // contract/messages.py

export class NameEditor {
  /** @type {(name: string | null, byKeyboard: boolean) => void} */ #done;
  #input;
  #before;
  #open = true;

  /**
   * @param {number} speaker
   * @param {import('./names.js').KnownSpeakers} known
   * @param {string} place of the chip in its card, which the focus stays in when the card is filled anew
   * @param {(name: string | null, byKeyboard: boolean) => void} done with the new name (empty for none), null if it
   *   stays; called once
   */
  constructor(speaker, known, place, done) {
    this.#done = done;
    this.#before = speakerName(speaker, known) ?? '';
    const label = speakerWords('name.label', { speaker: speakerLabel(speaker, known) });
    this.#input = element('input', {
      type: 'text',
      class: 'speaker-edit',
      'data-testid': 'speaker-edit',
      'data-focus': place,
      'aria-label': label,
      placeholder: speakerWords('name.placeholder'),
      maxlength: String(MAX_NAME_CHARS),
      autocomplete: 'off',
      spellcheck: 'false',
      enterkeyhint: 'done',
      dir: 'auto',
    });
    this.#input.value = this.#before;
    this.#input.addEventListener('keydown', (event) => this.#key(event));
    // A card that is filled anew takes the line out and puts it back, with the focus.
    this.#input.addEventListener('blur', () => setTimeout(() => this.#left()));
  }

  get element() {
    return this.#input;
  }

  focus() {
    this.#input.focus({ preventScroll: true });
    this.#input.select();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    event.stopPropagation(); // the page has keys of its own
    if (event.isComposing) return; // Enter ends a syllable, not the name
    if (event.key === 'Enter' || event.key === 'Escape') {
      event.preventDefault();
      this.#end(event.key === 'Enter', true);
    }
  }

  #left() {
    if (document.activeElement !== this.#input) this.#end(true, false);
  }

  /**
   * @param {boolean} keep
   * @param {boolean} byKeyboard
   */
  #end(keep, byKeyboard) {
    if (!this.#open) return;
    this.#open = false;
    const name = Array.from(oneLine(this.#input.value)).slice(0, MAX_NAME_CHARS).join('');
    this.#done(keep && name !== this.#before ? name : null, byKeyboard);
  }
}
