// The course of sentiment as a drawing: a mark for each point of the trend, its shape and colour by sentiment, and the
// moving average. Pointer, touch and arrow keys move over the points; a line of text says what is there.

import { element } from '../base/dom.js';
import { count, signed, streamTime, timeOfDay } from '../text/format.js';
import { words } from '../text/strings.js';
import { ZONES } from './tally.js';
import { TrendTable } from './trend-table.js';

/** @typedef {import('./trend.js').Point} Point */

const SVG = 'http://www.w3.org/2000/svg';
const PAD_PX = 6; // so that no mark is cut off
const FEW = 48; // up to so many points the marks are large
const PAGE = 10; // points that a page key steps over

export class SentimentChart {
  #plot = element('div', { class: 'trend-plot', 'data-testid': 'trend', role: 'slider', tabindex: '0' });
  #area = element('div', { class: 'trend-area' });
  #svg = document.createElementNS(SVG, 'svg');
  #zero = this.#path('zero');
  #marks = ZONES.map((zone) => this.#path(zone));
  #line = this.#path('line');
  #cursor = this.#path('cursor');
  #said = element('p', { class: 'trend-said', 'data-testid': 'trend-said', 'aria-hidden': 'true' });
  #begin = element('span');
  #end = element('span');
  #table = new TrendTable();
  /** @type {Point[]} */ #points = [];
  #ofDay = true;
  /** @type {number | null} */ #selectedX = null;

  /** @param {HTMLElement} container */
  constructor(container) {
    const zones = element('div', { class: 'trend-zones', 'aria-hidden': 'true' });
    zones.append(...ZONES.map((zone) => element('span', { text: words(`zone.${zone}`) })));
    this.#svg.setAttribute('aria-hidden', 'true');
    this.#area.append(this.#svg);
    this.#plot.append(zones, this.#area);
    this.#plot.setAttribute('aria-label', words('trend.label'));
    this.#plot.setAttribute('aria-valuemin', '1');
    const times = element('p', { class: 'trend-times', 'aria-hidden': 'true' }, this.#begin, this.#end);
    container.replaceChildren(this.#said, this.#plot, times, this.#table.element);
    new ResizeObserver(() => this.#draw()).observe(this.#area);
    this.#plot.addEventListener('keydown', (event) => this.#key(event));
    this.#plot.addEventListener('focus', () => this.#select(this.#index));
    this.#plot.addEventListener('blur', () => this.#select(null));
    for (const kind of /** @type {const} */ (['pointerdown', 'pointermove'])) {
      this.#area.addEventListener(kind, (event) => this.#select(this.#nearest(this.#timeAt(event.offsetX))));
    }
    this.#area.addEventListener('pointerleave', (event) => {
      if (event.pointerType === 'mouse' && document.activeElement !== this.#plot) this.#select(null);
    });
  }

  /**
   * @param {ReturnType<import('./trend.js').Trend['read']>} trend
   * @param {((speakers: readonly (number | null)[]) => string) | null} [names] of speakers, where they are told apart
   */
  show({ points, ofDay }, names = null) {
    this.#points = points;
    this.#ofDay = ofDay;
    this.#table.show(points.map((point) => ({ ...point, time: this.#timeOf(point), who: names?.(point.speakers) ?? null })));
    this.#draw();
  }

  /** The point that is selected, the newest when none is. */
  get #index() {
    return this.#selectedX === null ? this.#points.length - 1 : this.#nearest(this.#selectedX);
  }

  /** @param {number | null} index */
  #select(index) {
    this.#selectedX = index === null ? null : (this.#points[index]?.x ?? null);
    this.#draw();
  }

  #draw() {
    const points = this.#points;
    const { clientWidth: width, clientHeight: height } = this.#area;
    if (width === 0 || points.length === 0) return;
    this.#svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    const y = (/** @type {number} */ score) => height / 2 - score * (height / 2 - PAD_PX);
    const at = points.map((point) => ({ zone: point.zone, x: this.#xOf(point.x), y: y(point.score), average: y(point.average) }));
    const size = points.length <= FEW ? 4 : 2.5;
    this.#zero.setAttribute('d', `M0 ${height / 2}H${width}`);
    ZONES.forEach((zone, index) => {
      this.#marks[index].setAttribute('d', at.filter((mark) => mark.zone === zone).map((mark) => MARKS[zone](mark, size)).join(''));
    });
    this.#line.setAttribute('d', `M${at.map(({ x, average }) => `${fix(x)} ${fix(average)}`).join('L')}`);
    const index = this.#index;
    const chosen = this.#selectedX === null ? null : at[index];
    this.#cursor.setAttribute('d', chosen ? `M${fix(chosen.x)} 0V${height}${MARKS.neutral(chosen, size + 3)}` : '');
    this.#begin.textContent = this.#moment(points[0].begin);
    this.#end.textContent = points.length > 1 ? this.#moment(points[points.length - 1].end) : '';
    this.#say(index);
  }

  /** @param {number} index */
  #say(index) {
    const point = this.#points[index];
    const sentiment = words(`zone.${point.zone}`);
    const values = { time: this.#timeOf(point), sentiment, score: signed(point.score), count: count(point.count) };
    const text = words(point.count === 1 ? 'trend.one' : 'trend.many', values);
    this.#plot.setAttribute('aria-valuemax', String(this.#points.length));
    this.#plot.setAttribute('aria-valuenow', String(index + 1));
    this.#plot.setAttribute('aria-valuetext', text);
    const results = this.#points.reduce((sum, { count }) => sum + count, 0);
    const mean = this.#points.reduce((sum, { count, score }) => sum + count * score, 0) / results;
    this.#said.textContent = this.#selectedX === null ? words('trend.all', { score: signed(mean), count: count(results) }) : text;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const last = this.#points.length - 1;
    const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -PAGE, PageUp: PAGE, Home: -last, End: last };
    const step = steps[/** @type {keyof typeof steps} */ (event.key)];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.#select(Math.max(0, Math.min(last, this.#index + step)));
  }

  /** @param {number} x as a point's */
  #nearest(x) {
    let nearest = 0;
    this.#points.forEach((point, index) => {
      if (Math.abs(point.x - x) < Math.abs(this.#points[nearest].x - x)) nearest = index;
    });
    return nearest;
  }

  /** What the drawing's width stands for. */
  get #scale() {
    const [first, last] = [this.#points[0].x, this.#points[this.#points.length - 1].x];
    return { first, span: last - first, width: this.#area.clientWidth - 2 * PAD_PX };
  }

  /** @param {number} time */
  #xOf(time) {
    const { first, span, width } = this.#scale;
    return PAD_PX + (span > 0 ? (time - first) / span : 0.5) * width;
  }

  /** @param {number} px */
  #timeAt(px) {
    const { first, span, width } = this.#scale;
    return first + ((px - PAD_PX) / width) * span;
  }

  /** @param {number} time */
  #moment(time) {
    return this.#ofDay ? timeOfDay(time) : streamTime(time / 1000);
  }

  /** @param {Point} point */
  #timeOf(point) {
    const [begin, end] = [this.#moment(point.begin), this.#moment(point.end)];
    return begin === end ? begin : `${begin}–${end}`;
  }

  /** @param {string} name */
  #path(name) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('class', `trend-${name}`);
    this.#svg.append(path);
    return path;
  }
}

/**
 * Up for positive, down for negative, round for neither.
 * @type {Record<import('../stream/messages.js').Zone, (at: { x: number, y: number }, size: number) => string>}
 */
const MARKS = {
  positive: ({ x, y }, size) => `M${fix(x)} ${fix(y - size)}l${size} ${1.8 * size}h${-2 * size}z`,
  negative: ({ x, y }, size) => `M${fix(x)} ${fix(y + size)}l${size} ${-1.8 * size}h${-2 * size}z`,
  neutral: ({ x, y }, size) => `M${fix(x - size)} ${fix(y)}a${size} ${size} 0 1 0 ${2 * size} 0a${size} ${size} 0 1 0 ${-2 * size} 0z`,
};

/** @param {number} px */
function fix(px) {
  return px.toFixed(1);
}
