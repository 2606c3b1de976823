// The files of this page, in the place of the live transcript while they are looked at: what is dropped or chosen is
// sent, recognised and shown here, one after the other. Live recording is independent of it.

import { byId, element, icon } from '../base/dom.js';
import { preferences } from '../base/preferences.js';
import { loadStyle } from '../base/style.js';
import { count } from '../text/format.js';
import { words } from '../text/strings.js';
import { nowPlaying } from '../listen/door.js';
import { FileDetail } from './detail.js';
import { FileQueue, MAX_FILES } from './queue.js';
import { FileRow } from './row.js';
import { forget, transfer } from './transfer.js';
import { fileSize, fileWords, saidWords } from './words.js';

const REFRESH_MS = 500; // of what changes with time alone
const WORD_TIMES = Object.freeze({ 'timestamp_granularities[]': 'word' }); // subtitles are cut by them
const SPEAKERS = Object.freeze({ speakers: 'true' });
const STYLE_URL = new URL('../../css/files.css', import.meta.url).href;

/**
 * @typedef {import('./job.js').FileJob} FileJob
 * @typedef {import('./button.js').FileLimits} FileLimits
 * @typedef {{ row: FileRow, detail: FileDetail, said: string }} Shown
 */

/** @param {FileLimits | null} limits @returns {Promise<FilesPanel>} when it can be looked at */
export async function openFiles(limits) {
  await loadStyle(STYLE_URL);
  return new FilesPanel(limits);
}

export class FilesPanel {
  #button = byId('files-open', HTMLButtonElement);
  #badge = element('b', { class: 'files-badge' });
  #live = /** @type {HTMLElement} */ (document.querySelector('.transcript'));
  #title = element('h2', { id: 'files-title', tabindex: '-1', text: words('files.title') });
  #number = element('span', { class: 'transcript-count', 'data-testid': 'files-count' });
  #list = element('ul', { class: 'file-list', role: 'list', 'aria-label': fileWords('list') });
  #details = element('div', { class: 'file-details' });
  #limitWords = element('p', {});
  #note = element('p', { class: 'files-note', role: 'status', 'data-testid': 'files-note' });
  #said = element('p', { class: 'unseen', role: 'status', 'data-testid': 'files-said' });
  #chooser = element('input', { type: 'file', multiple: '', accept: 'audio/*,video/*', hidden: '', 'data-testid': 'files-input' });
  #choose = element('button', { type: 'button', class: 'files-choose', 'data-testid': 'files-choose', text: fileWords('start.choose') });
  #add;
  #empty;
  #panel;
  #over;
  /** @type {Map<FileJob, Shown>} */ #shown = new Map();
  /** @type {FileJob | null} */ #selected = null;
  #follows = true; // the file that is worked on is the one that is looked at
  #frame = 0;
  /** @type {FileLimits | null} */ #limits;
  #queue = new FileQueue({
    transfer,
    takeSound: async (...what) => (await import('./sound/index.js')).takeSound(...what),
    forget,
    asked: () => ({
      language: preferences.get('spoken_language'),
      prompt: preferences.get('hints'),
      ...WORD_TIMES,
      ...(preferences.get('speakers') && SPEAKERS),
    }),
    largest_bytes: () => this.#limits?.upload_bytes || Infinity,
    changed: (job) => {
      this.#shown.get(job)?.detail.changed();
      this.#changed();
    },
  });

  /** @param {FileLimits | null} limits */
  constructor(limits) {
    this.#limits = limits;
    const touch = matchMedia('(hover: none)').matches;
    this.#add = tool('file', fileWords('add'), 'files-add', () => this.#chooser.click());
    const back = tool('wave', fileWords('back'), 'files-back', () => this.close());
    this.#empty = element(
      'div',
      { class: 'empty files-empty' },
      icon('file'),
      element('p', { class: 'empty-title', text: fileWords(touch ? 'start.title.touch' : 'start.title') }),
      element('p', { text: fileWords('start.formats') }),
      this.#limitWords,
      element('p', { text: fileWords('start.private') }),
      this.#choose,
    );
    const head = element(
      'div',
      { class: 'transcript-head' },
      this.#title,
      this.#number,
      element('div', { class: 'tools' }, this.#add, back),
    );
    this.#panel = element(
      'section',
      { class: 'files', 'aria-labelledby': this.#title.id, 'data-testid': 'files', hidden: '' },
      head,
      this.#note,
      this.#said,
      this.#chooser,
      this.#list,
      this.#empty,
      this.#details,
    );
    this.#over = element(
      'div',
      { class: 'files-over', 'aria-hidden': 'true', 'data-testid': 'files-over', hidden: '' },
      element('div', {}, icon('file'), element('p', { text: fileWords('drop') }), element('p', { text: fileWords('drop.more') })),
    );
    this.#live.after(this.#panel);
    document.body.append(this.#over);
    this.#button.append(this.#badge);
    this.#choose.addEventListener('click', () => this.#chooser.click());
    this.#chooser.addEventListener('change', () => {
      const chosen = [...(this.#chooser.files ?? [])];
      this.#chooser.value = ''; // the same file can be chosen again
      this.add(chosen);
    });
    this.#panel.addEventListener('keydown', ({ key }) => key === 'Escape' && this.close());
    addEventListener('online', () => this.#queue.active?.state.name === 'retrying' && this.#queue.active.start());
    addEventListener('beforeunload', (event) => {
      if (this.#queue.active !== undefined) event.preventDefault();
    });
    setInterval(() => this.#queue.active !== undefined && this.#changed(), REFRESH_MS);
    this.limits(limits);
    this.#show();
  }

  /** @param {FileLimits | null} limits */
  limits(limits) {
    this.#limits = limits;
    const bytes = limits?.upload_bytes ?? 0;
    this.#limitWords.hidden = bytes === 0;
    this.#limitWords.textContent = fileWords('start.limit', { size: fileSize(bytes) });
  }

  /** Show the files instead of the live transcript. */
  open() {
    document.querySelector('dialog')?.close();
    if (!this.#panel.hidden) return;
    this.#panel.hidden = false;
    this.#live.hidden = true;
    if (this.#queue.jobs.length === 0) this.#choose.focus({ preventScroll: true });
    else this.#title.focus({ preventScroll: true });
    this.#changed();
  }

  close() {
    this.#panel.hidden = true;
    this.#quiet();
    this.#live.hidden = false;
    this.#button.focus({ preventScroll: true });
  }

  /** Files are held over the page, or no longer. @param {boolean} over */
  held(over) {
    this.#over.hidden = !over;
  }

  /** @param {readonly File[]} files */
  add(files) {
    if (files.length === 0) return;
    this.open();
    const taken = this.#queue.add(files);
    const [first, ...others] = files.slice(taken.length);
    const names = others.length > 0 ? fileWords('full.more', { name: first.name, count: count(others.length) }) : first?.name;
    this.#note.textContent = first === undefined ? '' : fileWords('full', { max: MAX_FILES, names });
    for (const job of taken) this.#insert(job);
    if (taken.length > 0 && this.#queue.active === undefined) this.#select(taken[0]);
    this.#show();
  }

  /** @param {FileJob} job */
  #insert(job) {
    const shown = { row: new FileRow(job, (on, action) => this.#act(on, action)), detail: new FileDetail(job), said: '' };
    this.#shown.set(job, shown);
    this.#list.append(shown.row.element);
    this.#details.append(shown.detail.element);
  }

  /**
   * @param {FileJob} job
   * @param {import('./row.js').FileAction} action
   */
  #act(job, action) {
    if (action === 'select') {
      this.#follows = job === this.#queue.active;
      this.#select(job);
    } else if (action === 'cancel') job.cancel();
    else if (action === 'retry') this.#queue.retry(job);
    else this.#remove(job);
    this.#changed();
  }

  /** @param {FileJob} job */
  #remove(job) {
    const { jobs } = this.#queue;
    const index = jobs.indexOf(job);
    this.#queue.remove(job);
    const shown = this.#shown.get(job);
    this.#shown.delete(job);
    shown?.detail.quiet();
    shown?.row.element.remove();
    shown?.detail.element.remove();
    this.#note.textContent = '';
    const next = jobs[Math.min(index, jobs.length - 1)];
    if (this.#selected === job) this.#select(next ?? null);
    if (next !== undefined) this.#shown.get(next)?.row.focus();
    this.#show();
    if (next === undefined) this.#choose.focus();
  }

  /** @param {FileJob | null} job */
  #select(job) {
    if (job !== this.#selected) this.#quiet();
    this.#selected = job;
  }

  /** What is not looked at is not heard. */
  #quiet() {
    if (this.#selected !== null) this.#shown.get(this.#selected)?.detail.quiet();
  }

  #changed() {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#show());
  }

  #show() {
    this.#frame = 0;
    const { jobs, active } = this.#queue;
    if (this.#follows && active !== undefined && !nowPlaying.active) this.#select(active);
    for (const [job, shown] of this.#shown) {
      shown.row.update(job === this.#selected, this.#limits);
      shown.detail.element.hidden = job !== this.#selected;
      shown.detail.update();
      this.#say(job, shown);
    }
    const number = jobs.length === 0 ? '' : count(jobs.length);
    this.#number.textContent = number;
    this.#badge.textContent = number;
    this.#button.toggleAttribute('data-active', active !== undefined);
    this.#empty.hidden = jobs.length > 0;
    this.#add.hidden = jobs.length === 0;
    this.#list.hidden = this.#details.hidden = jobs.length === 0;
  }

  /**
   * A screen reader hears of each change, and of each quarter that is done.
   * @param {FileJob} job
   * @param {Shown} shown
   */
  #say(job, shown) {
    const said = `${job.file.name}: ${saidWords(job, this.#limits)}`;
    if (said === shown.said) return;
    const first = shown.said === '';
    shown.said = said;
    if (!(first && job.state.name === 'queued')) this.#said.textContent = said;
  }
}

/**
 * @param {string} picture
 * @param {string} text
 * @param {string} testid
 * @param {() => void} act
 */
function tool(picture, text, testid, act) {
  const button = element('button', { type: 'button', class: 'tool', 'data-testid': testid }, icon(picture), element('span', { text }));
  button.addEventListener('click', act);
  return button;
}
