// The speakers in the statistics: a line for each, and whose sentiment the chart shows.

import { byId, element, icon } from '../base/dom.js';
import { count, percent } from '../text/format.js';
import { words } from '../text/strings.js';
import { ZONES } from '../statistics/tally.js';
import { MAX_ENTRIES } from '../transcript/utterances.js';
import { speakerMark } from './chip.js';
import { countSpeakers, trendOf } from './counts.js';
import { speakerLabel } from './names.js';
import { speakerWords } from './words.js';

/**
 * @typedef {import('./counts.js').SpeakerCount} SpeakerCount
 * @typedef {import('./names.js').KnownSpeakers} KnownSpeakers
 */

export class SpeakerPanel {
  /** @type {Map<string, import('./door.js').Heard>} */ #results;
  /** @type {() => KnownSpeakers} */ #known;
  #body = element('tbody');
  #note = element('p', { class: 'stage-note' });
  #section;
  #whose = element('select', { id: 'trend-whose', 'data-testid': 'trend-whose' });
  #choice;
  #shown = '';
  #offered = '';
  /** @type {number | null} whose trend it is */ #chosen = null;

  /**
   * @param {Map<string, import('./door.js').Heard>} results of the session, as they come
   * @param {() => KnownSpeakers} known its speakers
   * @param {() => void} chosen somebody wants to see another's trend
   */
  constructor(results, known, chosen) {
    this.#results = results;
    this.#known = known;
    const title = element('h3', { id: 'speakers-title', text: speakerWords('stats.title') });
    const head = [speakerWords('stats.speaker'), speakerWords('stats.words'), speakerWords('stats.time')].map((text) => element('th', { scope: 'col', text }));
    const zones = ZONES.map((zone) => {
      const name = words(`zone.${zone}`);
      return element('th', { scope: 'col', title: name, 'data-zone': zone }, icon(zone), element('span', { class: 'unseen', text: name }));
    });
    const caption = element('caption', { class: 'unseen', text: speakerWords('stats.label') });
    const table = element('table', { class: 'speaker-table' }, caption, element('thead', {}, element('tr', {}, ...head, ...zones)), this.#body);
    this.#section = element('div', { 'data-testid': 'stat-speakers', hidden: '' }, title, table, this.#note);
    byId('trend', HTMLElement).before(this.#section);
    const label = element('label', { for: this.#whose.id, text: speakerWords('trend.of') });
    this.#choice = element('p', { class: 'trend-whose', hidden: '' }, label, this.#whose);
    byId('trend-chart', HTMLElement).before(this.#choice);
    this.#whose.addEventListener('change', () => {
      this.#chosen = this.#whose.value === '' ? null : Number(this.#whose.value);
      chosen();
    });
  }

  /** Results came, or who speaks in them is known better. */
  changed() {
    const known = this.#known();
    const counts = countSpeakers(this.#results.values(), known);
    const told = counts.some(({ speaker }) => speaker !== null);
    this.#section.hidden = !told;
    if (!told) return;
    this.#showLines(counts, known);
    this.#showChoice(counts, known);
    this.#note.textContent = this.#results.size < MAX_ENTRIES ? '' : speakerWords('stats.newest', { count: count(MAX_ENTRIES) });
    this.#note.hidden = this.#note.textContent === '';
  }

  newSession() {
    this.#chosen = null;
    this.#section.hidden = this.#choice.hidden = true;
  }

  /** What the chart shows; null where nothing is known of speakers. */
  trend() {
    if (this.#section.hidden) return null;
    return trendOf(this.#results.values(), this.#known(), this.#chosen).read();
  }

  /** Names of those whose sentences are in a point of the trend. @param {readonly (number | null)[]} speakers */
  names(speakers) {
    return speakers.map((speaker) => speakerLabel(speaker, this.#known())).join(', ');
  }

  /**
   * @param {readonly SpeakerCount[]} counts
   * @param {KnownSpeakers} known
   */
  #showLines(counts, known) {
    const lines = counts.map(({ speaker, words: said, share, zones }) => {
      const cells = [count(said), percent(share), ...ZONES.map((zone) => count(zones[zone]))];
      return { speaker, name: speakerLabel(speaker, known), cells };
    });
    const shown = JSON.stringify(lines);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#body.replaceChildren(
      ...lines.map(({ speaker, name, cells }) => {
        const title = speaker === null ? speakerWords('unknown.title') : name;
        const inside = element('span', { class: 'speaker-line', title }, speakerMark(speaker, known), element('span', { class: 'speaker-name', dir: 'auto', text: name }));
        const row = element('tr', { 'data-testid': 'stat-speaker' }, element('th', { scope: 'row' }, inside));
        row.append(...cells.map((text) => element('td', { text })));
        return row;
      }),
    );
  }

  /**
   * @param {readonly SpeakerCount[]} counts
   * @param {KnownSpeakers} known
   */
  #showChoice(counts, known) {
    const judged = counts.filter(({ speaker, zones }) => speaker !== null && ZONES.some((zone) => zones[zone] > 0));
    this.#choice.hidden = judged.length < 2;
    const options = judged.map(({ speaker }) => [String(speaker), speakerLabel(speaker, known)]);
    if (this.#chosen !== null && !options.some(([value]) => value === String(this.#chosen))) this.#chosen = null;
    const offered = JSON.stringify(options);
    if (offered !== this.#offered) {
      this.#offered = offered;
      const all = element('option', { value: '', text: speakerWords('trend.everybody') });
      this.#whose.replaceChildren(all, ...options.map(([value, text]) => element('option', { value, text })));
    }
    this.#whose.value = this.#chosen === null ? '' : String(this.#chosen);
  }
}
