// The transcript: what was said, in the order in which it was said. It keeps the newest utterances, of which only
// those near the reader are in the document.

import { SAMPLE_RATE_HZ } from '../base/audio-format.js';
import { element } from '../base/dom.js';
import { count } from '../text/format.js';
import { words } from '../text/strings.js';
import { fillCard, sentimentWord } from './card.js';
import { Cleared } from './cleared-outcomes.js';
import { isSilence, Rows } from './rows.js';
import { fillSilence } from './silence.js';
import { Entries, hasEnded, MAX_ENTRIES, readId } from './utterances.js';
import { WindowedList } from './windowed-list.js';

const MAX_CAPTIONS = 5;

/**
 * @typedef {import('./utterances.js').Entry} Entry
 * @typedef {import('./stages.js').PageStages} PageStages
 *
 * @typedef {object} TranscriptElements
 * @property {HTMLElement} scroller
 * @property {HTMLOListElement} list
 * @property {HTMLElement} empty shown while there is nothing
 * @property {HTMLElement} gone says that the oldest are no longer here
 * @property {HTMLButtonElement} latest back to the end
 * @property {HTMLElement} fresh in it, how many came meanwhile
 * @property {HTMLElement} captions live region
 */

export class Transcript {
  /** @type {TranscriptElements} */ #elements;
  /** @type {(startSec: number) => number | null} */ #spokenAt;
  /** @type {() => void} */ #changed;
  /** @type {Pick<import('../listen/door.js').LiveListening, 'attach' | 'forget'>} */ #listening;
  /** @type {Cleared} */ #cleared;
  #entries = new Entries();
  #rows = new Rows(this.#entries.list);
  /** @type {WindowedList<import('./rows.js').Row>} */ #view;
  /** @type {string | null} */ #counted = null; // the session whose first number was looked at
  #fresh = 0; // came while the reader was elsewhere
  /** @type {import('./card.js').Voices | null} */ #voices = null;

  /**
   * @param {TranscriptElements} elements
   * @param {(startSec: number) => number | null} spokenAt epoch milliseconds of a moment of the stream
   * @param {Storage} storage keeps over a reload what was cleared
   * @param {() => void} changed utterances came, ended or went
   * @param {Pick<import('../listen/door.js').LiveListening, 'attach' | 'forget'>} listening offers to hear them again
   */
  constructor(elements, spokenAt, storage, changed, listening) {
    this.#elements = elements;
    this.#spokenAt = spokenAt;
    this.#changed = changed;
    this.#listening = listening;
    this.#cleared = new Cleared(storage);
    this.#view = new WindowedList(
      elements.scroller,
      elements.list,
      this.#rows.list,
      (item, row) => {
        const holdStill = this.#view.holdStill.bind(this.#view);
        if (isSilence(row)) fillSilence(item, row, holdStill);
        else fillCard(item, row, holdStill, { voices: this.#voices });
        if (!isSilence(row)) listening.attach(item, row);
      },
      () => this.#showLatest(),
      (row) => this.#rows.standIn(row),
    );
    elements.latest.addEventListener('click', () => {
      this.#view.toEnd();
      elements.scroller.focus({ preventScroll: true }); // the button goes
    });
  }

  /** All that is kept, the oldest first. @returns {readonly Entry[]} */
  get entries() {
    return this.#entries.list;
  }

  /** Those of the present session. */
  get speakers() {
    return this.#entries.speakers;
  }

  /** From now on cards show who speaks. @param {import('./card.js').Voices} voices */
  tellApart(voices) {
    this.#voices = voices;
    for (const entry of this.#entries.list) entry.revision++;
    this.#update();
  }

  /** It was found out who spoke a result. @param {import('../stream/messages.js').Result} outcome as it is now */
  told(outcome) {
    const entry = this.#entries.find(outcome.utterance);
    if (entry?.outcome?.type !== 'result') return; // cleared, or too old
    entry.outcome = outcome;
    entry.revision++;
    if (this.#rows.filter === null) this.#view.changed(Math.max(0, this.#rows.list.lastIndexOf(entry)));
    else this.#view.changed(this.#rows.changed(this.#entries.list.lastIndexOf(entry)));
  }

  /** These speakers have other names, or numbers. @param {import('./utterances.js').KnownSpeakers} speakers */
  renamed(speakers) {
    for (const entry of this.#entries.list) {
      if (entry.speakers === speakers && entry.outcome?.type === 'result') entry.revision++;
    }
    this.#update();
  }

  /** Show these alone, or all. @param {((entry: Entry) => boolean) | null} filter */
  filter(filter) {
    this.#rows.filter = filter;
    this.#view.changed(this.#rows.changed(0));
  }

  /** @param {import('../stream/messages.js').Partial} message */
  partial(message) {
    const id = readId(message.utterance); // before `accepted` nothing else says where it starts
    if (id === null) return;
    const entry = this.#take(message.utterance, id.startSec);
    if (hasEnded(entry)) return;
    if (entry.revision === 0) entry.state = 'partial';
    entry.text = message.text;
    entry.settled = message.settled;
    this.#update(entry);
  }

  /** @param {import('../stream/messages.js').Accepted} message */
  accepted(message) {
    const entry = this.#take(message.utterance, message.start / SAMPLE_RATE_HZ);
    if (hasEnded(entry)) return;
    entry.state = 'pending';
    this.#update(entry);
  }

  /**
   * @param {import('../stream/messages.js').Outcome} outcome
   * @param {boolean} announce whether a screen reader says it
   * @param {PageStages} pageStages what the page measured of it
   */
  outcome(outcome, announce, pageStages = null) {
    this.#countGone(outcome);
    if (this.#cleared.covers(outcome)) return;
    const entry = this.#take(outcome.utterance, outcome.start_sec);
    Object.assign(entry, { outcome, pageStages, state: outcome.type, text: '', startSec: outcome.start_sec });
    if (announce && outcome.type === 'result') this.#announce(outcome, this.#voices?.said(entry, outcome) ?? outcome.text);
    if (!this.#view.following && outcome.type !== 'dropped') this.#fresh++;
    this.#update(entry);
  }

  /** The server has begun another session: what is shown stays, above what is to come. */
  newSession() {
    this.#entries.remove(({ state }) => state === 'partial');
    for (const entry of this.#entries.list.filter((shown) => !hasEnded(shown))) {
      entry.state = 'lost';
      entry.revision++;
    }
    this.#entries.newSession();
    this.#update();
  }

  /**
   * Take away all that has ended.
   * @returns {{ count: number, undo: () => void }} how many utterances went, and what brings them back
   */
  clear() {
    const { gone } = this.#entries;
    const removed = this.#entries.remove(hasEnded);
    const forget = this.#cleared.add(removed);
    this.#listening.forget(); // for good, whatever is brought back
    this.#entries.gone = 0;
    this.#fresh = 0;
    this.#update();
    this.#view.toEnd();
    return {
      count: removed.length,
      undo: () => {
        forget();
        this.#entries.gone += gone;
        this.#entries.restore(removed);
        this.#update();
        this.#view.toEnd();
      },
    };
  }

  /**
   * @param {string} utterance
   * @param {number} startSec
   */
  #take(utterance, startSec) {
    return this.#entries.find(utterance) ?? this.#entries.add(utterance, startSec, this.#spokenAt(startSec));
  }

  /** Show what has become of an entry, or of all. @param {Entry} [entry] */
  #update(entry) {
    if (entry !== undefined) entry.revision++;
    const shifted = entry === undefined || this.#entries.trim() > 0;
    const { empty, gone } = this.#elements;
    empty.hidden = this.#entries.list.length > 0;
    gone.hidden = this.#entries.gone === 0 || !empty.hidden;
    if (!gone.hidden) {
      gone.textContent = words('transcript.gone', { gone: count(this.#entries.gone), max: count(MAX_ENTRIES) });
    }
    this.#view.changed(this.#rows.changed(shifted ? 0 : this.#entries.list.lastIndexOf(entry)));
    this.#changed();
  }

  /**
   * A session's outcomes are numbered from 1, so its first one that comes tells how many the server no longer had.
   * @param {import('../stream/messages.js').Outcome} outcome
   */
  #countGone(outcome) {
    const session = readId(outcome.utterance)?.session ?? '';
    if (session === this.#counted) return;
    this.#counted = session;
    this.#entries.gone += Math.max(0, outcome.seq - 1 - this.#cleared.upTo(session));
  }

  #showLatest() {
    const { latest, fresh } = this.#elements;
    if (this.#view.following) this.#fresh = 0;
    latest.hidden = this.#view.following || !this.#view.away;
    fresh.textContent = this.#fresh > 0 ? words('transcript.fresh', { count: count(this.#fresh) }) : '';
  }

  /**
   * @param {import('../stream/messages.js').Result} result
   * @param {string} said
   */
  #announce(result, said) {
    const { captions } = this.#elements;
    const text = result.sentiment === null
      ? words('caption.plain', { text: said })
      : words('caption.result', { text: said, sentiment: sentimentWord(result) });
    captions.append(element('p', { text }));
    while (captions.childElementCount > MAX_CAPTIONS) captions.firstElementChild?.remove();
  }
}
