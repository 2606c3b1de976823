// A long list of which only what is near the reader is in the document.
//
// What the reader looks at stays where it is: either the end of the list, which is followed, or the first row in sight
// (`anchor`), whatever comes, goes or turns out to be higher than it was thought.
//
// While the reader scrolls, nobody else may: that would end the scrolling. So what the rows above turn out to be higher
// goes into `drift`, which is room before the rows that are shown, until the scrolling has ended.

import { RowHeights } from './row-heights.js';
import { ShownRows } from './shown-rows.js';

const AT_END_PX = 16; // scrolled down to within this much of the end, the reader follows it
const MIN_SPARE_PX = 1200; // rows are shown this far beyond both edges, or a screen
// Without a scroll event for so long, scrolling has ended. A fallback only, where the browser has `scrollend`.
const SCROLLING_MS = 'onscrollend' in globalThis ? 1000 : 150;
const MAX_PASSES = 4; // measuring moves rows, which can bring others near; what is left waits for the next frame

/** @template {import('./shown-rows.js').ListRow} T */
export class WindowedList {
  /** @type {HTMLElement} */ #scroller;
  /** @type {HTMLElement} */ #list;
  /** @type {readonly T[]} */ #rows;
  /** @type {() => void} */ #moved;
  /** @type {(row: T) => T | undefined} */ #standIn;
  /** @type {RowHeights} */ #heights;
  /** @type {ShownRows<T>} */ #shown;
  /** @type {{ row: T, offsetPx: number } | null} */ #anchor = null;
  #following = true;
  #drift = 0;
  #scrolledMs = -Infinity; // when, last; -Infinity when that has ended
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #settleTimer;
  #lastTop = 0; // of the scroller, to know which way it went
  #width = 0;
  #frame = 0;

  /**
   * @param {HTMLElement} scroller an offset parent
   * @param {HTMLElement} list in it, a flex column with a `row-gap`
   * @param {readonly T[]} rows the data itself: it may change, which `changed` must say
   * @param {(element: HTMLLIElement, row: T) => void} fill puts into an empty or a filled `li` what the row shows
   * @param {() => void} moved the list or the reader has moved
   * @param {(row: T) => T | undefined} [standIn] the row that shows what one has shown that is no longer there
   */
  constructor(scroller, list, rows, fill, moved, standIn = () => undefined) {
    this.#scroller = scroller;
    this.#list = list;
    this.#rows = rows;
    this.#moved = moved;
    this.#standIn = standIn;
    this.#heights = new RowHeights(rows);
    const observer = new ResizeObserver((changes) => this.#resized(changes));
    this.#shown = new ShownRows(list, rows, this.#heights, fill, observer);
    scroller.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    scroller.addEventListener('scrollend', () => this.#scrollEnded());
    scroller.addEventListener('keydown', (event) => this.#key(event));
    observer.observe(scroller);
    for (const part of scroller.children) {
      if (part !== list) observer.observe(part); // what is above or below the rows
    }
  }

  /** Whether the end is kept in sight. */
  get following() {
    return this.#following;
  }

  /** Whether the end is out of sight, below. */
  get away() {
    return this.#below() > AT_END_PX;
  }

  /** Rows from this index on have come, gone, moved or show something else; the next frame shows it. @param {number} index */
  changed(index) {
    this.#heights.changed(index);
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#layOut();
    });
  }

  /** Go to the end and follow it. */
  toEnd() {
    this.#noteScroll();
    this.#following = true;
    this.#layOut();
  }

  /**
   * The reader opens or closes something in a row: the row stays where it is, and all of it comes into sight.
   * @param {T} row
   * @param {boolean} opens what was opened is read, so that the end is not followed
   * @param {() => void} change
   */
  holdStill(row, opens, change) {
    this.#noteScroll();
    this.#hold(this.#rows.indexOf(row));
    this.#following = false;
    change();
    this.#layOut();
    if (opens) this.#shown.elementOf(row)?.scrollIntoView({ block: 'nearest' });
    this.#lastTop = this.#scroller.scrollTop;
    this.#holdTop();
    this.#following = !opens && !this.away;
    this.#moved();
  }

  #scrolled() {
    this.#noteScroll();
    this.#layOut();
  }

  #scrollEnded() {
    this.#noteScroll();
    this.#scrolledMs = -Infinity;
    if (this.#drift !== 0) this.#layOut();
  }

  /** The reader may have scrolled, even if the event is still to come. */
  #noteScroll() {
    const { scrollTop, clientHeight } = this.#scroller;
    if (scrollTop === this.#lastTop) return; // nobody, or this list itself
    if (Math.abs(scrollTop - this.#lastTop) > clientHeight) this.#drift = 0; // nothing is left of what was seen
    const below = this.#below();
    // Up, and not because the content became shorter: the reader leaves the end.
    if (scrollTop < this.#lastTop && below > 1) this.#following = false;
    else if (scrollTop > this.#lastTop && below <= AT_END_PX) this.#following = true;
    this.#lastTop = scrollTop;
    this.#scrolledMs = performance.now();
    this.#holdTop();
  }

  /** All the way at once: a smooth way would end where it was thought to end when it began. @param {KeyboardEvent} event */
  #key(event) {
    const { key, metaKey, altKey, shiftKey } = event;
    const home = key === 'Home' || (metaKey && key === 'ArrowUp');
    const end = key === 'End' || (metaKey && key === 'ArrowDown');
    if (event.defaultPrevented || altKey || shiftKey || !(home || end)) return;
    event.preventDefault();
    if (end) {
      this.toEnd();
      return;
    }
    this.#scroller.scrollTop = 0;
    this.#scrolled();
  }

  #below() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight;
  }

  /** The first row that begins in sight stays: one that the edge cuts may grow, which then is out of sight. */
  #holdTop() {
    const top = this.#scroller.scrollTop - this.#list.offsetTop - this.#drift;
    const at = this.#heights.at(top);
    const cut = at >= 0 && at + 1 < this.#rows.length && this.#heights.top(at) < top - 1;
    this.#hold(cut && this.#heights.top(at + 1) < top + this.#scroller.clientHeight ? at + 1 : at);
  }

  /** This row stays where it is on the screen. @param {number} index */
  #hold(index) {
    const row = this.#rows[index];
    const top = this.#scroller.scrollTop - this.#list.offsetTop;
    this.#anchor = row === undefined ? null : { row, offsetPx: top - this.#drift - this.#heights.top(index) };
  }

  /** Show what is near, measure it, and put everything in its place. */
  #layOut() {
    const { clientHeight: height } = this.#scroller;
    if (height === 0) return; // not displayed; the observer tells when it is
    this.#noteScroll();
    const spare = Math.max(MIN_SPARE_PX, height);
    for (let pass = 0; pass < MAX_PASSES; pass++) {
      const top = this.#target(height);
      this.#shown.show(this.#heights.at(top - spare), this.#heights.at(top + height + spare));
      this.#shown.space(this.#drift);
      if (!this.#shown.measure()) break;
    }
    this.#place();
  }

  /** Where the upper edge belongs, in pixels of the list. @param {number} height of the scroller */
  #target(height) {
    if (this.#following) return this.#heights.total - height;
    if (this.#anchor !== null) {
      const { row, offsetPx } = this.#anchor;
      let index = this.#rows.indexOf(row);
      if (index < 0) index = this.#rows.indexOf(this.#standIn(row) ?? row);
      if (index >= 0) return this.#heights.top(index) + offsetPx;
    }
    this.#anchor = null; // it went, and the oldest go first: now the first is there
    return -this.#list.offsetTop;
  }

  /** Have on the screen what the reader looked at, by the room above it or by scrolling. */
  #place() {
    const scroller = this.#scroller;
    const target = this.#target(scroller.clientHeight);
    const above = this.#list.offsetTop + target;
    const scrolling = performance.now() - this.#scrolledMs < SCROLLING_MS;
    this.#drift = !this.#following && scrolling ? this.#lastTop - above : 0;
    if (!this.#shown.space(this.#drift)) {
      this.#drift = 0;
      this.#shown.space(0);
    }
    clearTimeout(this.#settleTimer);
    if (this.#drift !== 0) this.#settleTimer = setTimeout(() => this.#scrollEnded(), SCROLLING_MS);
    if (this.#following) {
      if (this.#below() > 0) scroller.scrollTop = scroller.scrollHeight;
    } else if (Math.abs(above + this.#drift - scroller.scrollTop) >= 1) {
      scroller.scrollTop = above + this.#drift;
    }
    this.#lastTop = scroller.scrollTop;
    this.#moved();
  }

  /**
   * Before the next paint: keep what is read in its place. Rows that must come or go wait for the next frame, because
   * changing the observed elements here can loop for ever.
   * @param {readonly ResizeObserverEntry[]} changes
   */
  #resized(changes) {
    this.#noteScroll();
    const width = this.#list.clientWidth;
    const wider = width !== this.#width && this.#width !== 0; // or narrower
    this.#width = width;
    if (wider) {
      this.#scrolledMs = -Infinity;
      this.#heights.forget();
      this.#shown.forget();
    }
    const moved = this.#shown.measure();
    this.#place();
    if (moved || changes.some(({ target }) => target === this.#scroller)) this.changed(this.#rows.length);
  }
}
