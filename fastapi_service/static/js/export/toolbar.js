// The toolbar over the transcript: copy it, download it, clear it away and bring it back.

import { byId } from '../base/dom.js';
import { count } from '../text/format.js';
import { words } from '../text/strings.js';
import { isSilent } from '../transcript/rows.js';
import { hasEnded } from '../transcript/utterances.js';

/**
 * @typedef {import('../transcript/transcript.js').Transcript} Transcript
 * @typedef {typeof import('./index.js')} Exports
 */

const SAID_MS = 4_000;
const UNDO_MS = 10_000; // and longer while the pointer or the focus is on it

export class TranscriptTools {
  /** @type {Transcript} */ #transcript;
  #copy = byId('copy', HTMLButtonElement);
  #download = byId('download', HTMLButtonElement);
  #clear = byId('clear', HTMLButtonElement);
  #formats = byId('formats', HTMLElement);
  #said = byId('tools-said', HTMLElement);
  #undone = byId('undo-box', HTMLElement);
  #undo = byId('undo', HTMLButtonElement);
  /** @type {Promise<Exports> | null} */ #exports = null;
  /** @type {(() => void) | null} what brings back what was cleared */ #bringBack = null;
  #byKeyboard = false; // the one who may undo
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #saidTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #undoTimer;
  #frame = 0;

  /** @param {Transcript} transcript */
  constructor(transcript) {
    this.#transcript = transcript;
    this.#copy.addEventListener('click', () => this.#ifSomething(() => void this.#copyText()));
    this.#clear.addEventListener('click', ({ detail }) => this.#clearAway(detail === 0));
    this.#undo.addEventListener('click', () => this.#undoClear());
    this.#download.addEventListener('click', () => this.#ifSomething(() => {})); // `popovertarget` opens the choice
    this.#formats.addEventListener('beforetoggle', () => this.#placeFormats());
    this.#formats.addEventListener('toggle', () => {
      if (this.#formats.matches(':popover-open')) this.#formats.querySelector('button')?.focus();
    });
    for (const choice of this.#formats.querySelectorAll('button')) {
      choice.addEventListener('click', () => void this.#save(/** @type {import('./index.js').Format} */ (choice.value)));
    }
    for (const leaves of ['pointerleave', 'focusout']) this.#undone.addEventListener(leaves, () => this.#waitForUndo());
    this.#undone.addEventListener('keydown', ({ key }) => {
      this.#byKeyboard = true;
      if (key === 'Escape') this.#endUndo();
    });
    this.update();
  }

  /** Utterances came, ended or went: the next frame shows it. */
  update() {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#show());
  }

  #show() {
    this.#frame = 0;
    const { entries } = this.#transcript;
    const ended = entries.filter(hasEnded).length;
    const results = this.#hasResults;
    // Loaded with the first words, so that it is there when the server no longer is.
    if (results) void this.#load().catch(() => {});
    usable(this.#copy, results);
    usable(this.#download, results);
    if (results) this.#download.setAttribute('popovertarget', this.#formats.id);
    else this.#download.removeAttribute('popovertarget');
    usable(this.#clear, ended > 0);
    const spoken = ended - entries.filter(isSilent).length;
    byId('transcript-count', HTMLElement).textContent = spoken > 0 ? count(spoken) : '';
  }

  get #hasResults() {
    return this.#transcript.entries.some(({ state }) => state === 'result');
  }

  /** @param {() => void} act */
  #ifSomething(act) {
    if (this.#hasResults) act();
    else this.#say(words('tools.nothing'));
  }

  /** @returns {Promise<Exports>} */
  #load() {
    this.#exports ??= import('./index.js').catch((problem) => {
      this.#exports = null; // the next time may find the server there
      throw problem;
    });
    return this.#exports;
  }

  async #copyText() {
    try {
      const { exported } = await this.#load();
      await toClipboard(exported('txt', this.#transcript.entries, new Date()));
      this.#say(words('tools.copied'));
    } catch {
      this.#say(words('tools.copy_failed'));
    }
  }

  /** @param {import('./index.js').Format} format */
  async #save(format) {
    this.#formats.hidePopover();
    this.#download.focus();
    try {
      const { exported, fileName, FORMATS } = await this.#load();
      const now = new Date();
      saveAs(fileName(format, now), FORMATS[format].type, exported(format, this.#transcript.entries, now));
      this.#say(words('tools.saved', { name: fileName(format, now) }));
    } catch {
      this.#say(words('tools.save_failed'));
    }
  }

  /** Below the button, within the page. */
  #placeFormats() {
    const { bottom, right } = this.#download.getBoundingClientRect();
    this.#formats.style.setProperty('--top', `${bottom + 4}px`);
    this.#formats.style.setProperty('--right', `${Math.max(8, document.documentElement.clientWidth - right)}px`);
  }

  /** @param {boolean} byKeyboard */
  #clearAway(byKeyboard) {
    this.#byKeyboard = byKeyboard;
    const { count: gone, undo } = this.#transcript.clear();
    if (gone === 0) {
      this.#say(words('tools.nothing'));
      return;
    }
    this.#bringBack = undo;
    byId('undo-text', HTMLElement).textContent = words('tools.cleared', { count: count(gone) });
    this.#undone.hidden = false;
    this.#undo.focus({ preventScroll: true });
    this.#waitForUndo();
  }

  #undoClear() {
    this.#bringBack?.();
    this.#endUndo();
  }

  /** What was cleared is gone for good after a while, but not under the pointer or the keyboard of the reader. */
  #waitForUndo() {
    clearTimeout(this.#undoTimer);
    this.#undoTimer = setTimeout(() => {
      const focused = this.#byKeyboard && this.#undone.matches(':focus-within');
      if (!focused && !this.#undone.matches(':hover')) this.#endUndo();
    }, UNDO_MS);
  }

  #endUndo() {
    const focused = this.#undone.contains(document.activeElement);
    this.#bringBack = null;
    this.#undone.hidden = true;
    clearTimeout(this.#undoTimer);
    if (focused) this.#clear.focus({ preventScroll: true });
  }

  /** @param {string} text */
  #say(text) {
    clearTimeout(this.#saidTimer);
    this.#said.textContent = text;
    this.#saidTimer = setTimeout(() => (this.#said.textContent = ''), SAID_MS);
  }
}

/**
 * A button that cannot act can still be reached, and says why.
 * @param {HTMLButtonElement} button
 * @param {boolean} can
 */
function usable(button, can) {
  if (can) {
    button.removeAttribute('aria-disabled');
    button.removeAttribute('aria-description');
    button.title = '';
  } else {
    button.setAttribute('aria-disabled', 'true');
    button.setAttribute('aria-description', words('tools.nothing'));
    button.title = words('tools.nothing');
  }
}

/**
 * Have the browser save a file.
 * @param {string} name
 * @param {string} type
 * @param {string} text
 */
export function saveAs(name, type, text) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // some browsers read it after the click
}

/**
 * Where the page has no clipboard (an insecure origin) or is refused it, the old way is tried.
 * @param {string} text
 * @throws {Error} when that is refused too
 */
export async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const focused = document.activeElement;
    const field = document.createElement('textarea');
    field.className = 'unseen';
    field.value = text;
    document.body.append(field);
    field.select();
    const copied = document.execCommand('copy');
    field.remove();
    if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
    if (!copied) throw new Error('the clipboard was refused');
  }
}
