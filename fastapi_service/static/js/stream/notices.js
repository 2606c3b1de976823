// Messages above the transcript. One per kind: a new one of the same kind takes the old one's place. The gravest and
// newest come first, and what does not fit is folded away, so that they never push the transcript off a phone.

import { element, icon } from '../base/dom.js';
import { words } from '../text/strings.js';

const NARROW = '(max-width: 40rem), (max-height: 30rem)'; // as in css/narrow.css
const SHOWN = { narrow: 1, wide: 2 };
const LEVELS = ['error', 'warning', 'info'];

/**
 * @typedef {'info' | 'warning' | 'error'} Level
 *
 * @typedef {object} More
 * @property {readonly string[]} [steps] what to do, in order
 * @property {string} [href] an address to go to, shown as it is
 * @property {boolean} [lasting] it ends with what it tells of, so it cannot be closed
 */

export class Notices {
  /** @type {HTMLElement} */ #container;
  /** @type {HTMLElement} */ #rest;
  /** @type {Map<string, { notice: HTMLElement, said: string }>} */ #shown = new Map();
  /** @type {Set<string>} */ #dismissed = new Set();
  #narrow = matchMedia(NARROW);
  #open = false;
  #more = element('button', { type: 'button', class: 'quiet notices-more', 'data-testid': 'notices-more' });

  /**
   * @param {HTMLElement} container
   * @param {HTMLElement} rest gets the focus when a notice that has it goes
   */
  constructor(container, rest) {
    this.#container = container;
    this.#rest = rest;
    this.#more.addEventListener('click', () => {
      this.#open = !this.#open;
      this.#fold();
    });
    this.#narrow.addEventListener('change', () => this.#fold());
    container.append(this.#more);
    this.#fold();
  }

  /** @param {string} kind */
  has(kind) {
    return this.#shown.has(kind);
  }

  /**
   * @param {string} kind
   * @param {Level} level
   * @param {string} text
   * @param {{ label: string, run: () => void }} [action]
   * @param {More} [more]
   */
  show(kind, level, text, action, { steps = [], href, lasting = false } = {}) {
    const said = [level, text, ...steps, href, action?.label].join('\n');
    if (this.#shown.get(kind)?.said === said || this.#dismissed.has(kind + said)) return;
    const body = element('div', { class: 'notice-words' }, element('p', { text }));
    if (steps.length > 0) body.append(element('ol', {}, ...steps.map((step) => element('li', { text: step }))));
    if (href !== undefined) body.append(element('p', {}, element('a', { href, text: href })));
    // A timer is no news: screen readers do not read it at every second.
    body.append(element('p', { class: 'notice-note', role: 'timer', 'data-testid': 'notice-note' }));
    const notice = element(
      'div',
      {
        class: 'notice',
        role: level === 'error' ? 'alert' : 'status',
        'data-testid': 'notice',
        'data-kind': kind,
        'data-level': level,
      },
      icon(level === 'info' ? 'info' : 'warning'),
      body,
    );
    if (action !== undefined) {
      const button = element('button', { type: 'button', class: 'quiet', text: action.label });
      button.addEventListener('click', action.run);
      notice.append(button);
    }
    if (!lasting) {
      const close = element('button', { type: 'button', class: 'close', 'aria-label': words('notice.dismiss') }, icon('close'));
      close.addEventListener('click', () => {
        if (level === 'info') this.#dismissed.add(kind + said);
        this.clear(kind);
      });
      notice.append(close);
    }
    this.#insert(kind, level, notice);
    this.#shown.set(kind, { notice, said });
    this.#fold();
  }

  /**
   * The last line of a notice, for what changes while it is shown.
   * @param {string} kind
   * @param {string} text
   */
  note(kind, text) {
    const line = this.#shown.get(kind)?.notice.querySelector('.notice-note');
    if (line && line.textContent !== text) line.textContent = text;
  }

  /** @param {string} kind */
  clear(kind) {
    const notice = this.#shown.get(kind)?.notice;
    if (notice === undefined) return;
    this.#shown.delete(kind);
    if (notice.contains(document.activeElement)) this.#rest.focus({ preventScroll: true });
    notice.remove();
    this.#fold();
  }

  /**
   * Insert it before the first that is no graver. The others are not moved, so that none is read out again.
   * @param {string} kind
   * @param {Level} level
   * @param {HTMLElement} notice
   */
  #insert(kind, level, notice) {
    this.clear(kind);
    const rank = LEVELS.indexOf(level);
    const others = [...this.#container.children].slice(0, -1);
    const next = others.find((other) => LEVELS.indexOf(/** @type {HTMLElement} */ (other).dataset.level ?? '') >= rank);
    this.#container.insertBefore(notice, next ?? this.#more);
  }

  #fold() {
    const notices = [...this.#container.children].slice(0, -1);
    const limit = SHOWN[this.#narrow.matches ? 'narrow' : 'wide'];
    const folded = Math.max(0, notices.length - limit);
    if (folded === 0) this.#open = false;
    notices.forEach((notice, i) => notice.toggleAttribute('hidden', i >= limit && !this.#open));
    this.#more.hidden = folded === 0;
    this.#more.textContent = this.#open ? words('notice.fewer') : words('notice.more', { count: folded });
    this.#more.setAttribute('aria-expanded', String(this.#open));
  }
}
