// What was heard in the last seconds, and what of it the voice gate let through: a picture beside the words and the
// meter that say the same. It is drawn while something is recorded and the page is seen.

import { COLUMN_MS, COLUMNS, LevelRing } from '../audio/level-ring.js';
import { levelShare } from '../audio/level-scale.js';
import { DEFAULT_GATE } from '../audio/worklet/voice-gate.js';
import { preferences } from '../base/preferences.js';

const STILL_EVERY_MS = 333; // where motion is to be reduced
const GAP = 0.3; // between bars, of a column
const COLOURS = /** @type {const} */ (['quiet', 'loud', 'soft', 'passage', 'threshold']); // css/dock.css

export class Waveform {
  /** @type {HTMLCanvasElement} */ #canvas;
  /** @type {CanvasRenderingContext2D} */ #context;
  #ring = new LevelRing(DEFAULT_GATE.preRollMs);
  #running = false;
  #scheduled = false;
  #levelAtMs = 0; // when the last level came
  #threshold = 0; // in force when it came
  #still = matchMedia('(prefers-reduced-motion: reduce)');
  /** @type {Record<typeof COLOURS[number], string>} */
  #colours = { quiet: '', loud: '', soft: '', passage: '', threshold: '' };

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    const context = canvas.getContext('2d');
    if (context === null) throw new Error('a canvas without a context');
    this.#canvas = canvas;
    this.#context = context;
    new ResizeObserver(() => this.#fit()).observe(canvas);
    for (const query of ['(prefers-color-scheme: dark)', '(forced-colors: active)']) {
      matchMedia(query).addEventListener('change', () => this.#readColours());
    }
    preferences.onChange((name) => {
      if (name === 'theme') this.#readColours();
      if (name !== 'threshold') return;
      this.#threshold = 0;
      this.#draw();
    });
    document.addEventListener('visibilitychange', () => this.#schedule());
  }

  /** Follow the levels, or be at rest and empty. @param {boolean} running */
  run(running) {
    if (running === this.#running) return;
    this.#running = running;
    this.#ring.clear();
    this.#threshold = 0;
    this.#readColours();
    this.#schedule();
  }

  /**
   * @param {number} meanSquare
   * @param {boolean} open
   * @param {number} threshold the one in force
   */
  level(meanSquare, open, threshold) {
    this.#threshold = threshold;
    this.#ring.push(meanSquare, open);
    this.#levelAtMs = performance.now();
  }

  utteranceEnd() {
    this.#ring.end();
  }

  #schedule() {
    if (!this.#running || this.#scheduled || document.hidden) return;
    this.#scheduled = true;
    if (this.#still.matches) setTimeout(this.#frame, STILL_EVERY_MS);
    else requestAnimationFrame(this.#frame);
  }

  #frame = () => {
    this.#scheduled = false;
    this.#draw();
    this.#schedule();
  };

  #readColours() {
    const style = getComputedStyle(this.#canvas);
    for (const name of COLOURS) this.#colours[name] = style.getPropertyValue(`--wave-${name}`);
    this.#draw();
  }

  #fit() {
    const { clientWidth, clientHeight } = this.#canvas;
    this.#canvas.width = Math.round(clientWidth * devicePixelRatio);
    this.#canvas.height = Math.round(clientHeight * devicePixelRatio);
    this.#readColours();
  }

  #draw() {
    const { width, height } = this.#canvas;
    const step = width / COLUMNS;
    const late = this.#still.matches ? 0 : (performance.now() - this.#levelAtMs) / COLUMN_MS;
    const shift = step * Math.min(1, late); // glide, as levels come in steps
    this.#context.clearRect(0, 0, width, height);
    this.#drawPassages(step, shift);
    this.#drawBars(step, shift);
    this.#drawThreshold();
  }

  /**
   * @param {number} step
   * @param {number} shift
   */
  #drawPassages(step, shift) {
    const context = this.#context;
    const { height } = this.#canvas;
    context.fillStyle = this.#colours.passage;
    for (let begin = 0; begin < COLUMNS; ) {
      const passage = this.#ring.passage(begin);
      let end = begin + 1;
      while (end < COLUMNS && this.#ring.passage(end) === passage) end++;
      if (passage !== 0) {
        context.beginPath();
        context.roundRect(begin * step - shift, 0, (end - begin) * step - step * GAP, height, height / 8);
        context.fill();
      }
      begin = end;
    }
  }

  /**
   * @param {number} step
   * @param {number} shift
   */
  #drawBars(step, shift) {
    const context = this.#context;
    const { height } = this.#canvas;
    const threshold = this.#inForce();
    for (let column = 0; column < COLUMNS; column++) {
      const level = this.#ring.level(column);
      const sent = this.#ring.passage(column) !== 0;
      context.fillStyle = this.#colours[!sent ? 'quiet' : level < threshold ? 'soft' : 'loud'];
      const tall = Math.max(devicePixelRatio, levelShare(level) * height);
      context.fillRect(column * step - shift, (height - tall) / 2, step * (1 - GAP), tall);
    }
  }

  /** From where on the gate opens. */
  #drawThreshold() {
    const { height } = this.#canvas;
    const tall = levelShare(this.#inForce()) * height;
    this.#context.fillStyle = this.#colours.threshold;
    this.#dash((height - tall) / 2);
    this.#dash((height + tall) / 2);
  }

  /** The threshold: the chosen one, or what noise has made of it. */
  #inForce() {
    return Math.max(preferences.get('threshold'), this.#threshold);
  }

  /** @param {number} y */
  #dash(y) {
    const { width } = this.#canvas;
    for (let x = 0; x < width; x += 8 * devicePixelRatio) {
      this.#context.fillRect(x, y, 4 * devicePixelRatio, devicePixelRatio);
    }
  }
}
