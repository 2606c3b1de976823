// A file in the list: its name, how far it is, and what can be done with it.

import { element, icon } from '../base/dom.js';
import { fileSize, fileWords, isDamaged, stateWords } from './words.js';

/** It would be the same again. @type {ReadonlySet<import('./refusals.js').FailureCode>} */
const FINAL = new Set(/** @type {const} */ (['empty', 'too_large', 'too_long', 'not_media', 'no_route', 'refused']));

/** @type {ReadonlySet<import('./job.js').FileState['name']>} */
const ON_ITS_WAY = new Set(/** @type {const} */ (['taking', 'sending', 'waiting', 'working']));

/**
 * @typedef {import('./job.js').FileJob} FileJob
 * @typedef {'select' | 'cancel' | 'retry' | 'remove'} FileAction
 */

export class FileRow {
  /** @type {FileJob} */ #job;
  /** @type {(job: FileJob, action: FileAction) => void} */ #act;
  #name;
  #state = element('span', { 'data-testid': 'file-state' });
  #progress = element('progress', { max: '1' });
  #actions = element('div', { class: 'file-actions' });
  #offered = '';

  /**
   * @param {FileJob} job
   * @param {(job: FileJob, action: FileAction) => void} act
   */
  constructor(job, act) {
    this.#job = job;
    this.#act = act;
    const { name, size } = job.file;
    this.#name = element('button', { type: 'button', class: 'file-name', dir: 'auto', 'data-testid': 'file-name', title: name, text: name });
    this.#name.addEventListener('click', () => act(job, 'select'));
    this.#progress.setAttribute('aria-label', name);
    const line = element('p', { class: 'file-line' }, element('span', { text: fileSize(size) }), this.#state);
    const body = element('div', { class: 'file-body' }, this.#name, line, this.#progress);
    this.element = element('li', { class: 'file', 'data-testid': 'file' }, icon('file'), body, this.#actions);
  }

  /** Give its name the focus. */
  focus() {
    this.#name.focus();
  }

  /**
   * @param {boolean} selected
   * @param {import('./button.js').FileLimits | null} limits
   */
  update(selected, limits) {
    const { state } = this.#job;
    this.element.dataset.state = state.name;
    this.element.toggleAttribute('data-damaged', isDamaged(state));
    this.element.toggleAttribute('data-selected', selected);
    this.#name.setAttribute('aria-pressed', String(selected));
    const text = stateWords(this.#job, limits);
    if (this.#state.textContent !== text) this.#state.textContent = text;
    this.#progress.hidden = !ON_ITS_WAY.has(state.name);
    const share = shareOf(state);
    if (share === null) this.#progress.removeAttribute('value');
    else this.#progress.value = share;
    this.#offer();
  }

  #offer() {
    const actions = actionsOf(this.#job.state);
    const wanted = actions.map(({ label }) => label).join();
    if (wanted === this.#offered) return;
    this.#offered = wanted;
    const focused = this.#actions.contains(document.activeElement);
    this.#actions.replaceChildren(...actions.map((action) => this.#button(action)));
    if (focused) /** @type {HTMLElement} */ (this.#actions.firstElementChild ?? this.#name).focus();
  }

  /** @param {{ label: import('./words.js').FileStringKey, action: FileAction | 'login' }} offer */
  #button({ label, action }) {
    const inside = [element('span', { text: fileWords(label) }), element('span', { class: 'unseen', text: ` ${this.#job.file.name}` })];
    if (action === 'login') return element('a', { class: 'quiet', href: 'login', target: '_blank' }, ...inside);
    const small = action === 'remove';
    const button = element('button', { type: 'button', class: small ? 'close' : 'quiet', 'data-testid': `file-${action}` });
    if (small) {
      button.append(icon('close'));
      inside[0].className = 'unseen';
      button.title = fileWords(label);
    }
    button.append(...inside);
    button.addEventListener('click', () => this.#act(this.#job, action));
    return button;
  }
}

/**
 * How much of the bar is full; null where that is not known.
 * @param {import('./job.js').FileState} state
 */
function shareOf(state) {
  if (state.name === 'taking') return state.share;
  if (state.name === 'sending') return state.total > 0 ? state.sent / state.total : 0;
  if (state.name === 'working' && state.total_sec !== null) return state.total_sec > 0 ? Math.min(1, state.done_sec / state.total_sec) : 1;
  return null;
}

/**
 * @param {import('./job.js').FileState} state
 * @returns {{ label: import('./words.js').FileStringKey, action: FileAction | 'login' }[]}
 */
function actionsOf(state) {
  switch (state.name) {
    case 'taking':
    case 'sending':
    case 'waiting':
    case 'working':
      return [{ label: 'action.cancel', action: 'cancel' }];
    case 'retrying':
      return [{ label: 'action.now', action: 'retry' }, { label: 'action.cancel', action: 'cancel' }];
    case 'failed':
      return [
        ...(state.code === 'not_allowed' ? [{ label: /** @type {const} */ ('action.login'), action: /** @type {const} */ ('login') }] : []),
        ...(FINAL.has(state.code) ? [] : [{ label: /** @type {const} */ ('action.retry'), action: /** @type {const} */ ('retry') }]),
        { label: 'action.remove', action: 'remove' },
      ];
    case 'cancelled':
      return [{ label: 'action.retry', action: 'retry' }, { label: 'action.remove', action: 'remove' }];
    default:
      return [{ label: 'action.remove', action: 'remove' }];
  }
}
