// The rows of a long list that are in the document. They keep their places by the room before each (`--before`) and
// after the last (`--after`), in pixels.

/**
 * A row of the list; what it shows changes with `revision`.
 * @typedef {import('./row-heights.js').Row & { revision: number }} ListRow
 */

const MAX_SELECTED = 300; // rows that stay in the document because their text is selected

/** @template {ListRow} T */
export class ShownRows {
  /** @type {HTMLElement} */ #list;
  /** @type {readonly T[]} */ #rows;
  /** @type {import('./row-heights.js').RowHeights} */ #heights;
  /** @type {(element: HTMLLIElement, row: T) => void} */ #fill;
  /** @type {ResizeObserver} */ #observer;
  /** @type {Map<T, { element: HTMLLIElement, revision: number }>} */ #shown = new Map();
  /** @type {WeakMap<Element, T>} */ #rowOf = new WeakMap();
  #gap = NaN; // pixels after each row
  #first = 0; // index of the first that is near the reader

  /**
   * @param {HTMLElement} list a flex column with a `row-gap`
   * @param {readonly T[]} rows all of them
   * @param {import('./row-heights.js').RowHeights} heights of all of them
   * @param {(element: HTMLLIElement, row: T) => void} fill puts into an empty or a filled `li` what the row shows
   * @param {ResizeObserver} observer of the elements
   */
  constructor(list, rows, heights, fill, observer) {
    this.#list = list;
    this.#rows = rows;
    this.#heights = heights;
    this.#fill = fill;
    this.#observer = observer;
  }

  /** @param {T} row */
  elementOf(row) {
    return this.#shown.get(row)?.element;
  }

  /** The width is another one. */
  forget() {
    this.#gap = NaN;
  }

  /**
   * Have the rows from `first` to `last` in the document, with the one that has the focus and those whose text is
   * selected, and no others.
   * @param {number} first -1 of an empty list
   * @param {number} last
   */
  show(first, last) {
    this.#first = first;
    const indexes = this.#wanted(first, last);
    const wanted = new Set(indexes.map((index) => this.#rows[index]));
    for (const [row, { element }] of this.#shown) {
      if (wanted.has(row)) continue;
      this.#observer.unobserve(element);
      element.remove();
      this.#shown.delete(row);
    }
    let next = this.#list.firstElementChild;
    for (const index of indexes) {
      const element = this.#present(this.#rows[index]);
      put(element, 'aria-posinset', String(index + 1));
      put(element, 'aria-setsize', String(this.#rows.length));
      if (element === next) next = next.nextElementSibling;
      else this.#list.insertBefore(element, next);
    }
  }

  /** Measure what is in the document. @returns {boolean} whether that moves any row */
  measure() {
    let moved = false;
    if (Number.isNaN(this.#gap)) this.#gap = parseFloat(getComputedStyle(this.#list).rowGap) || 0;
    for (const { element } of this.#shown.values()) {
      const px = element.getBoundingClientRect().height + this.#gap;
      if (this.#heights.measured(indexOf(element), px)) moved = true;
    }
    return moved;
  }

  /**
   * Leave room for the rows that are not in the document.
   * @param {number} drift pixels more before those that are near the reader
   * @returns {boolean} whether there is room for so much drift: none is left before the first row of all
   */
  space(drift) {
    let end = 0; // index after the row before
    let fits = true;
    for (const element of /** @type {Iterable<HTMLElement>} */ (this.#list.children)) {
      const index = indexOf(element);
      const px = this.#heights.top(index) - this.#heights.top(end) + (index === this.#first ? drift : 0);
      fits &&= px >= 0;
      room(element, '--before', px);
      end = index + 1;
    }
    room(this.#list, '--after', this.#heights.total - this.#heights.top(end));
    return fits && (drift === 0 || this.#first !== 0);
  }

  /** The element of a row, made or made new where the row has changed. @param {T} row */
  #present(row) {
    let shown = this.#shown.get(row);
    if (shown === undefined) {
      shown = { element: document.createElement('li'), revision: -1 };
      this.#shown.set(row, shown);
      this.#rowOf.set(shown.element, row);
      this.#observer.observe(shown.element);
    }
    if (shown.revision !== row.revision) this.#fill(shown.element, row);
    shown.revision = row.revision;
    return shown.element;
  }

  /**
   * @param {number} first
   * @param {number} last
   * @returns {number[]} in order
   */
  #wanted(first, last) {
    const wanted = new Set(first < 0 ? [] : range(first, last));
    const focused = this.#indexAt(document.activeElement);
    if (focused >= 0) wanted.add(focused);
    const selection = document.getSelection();
    if (selection !== null && !selection.isCollapsed) {
      const ends = [this.#indexAt(selection.anchorNode), this.#indexAt(selection.focusNode)].sort((a, b) => a - b);
      if (ends[0] >= 0 && ends[1] - ends[0] < MAX_SELECTED) range(ends[0], ends[1]).forEach((index) => wanted.add(index));
    }
    return [...wanted].sort((a, b) => a - b);
  }

  /** Index of the row that a node is in, or -1. @param {Node | null} node */
  #indexAt(node) {
    let at = node;
    while (at !== null && at.parentNode !== this.#list) at = at.parentNode;
    const row = at instanceof Element ? this.#rowOf.get(at) : undefined;
    return row === undefined ? -1 : this.#rows.indexOf(row);
  }
}

/** @param {HTMLElement} element of a row in the document */
function indexOf(element) {
  return Number(element.getAttribute('aria-posinset')) - 1;
}

/**
 * @param {number} first
 * @param {number} last inclusive
 */
function range(first, last) {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/**
 * @param {HTMLElement} element
 * @param {string} name
 * @param {string} value
 */
function put(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/**
 * @param {HTMLElement} element
 * @param {string} name
 * @param {number} px
 */
function room(element, name, px) {
  const value = `${Math.max(0, px).toFixed(3)}px`;
  if (element.style.getPropertyValue(name) !== value) element.style.setProperty(name, value);
}
