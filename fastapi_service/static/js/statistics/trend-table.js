// The points of the sentiment chart as a table, for those who cannot see the drawing or want the numbers.

import { element } from '../base/dom.js';
import { count, signed } from '../text/format.js';
import { words } from '../text/strings.js';

const COLUMNS = 4; // without the speakers

/**
 * `who`: the names of those who speak, null where speakers are not told apart.
 * @typedef {import('./trend.js').Point & { time: string, who: string | null }} Row
 */

export class TrendTable {
  #head = element('tr');
  #body = element('tbody');
  /** @type {Row[]} */ #rows = [];
  element = element('details', { class: 'trend-values', 'data-testid': 'trend-values' });

  constructor() {
    const heads = [words('trend.time'), words('stats.sentiment'), words('trend.score'), words('trend.count')];
    this.#head.append(...heads.map((text) => element('th', { scope: 'col', text })));
    const caption = element('caption', { class: 'unseen', text: words('trend.label') });
    const table = element('table', {}, caption, element('thead', {}, this.#head), this.#body);
    const frame = { class: 'trend-scroll', role: 'region', 'aria-label': words('trend.label'), tabindex: '0' };
    this.element.append(element('summary', { text: words('trend.table') }), element('div', frame, table));
    this.element.addEventListener('toggle', () => this.#fill());
  }

  /** @param {Row[]} rows */
  show(rows) {
    this.#rows = rows;
    this.#fill();
  }

  /** Rows that stay are changed in place, so that someone who reads them keeps the place. */
  #fill() {
    if (!this.element.open) return;
    const told = this.#rows.some(({ who }) => who !== null);
    if (told !== this.#head.cells.length > COLUMNS) {
      if (told) this.#head.append(element('th', { scope: 'col', text: words('trend.speaker') }));
      else this.#head.lastElementChild?.remove();
      this.#body.replaceChildren();
    }
    this.#rows.forEach((row, index) => {
      const texts = [row.time, words(`zone.${row.zone}`), signed(row.score), count(row.count), ...(told ? [row.who ?? ''] : [])];
      const line = this.#body.rows[index] ?? this.#body.appendChild(newLine(texts.length));
      texts.forEach((text, column) => {
        if (line.cells[column].textContent !== text) line.cells[column].textContent = text;
      });
    });
    while (this.#body.rows.length > this.#rows.length) this.#body.deleteRow(-1);
  }
}

/** @param {number} columns */
function newLine(columns) {
  const cells = Array.from({ length: columns - 1 }, () => element('td'));
  return element('tr', {}, element('th', { scope: 'row' }), ...cells);
}
