// The dock: the start button, what it says, and the level meter.

import { byId } from './dom.js';
import { words } from './strings.js';

const FLOOR_DB = -60;

/** @typedef {'off' | 'starting' | 'listening' | 'speaking' | 'muted' | 'clip'} ControlState */

export class Control {
  #dock = byId('dock', HTMLElement);
  #label = byId('start-label', HTMLElement);
  #text = byId('control-text', HTMLElement);
  #hint = byId('control-hint', HTMLElement);
  #meter = byId('meter', HTMLElement);
  /** @type {ControlState} */ #state = 'off';

  /** @param {() => void} toggle the button or its key was pressed */
  constructor(toggle) {
    this.#hint.textContent = hintOf('off');
    byId('start', HTMLButtonElement).addEventListener('click', toggle);
    document.addEventListener('keydown', (event) => {
      if (event.key !== ' ' || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target instanceof Element && event.target.closest(CONTROLS) !== null) return;
      event.preventDefault();
      toggle();
    });
  }

  /** @param {ControlState} state */
  show(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.#dock.dataset.state = state;
    this.#label.textContent = words(state === 'off' ? 'control.start' : 'control.stop');
    this.#text.textContent = words(`control.${state}`);
    this.#hint.textContent = hintOf(state);
    if (state === 'off' || state === 'starting') this.level(0);
  }

  /** @param {number} meanSquare full scale is 1 */
  level(meanSquare) {
    const db = 10 * Math.log10(Math.max(meanSquare, 1e-9));
    const share = Math.max(0, Math.min(1, 1 - db / FLOOR_DB));
    this.#dock.style.setProperty('--level', share.toFixed(3));
    this.#meter.setAttribute('aria-valuenow', String(Math.round(share * 100)));
  }
}

/** @param {ControlState} state */
function hintOf(state) {
  const noKeyboard = matchMedia('(hover: none)').matches;
  return words(state === 'off' && noKeyboard ? 'control.off.hint.touch' : `control.${state}.hint`);
}

/** What the space bar already means something to. */
const CONTROLS = 'button, a[href], input, select, textarea, summary, [contenteditable], [role="button"]';
