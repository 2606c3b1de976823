// The row of demo clips. It stays hidden where the server has none.

import { element, icon } from '../base/dom.js';
import { words } from '../text/strings.js';

const LIST_URL = new URL('demo/clips/clips.json', document.baseURI);

/** What the row needs of an entry of clips.json. @typedef {{ file: string, text: string }} Clip */

export class Clips {
  /** @type {Map<string, { button: HTMLButtonElement, text: string }>} by address */ #clips = new Map();
  #playing = '';

  /**
   * Fill and show the row; `press` gets the address of the clip that is pressed.
   * @param {HTMLElement} row
   * @param {HTMLElement} container
   * @param {(url: URL) => void} press
   */
  constructor(row, container, press) {
    void this.#fill(row, container, press);
  }

  /** Show which clip plays. @param {URL | null} url */
  playing(url) {
    const href = url?.href ?? '';
    if (href === this.#playing) return;
    for (const changed of [this.#playing, href]) this.#mark(changed, changed === href);
    this.#playing = href;
  }

  /**
   * @param {string} href
   * @param {boolean} plays
   */
  #mark(href, plays) {
    const clip = this.#clips.get(href);
    if (clip === undefined) return;
    clip.button.toggleAttribute('data-playing', plays);
    clip.button.setAttribute('aria-label', words(plays ? 'clips.stop' : 'clips.play', { text: clip.text }));
    clip.button.firstElementChild?.replaceWith(icon(plays ? 'stop' : 'play'));
  }

  /**
   * @param {HTMLElement} row
   * @param {HTMLElement} container
   * @param {(url: URL) => void} press
   */
  async #fill(row, container, press) {
    for (const { file, text } of await fetchClips()) {
      const url = new URL(file, LIST_URL);
      const button = element(
        'button',
        { type: 'button', class: 'clip', 'data-testid': 'clip' },
        icon('play'),
        element('span', { text }),
      );
      this.#clips.set(url.href, { button, text });
      this.#mark(url.href, false);
      button.addEventListener('click', () => press(url));
      row.append(element('li', {}, button));
    }
    container.hidden = this.#clips.size === 0;
  }
}

/** @returns {Promise<Clip[]>} none when they cannot be had */
async function fetchClips() {
  try {
    const response = await fetch(LIST_URL);
    const list = /** @type {unknown} */ (response.ok ? await response.json() : []);
    return Array.isArray(list) ? list.filter(isClip) : [];
  } catch {
    return [];
  }
}

/** @param {any} value @returns {value is Clip} */
function isClip(value) {
  return typeof value?.file === 'string' && typeof value?.text === 'string';
}
