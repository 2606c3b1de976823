// Who speaks, on the cards: a chip before the text, or a row for each part where several people speak.

import { element, icon } from '../base/dom.js';
import { score } from '../text/format.js';
import { words } from '../text/strings.js';
import { partsOf } from '../transcript/parts.js';
import { feltIn, markedText } from '../transcript/sentences.js';
import { speakerChip } from './chip.js';
import { NameEditor } from './editor.js';
import { isTold, shownSpeaker, speakerLabel, speakersOf } from './names.js';
import { speakerWords } from './words.js';

/**
 * @typedef {import('../transcript/utterances.js').Entry} Entry
 * @typedef {import('../stream/messages.js').Result} Result
 * @typedef {import('../transcript/parts.js').Part} Part
 * @typedef {import('./names.js').KnownSpeakers} KnownSpeakers
 */

/** @implements {Voices} @typedef {import('../transcript/card.js').Voices} Voices */
export class SpeakerCards {
  /** @type {(known: KnownSpeakers, speaker: number, name: string | null) => void} */ #rename;
  /** The one that is open. @type {{ entry: Entry, place: string, editor: NameEditor } | null} */ #editing = null;

  /** @param {(known: KnownSpeakers, speaker: number, name: string | null) => void} rename name null: it is forgotten */
  constructor(rename) {
    this.#rename = rename;
  }

  /**
   * What stands before the text of one speaker.
   * @param {Entry} entry
   * @param {Result} result
   * @returns {HTMLElement[]}
   */
  lead(entry, result) {
    if (!isTold(result)) return [];
    return [this.#chip(entry, partsOf(result)[0].speaker, 0)];
  }

  /**
   * A row for each part, null where one speaks alone.
   * @param {Entry} entry
   * @param {Result} result
   * @returns {HTMLElement[] | null}
   */
  rows(entry, result) {
    if (speakersOf(entry).size < 2) return null;
    return partsOf(result).map((part, number) => this.#row(entry, result, part, number));
  }

  /** What the chips do not say to everybody. @param {Result} result */
  explain(result) {
    const unknown = isTold(result) && partsOf(result).some(({ speaker }) => speaker === null);
    return unknown ? [speakerWords('unknown.title')] : [];
  }

  /**
   * A text as it is read aloud, with who speaks it, where that is known already.
   * @param {Entry} entry
   * @param {Result} result
   */
  said(entry, result) {
    if (!isTold(result)) return result.text;
    return partsOf(result)
      .map(({ speaker, text }) => speakerWords('said', { speaker: speakerLabel(speaker, entry.speakers), text }))
      .join(' ');
  }

  /**
   * @param {Entry} entry
   * @param {Result} result
   * @param {Part} part
   * @param {number} number
   */
  #row(entry, result, part, number) {
    const lang = /^[a-z]{2,3}$/.test(result.language) ? result.language : null;
    const text = element('p', { class: 'card-text', 'data-testid': 'part-text', dir: 'auto', lang });
    text.append(...(markedText(part.text, part.sentences) ?? [part.text]));
    const row = element('div', { class: 'card-part', 'data-testid': 'card-part' }, this.#chip(entry, part.speaker, number), text);
    row.dataset.begin = String(part.start_sec); // seconds of the stream, as
    row.dataset.end = String(part.end_sec);
    if (part.sentiment !== null) row.append(partFelt(part.sentiment));
    if (part.translation !== null) {
      const label = element('span', { class: 'label', text: words('transcript.translation') });
      const english = element('span', { lang: 'en', text: part.translation });
      row.append(element('p', { class: 'card-translation', 'data-testid': 'part-translation' }, label, english));
    }
    return row;
  }

  /**
   * @param {Entry} entry
   * @param {number | null} speaker
   * @param {number} number of the part
   * @returns {HTMLElement}
   */
  #chip(entry, speaker, number) {
    const place = `speaker-${number}`;
    if (this.#editing?.entry === entry && this.#editing.place === place) return this.#editing.editor.element;
    const known = entry.speakers;
    return speakerChip(speaker, known, place, (chip) => {
      const shown = shownSpeaker(speaker ?? 0, known);
      const editor = new NameEditor(shown, known, place, (name, byKeyboard) => {
        this.#editing = null;
        const again = this.#chip(entry, speaker, number);
        editor.element.replaceWith(again);
        if (byKeyboard) again.focus({ preventScroll: true });
        if (name !== null) this.#rename(known, shown, name || null);
      });
      this.#editing = { entry, place, editor };
      chip.replaceWith(editor.element);
      editor.focus();
    });
  }
}

/** How a part felt, in a small chip. @param {import('../stream/messages.js').Sentiment} sentiment */
function partFelt(sentiment) {
  const attributes = { class: 'part-felt', 'data-testid': 'part-sentiment', 'data-zone': sentiment.zone, title: feltIn(sentiment) };
  const chip = element('p', attributes, icon(sentiment.zone), element('span', { text: words(`zone.${sentiment.zone}`) }));
  if (sentiment.neutral_reason === null) chip.append(element('span', { class: 'score', text: score(sentiment.score) }));
  return chip;
}
