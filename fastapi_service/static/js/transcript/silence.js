// Several utterances in which no speech was heard, as one line that counts them.

import { element, icon } from '../base/dom.js';
import { count, shortSeconds } from '../text/format.js';
import { words } from '../text/strings.js';
import { timeOf } from './card.js';

/**
 * @typedef {import('./rows.js').Silence} Silence
 * @typedef {import('./utterances.js').Entry} Entry
 */

const MAX_LISTED = 20; // the newest of them

/**
 * Put into a list item how often it was, and when, for those who want to know.
 * @param {HTMLLIElement} line
 * @param {Silence} silence
 * @param {(silence: Silence, opens: boolean, change: () => void) => void} holdStill makes a change while what is read
 *   stays in its place
 */
export function fillSilence(line, silence, holdStill) {
  const { entries } = silence;
  line.className = 'card';
  line.dataset.testid = 'silence';
  line.dataset.state = 'dropped';
  const side = element('div', { class: 'card-side' }, element('p', { class: 'card-time' }, timeOf(entries[0])));
  const text = words('dropped.no_speech.times', { count: count(entries.length) });
  const foot = element('p', { class: 'card-foot' });
  const body = element('div', { class: 'card-body' }, element('p', { class: 'card-text', text }), foot);
  const open = { class: 'card-toggle', type: 'button', 'data-testid': 'card-toggle', 'aria-expanded': String(silence.open) };
  const button = element('button', open, element('span', { text: words('transcript.details') }), icon('down-small'));
  button.addEventListener('click', () => {
    holdStill(silence, !silence.open, () => {
      silence.open = !silence.open;
      button.setAttribute('aria-expanded', String(silence.open));
      if (silence.open) body.append(details(entries));
      else body.querySelector('.card-details')?.remove();
    });
  });
  foot.append(button);
  if (silence.open) body.append(details(entries));
  line.replaceChildren(side, body);
}

/** @param {readonly Entry[]} entries */
function details(entries) {
  const opened = element('ul', { class: 'card-details', 'data-testid': 'card-details' });
  const listed = entries.slice(-MAX_LISTED);
  const earlier = entries.length - listed.length;
  if (earlier > 0) opened.append(element('li', { class: 'card-why', text: words('dropped.earlier', { count: count(earlier) }) }));
  for (const entry of listed) {
    const { outcome } = entry;
    const seconds = words('transcript.spoken', { seconds: shortSeconds(outcome?.duration_sec ?? 0) });
    const detail = outcome?.type === 'dropped' && outcome.detail ? ` · ${outcome.detail}` : '';
    opened.append(element('li', { class: 'card-why' }, timeOf(entry), element('span', { text: ` · ${seconds}${detail}` })));
  }
  return opened;
}
