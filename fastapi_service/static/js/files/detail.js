// What was said in one file: its segments as the cards of live speech, their sentiment in all, and the files that can be
// made of them.

import { element, icon } from '../base/dom.js';
import { saveAs, toClipboard } from '../export/toolbar.js';
import { count, fileTime, languageName, percent } from '../text/format.js';
import { words } from '../text/strings.js';
import { countedSentences } from '../statistics/sentences.js';
import { FileLines } from '../listen/file-lines.js';
import { fillCard } from '../transcript/card.js';
import { isSilence, Rows } from '../transcript/rows.js';
import { WindowedList } from '../transcript/windowed-list.js';
import { fileWords, warningWords } from './words.js';

const SAID_MS = 4_000;
const ZONES = /** @type {const} */ (['positive', 'neutral', 'negative']);
const FORMATS = /** @type {const} */ (['txt', 'srt', 'vtt', 'csv', 'json']);

/** @typedef {import('../transcript/utterances.js').Entry} Entry */

export class FileDetail {
  /** @type {import('./job.js').FileJob} */ #job;
  #rows;
  /** @type {WindowedList<import('../transcript/rows.js').Row>} */ #view;
  #head;
  /** @type {Awaited<ReturnType<typeof import('./voices.js').openVoices>> | null} */ #voices = null;
  #voicesAsked = false;
  #facts = element('span', { 'data-testid': 'file-facts' });
  #share = element('div', { class: 'share-bar small', role: 'img' });
  #tools = element('div', { class: 'file-tools', role: 'group', 'aria-label': fileWords('text.save') });
  #said = element('span', { class: 'file-tools-said', role: 'status' });
  #warning = element('span', { 'data-testid': 'file-warning' });
  #warned = element('p', { class: 'file-warning', hidden: '' }, icon('warning'), this.#warning);
  #nothing = element('p', { class: 'file-nothing' });
  #revision = 0; // of the entries that are shown
  #stale = true; // what is told of all of them
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  /** @type {FileLines} */ #lines;

  /** @param {import('./job.js').FileJob} job */
  constructor(job) {
    this.#job = job;
    this.#lines = new FileLines(job.file);
    const copy = element('button', { type: 'button', class: 'quiet', 'data-testid': 'file-copy', text: fileWords('text.copy') });
    copy.addEventListener('click', () => void this.#take('txt', true));
    this.#tools.append(copy, icon('held'));
    for (const format of FORMATS) {
      const button = element('button', { type: 'button', class: 'quiet', 'data-testid': `file-${format}`, text: format.toUpperCase() });
      button.title = words(`export.${format}`);
      button.addEventListener('click', () => void this.#take(format, false));
      this.#tools.append(button);
    }
    const list = element('ol', { class: 'cards', role: 'list', 'data-testid': 'file-cards' });
    const label = fileWords('text.label', { name: job.file.name });
    const scroller = element('div', { class: 'scroller', tabindex: '0', role: 'region', 'aria-label': label }, this.#nothing, list);
    this.#head = element('div', { class: 'file-head' }, this.#facts, this.#share, this.#tools, this.#said, this.#warned);
    this.element = element('div', { class: 'file-detail', 'data-testid': 'file-detail' }, this.#head, scroller);
    this.#rows = new Rows(job.entries.list);
    this.#view = new WindowedList(
      scroller,
      list,
      this.#rows.list,
      (card, row) => this.#fill(card, row),
      () => {},
      (row) => this.#rows.standIn(row),
    );
    this.#warned.after(this.#lines.notice);
  }

  /**
   * @param {HTMLLIElement} card
   * @param {import('../transcript/rows.js').Row} row
   */
  #fill(card, row) {
    if (isSilence(row)) return; // of a file no silence is told
    const extras = { time: timeIn(row), voices: this.#voices?.cards ?? null };
    fillCard(card, row, (held, opens, change) => this.#view.holdStill(held, opens, change), extras);
    this.#lines.attach(card, row);
  }

  /** Told at once, because the list must not look at rows that are gone. */
  changed() {
    if (this.#job.revision === this.#revision) return;
    this.#revision = this.#job.revision;
    this.#view.changed(this.#rows.changed(0));
    this.#stale = true;
  }

  /** What shows speakers is fetched once there are any. */
  async #tellApart() {
    const { list } = this.#job.entries;
    const told = list.some(({ outcome }) => outcome?.type === 'result' && (outcome.speaker !== null || outcome.turns.length > 0));
    if (!told || this.#voicesAsked) return;
    this.#voicesAsked = true;
    try {
      const { openVoices } = await import('./voices.js');
      this.#voices = await openVoices(
        () => this.#refill(),
        (filter) => {
          this.#rows.filter = filter;
          this.#view.changed(this.#rows.changed(0));
        },
      );
      this.#voices.bar.placeAfter(this.#head);
      this.#refill();
    } catch {
      this.#voicesAsked = false; // the server is away: the next segment asks again
    }
  }

  #refill() {
    for (const entry of this.#job.entries.list) entry.revision++;
    this.#view.changed(this.#rows.changed(0));
    this.#voices?.bar.show(this.#job.entries.list);
  }

  update() {
    const { state, entries, ended } = this.#job;
    const { list } = entries;
    if (this.#stale) {
      this.#showShares();
      void this.#tellApart();
      this.#voices?.bar.show(list);
    }
    this.#stale = false;
    const nothing = list.length > 0 || (ended && state.name !== 'done') ? '' : fileWords(ended ? 'text.none' : 'text.yet');
    if (this.#nothing.textContent !== nothing) this.#nothing.textContent = nothing;
    this.#nothing.hidden = nothing === '';
    const warning = warningWords(state);
    if (this.#warning.textContent !== warning) this.#warning.textContent = warning;
    this.#warned.hidden = warning === '';
    this.#tools.hidden = !ended || list.length === 0;
    const facts = list.length === 0 ? [] : [fileWords('text.segments', { count: count(list.length) })];
    if (state.name === 'done') {
      if (state.duration_sec > 0) facts.push(fileTime(state.duration_sec));
      if (state.language !== '') facts.push(languageName(state.language));
    }
    this.#facts.textContent = facts.join(' · ');
  }

  #showShares() {
    const counts = { positive: 0, neutral: 0, negative: 0 };
    for (const { outcome } of this.#job.entries.list) {
      if (outcome?.type !== 'result') continue;
      for (const { sentiment } of countedSentences(outcome)) counts[sentiment.zone]++;
    }
    const all = counts.positive + counts.neutral + counts.negative;
    this.#share.hidden = all === 0;
    if (all === 0) return;
    const parts = ZONES.filter((zone) => counts[zone] > 0).map((zone) => {
      const part = element('span', { 'data-zone': zone });
      part.style.setProperty('--share', String(counts[zone]));
      return part;
    });
    this.#share.replaceChildren(...parts);
    const shares = Object.fromEntries(ZONES.map((zone) => [zone, percent(counts[zone] / all)]));
    const text = fileWords('text.share', shares);
    this.#share.setAttribute('aria-label', text);
    this.#share.title = text;
  }

  /**
   * @param {import('../export/index.js').Format} format
   * @param {boolean} copied instead of saved
   */
  async #take(format, copied) {
    const { entries, file, state } = this.#job;
    try {
      const { exported, FORMATS: KINDS } = await import('../export/index.js');
      const duration_sec = state.name === 'done' ? state.duration_sec : null;
      const text = exported(format, entries.list, new Date(), { name: file.name, duration_sec });
      const name = `${file.name.replace(/\.[^.]{1,5}$/, '')}.${format}`;
      if (copied) await toClipboard(text);
      else saveAs(name, KINDS[format].type, text);
      this.#say(copied ? words('tools.copied') : words('tools.saved', { name }));
    } catch {
      this.#say(words(copied ? 'tools.copy_failed' : 'tools.save_failed'));
    }
  }

  /** It is no longer looked at, nor heard. */
  quiet() {
    this.#lines.stop();
  }

  /** @param {string} text */
  #say(text) {
    clearTimeout(this.#timer);
    this.#said.textContent = text;
    this.#timer = setTimeout(() => (this.#said.textContent = ''), SAID_MS);
  }
}

/** @param {Entry} entry */
function timeIn({ startSec }) {
  return element('span', { 'data-testid': 'card-at', text: fileTime(startSec) });
}
