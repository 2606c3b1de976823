// The dock: the start button, what it says, and the level meter.

import { levelShare } from '../audio/level-scale.js';
import { byId } from '../base/dom.js';
import { preferences } from '../base/preferences.js';
import { words } from '../text/strings.js';

const TELL_EVERY_MS = 250; // the meter's value, to programs that read it out

/** @typedef {import('../audio/recorder.js').DockState} DockState */

export class Control {
  #dock = byId('dock', HTMLElement);
  #label = byId('start-label', HTMLElement);
  #text = byId('control-text', HTMLElement);
  #status = byId('control-status', HTMLElement);
  #hint = byId('control-hint', HTMLElement);
  #meter = byId('meter', HTMLElement);
  #tellAtMs = 0;

  /** @param {() => void} toggle the button or its key was pressed */
  constructor(toggle) {
    this.#hint.textContent = hintOf('off', null);
    this.#showThreshold(preferences.get('threshold'));
    preferences.onChange(() => this.#showThreshold(preferences.get('threshold')));
    byId('start', HTMLButtonElement).addEventListener('click', toggle);
    document.addEventListener('keydown', (event) => {
      if (event.key !== ' ' || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target instanceof Element && event.target.closest(CONTROLS) !== null) return;
      if (document.querySelector('dialog[open]') !== null) return;
      event.preventDefault();
      toggle();
    });
  }

  /**
   * @param {DockState} state
   * @param {import('../audio/recorder.js').StopReason | null} reason why it `stopped` or `failed`, else null
   */
  show(state, reason) {
    const active = state !== 'off' && state !== 'stopped' && state !== 'failed';
    const starting = state === 'starting' || state === 'choosing' || state === 'loading';
    this.#dock.dataset.state = state;
    this.#dock.toggleAttribute('data-active', active);
    this.#label.textContent = words(starting ? 'control.cancel' : active ? 'control.stop' : 'control.start');
    this.#text.textContent = words(`control.${state}`);
    this.#hint.textContent = hintOf(state, reason);
    // Every utterance passes through `speaking`; said aloud each time, that would speak over the speaker.
    const calm = state === 'speaking' ? 'listening' : state;
    const said = reason === null ? words(`control.${calm}`) : `${words(`control.${calm}`)} ${hintOf(state, reason)}`;
    if (this.#status.textContent !== said) this.#status.textContent = said;
    if (!active || starting) this.level(0, false, preferences.get('threshold'));
  }

  /**
   * @param {number} meanSquare full scale is 1
   * @param {boolean} open whether the voice gate is
   * @param {number} threshold the one in force
   */
  level(meanSquare, open, threshold) {
    const share = levelShare(meanSquare);
    this.#dock.style.setProperty('--level', share.toFixed(3));
    const now = performance.now();
    if (meanSquare > 0 && now < this.#tellAtMs) return;
    this.#tellAtMs = now + TELL_EVERY_MS;
    this.#showThreshold(threshold);
    const loud = meanSquare >= threshold;
    this.#meter.setAttribute('aria-valuenow', String(Math.round(share * 100)));
    this.#meter.setAttribute(
      'aria-valuetext',
      words(loud ? 'control.level.speech' : open ? 'control.level.pause' : share > 0 ? 'control.level.quiet' : 'control.level.none'),
    );
  }

  /** @param {number} threshold */
  #showThreshold(threshold) {
    this.#dock.style.setProperty('--threshold', levelShare(threshold).toFixed(3));
  }
}

/**
 * @param {DockState} state
 * @param {import('../audio/recorder.js').StopReason | null} reason
 */
function hintOf(state, reason) {
  if (state === 'stopped' || state === 'failed') return words(`control.stopped.${reason ?? 'other'}`);
  const noKeyboard = state === 'off' && matchMedia('(hover: none)').matches;
  return words(noKeyboard ? 'control.off.hint.touch' : `control.${state}.hint`);
}

/** What the space bar already means something to. */
const CONTROLS = 'button, a[href], input, select, textarea, summary, [contenteditable], [role="button"]';
