// Messages above the transcript. One per kind: a new one of the same kind takes the old one's place.

import { element, icon } from './dom.js';
import { words } from './strings.js';

/** @typedef {'info' | 'warning' | 'error'} Level */

export class Notices {
  /** @type {HTMLElement} */ #container;
  /** @type {Map<string, HTMLElement>} */ #shown = new Map();
  /** @type {Set<string>} */ #dismissed = new Set();

  /** @param {HTMLElement} container */
  constructor(container) {
    this.#container = container;
  }

  /**
   * @param {string} kind
   * @param {Level} level
   * @param {string} text
   * @param {{ label: string, run: () => void }} [action]
   */
  show(kind, level, text, action) {
    if (this.#shown.get(kind)?.dataset.text === text || this.#dismissed.has(kind + text)) return;
    const role = level === 'error' ? 'alert' : 'status';
    const notice = element(
      'div',
      { class: 'notice', role, 'data-testid': 'notice', 'data-kind': kind, 'data-level': level, 'data-text': text },
      icon(level === 'info' ? 'info' : 'warning'),
      element('p', { text }),
    );
    if (action !== undefined) {
      const button = element('button', { type: 'button', class: 'quiet', text: action.label });
      button.addEventListener('click', action.run);
      notice.append(button);
    }
    const close = element('button', { type: 'button', class: 'close', 'aria-label': words('notice.dismiss') }, icon('close'));
    close.addEventListener('click', () => {
      if (level === 'info') this.#dismissed.add(kind + text);
      this.clear(kind);
    });
    notice.append(close);
    this.clear(kind);
    this.#shown.set(kind, notice);
    this.#container.append(notice);
  }

  /** @param {string} kind */
  clear(kind) {
    this.#shown.get(kind)?.remove();
    this.#shown.delete(kind);
  }
}
