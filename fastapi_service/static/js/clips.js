// The row of demo clips. It stays hidden where the server has none.

import { element, icon } from './dom.js';
import { words } from './strings.js';

const LIST_URL = new URL('/demo/clips/clips.json', import.meta.url);

/** What the row needs of an entry of clips.json. @typedef {{ file: string, text: string }} Clip */

/**
 * Fill and show the row; `play` gets the address of the clip that is pressed.
 * @param {HTMLElement} row
 * @param {HTMLElement} container
 * @param {(url: URL) => void} play
 */
export async function showClips(row, container, play) {
  const clips = await fetchClips();
  for (const clip of clips) {
    const button = element(
      'button',
      { type: 'button', class: 'clip', 'data-testid': 'clip', 'aria-label': words('clips.play', { text: clip.text }) },
      icon('play'),
      element('span', { text: clip.text }),
    );
    button.addEventListener('click', () => play(new URL(clip.file, LIST_URL)));
    row.append(element('li', {}, button));
  }
  container.hidden = clips.length === 0;
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
