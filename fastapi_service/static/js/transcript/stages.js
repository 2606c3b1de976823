// Where the time of one utterance went: the server's stages and what only this page knows, under names that people
// understand, and shown as a bar with its list.

import { element } from '../base/dom.js';
import { milliseconds, percent } from '../text/format.js';
import { words } from '../text/strings.js';

/**
 * @typedef {'wait' | 'network' | 'queue' | 'speech' | 'sentiment' | 'relay' | 'other'} StageName
 *
 * What only the page knows of an utterance: the time from the end of what was loud to the end mark that left the page,
 * and what is left of the whole after that and all that the server measured. Null where the page was not there.
 * @typedef {{ wait_ms: number, network_ms: number } | null} PageStages
 *
 * `measured` is false where nobody has: an outcome that is sent again has no relay, and not every page was there.
 * @typedef {{ name: StageName, ms: number, measured: boolean }} StageTime
 * @typedef {StageTime & { share: number }} Stage `share` of the total, 0 to 1
 */

/**
 * In the order in which they come. `of` are the stages that the server names (docs/protocol.md); its `endpoint` is the
 * time that it waited for an end mark, so that it belongs to the waiting.
 * @type {readonly { name: StageName, label: import('../text/strings.js').StringKey, of: readonly string[] }[]}
 */
export const STAGES = Object.freeze([
  { name: 'wait', label: 'stage.wait', of: ['endpoint'] },
  { name: 'network', label: 'stage.network', of: [] },
  { name: 'queue', label: 'stage.queue', of: ['dispatch', 'queue', 'analyzer_queue'] },
  { name: 'speech', label: 'stage.speech', of: ['speech_check', 'speech'] },
  { name: 'sentiment', label: 'stage.sentiment', of: ['sentiment'] },
  { name: 'relay', label: 'stage.relay', of: ['relay'] },
  { name: 'other', label: 'stage.other', of: [] },
]);

const SHOWN_FROM_MS = 0.5; // what rounds to nothing is left out of the list

/** Milliseconds from the last audio at the server to the outcome, by what the server measured. @param {Timed} outcome */
export function serverMs(outcome) {
  return Object.values(outcome.timings_ms).reduce((sum, ms) => sum + ms, 0);
}

/**
 * @typedef {Pick<import('../stream/messages.js').UtteranceFields, 'timings_ms'>} Timed
 *
 * All stages of an outcome, also those that took no time; `total_ms` is their sum.
 * @param {Timed} outcome
 * @param {PageStages} pageStages
 * @returns {{ stages: Stage[], total_ms: number }}
 */
export function stagesOf(outcome, pageStages) {
  const rest = new Map(Object.entries(outcome.timings_ms));
  const own = { wait: pageStages?.wait_ms ?? 0, network: pageStages?.network_ms ?? 0 };
  const times = STAGES.map(({ name, of }) => {
    const ofPage = name === 'wait' || name === 'network';
    const served = name === 'other' ? [...rest.keys()] : of.filter((stage) => rest.has(stage));
    let ms = ofPage ? own[name] : 0;
    for (const stage of served) {
      ms += rest.get(stage) ?? 0;
      rest.delete(stage);
    }
    return { name, ms, measured: ofPage ? pageStages !== null : served.length > 0 };
  });
  return withShares(times);
}

/** @param {StageTime[]} times */
export function withShares(times) {
  const total_ms = times.reduce((sum, { ms }) => sum + ms, 0);
  return { total_ms, stages: times.map((time) => ({ ...time, share: total_ms > 0 ? time.ms / total_ms : 0 })) };
}

/**
 * The breakdown of one outcome, to be shown in its card.
 * @param {Timed} outcome
 * @param {PageStages} pageStages
 */
export function stageElement(outcome, pageStages) {
  const { stages, total_ms } = stagesOf(outcome, pageStages);
  return breakdown(stages, total_ms, pageStages !== null);
}

/**
 * A stacked bar, and what it shows in words and numbers.
 * @param {readonly Stage[]} stages
 * @param {number} total_ms
 * @param {boolean} whole whether the page's part is in it; if not, that is said
 */
export function breakdown(stages, total_ms, whole) {
  const shown = stages.filter(({ ms }) => ms >= SHOWN_FROM_MS);
  const bar = element('div', { class: 'stage-bar', 'aria-hidden': 'true' });
  const list = element('dl', { class: 'stage-list' });
  for (const { name, ms, share } of shown) {
    const label = labelOf(name);
    const part = element('span', { 'data-stage': name, title: `${label}: ${milliseconds(ms)}` });
    part.style.setProperty('--share', share.toFixed(4));
    bar.append(part);
    list.append(row(name, label, milliseconds(ms), share < 0.005 ? '<1%' : percent(share)));
  }
  list.append(row('total', words('stage.total'), milliseconds(total_ms)));
  const note = whole ? [] : [element('p', { class: 'stage-note', text: words('stage.unknown') })];
  return element('div', { class: 'stages', 'data-testid': 'stages' }, bar, list, ...note);
}

/**
 * @param {StageName | 'total'} name
 * @param {string} label
 * @param {...string} values
 */
function row(name, label, ...values) {
  const cells = values.map((text) => element('dd', { text }));
  return element('div', { 'data-stage': name }, element('dt', { text: label }), ...cells);
}

/** @param {StageName} name */
function labelOf(name) {
  return words(STAGES.find((stage) => stage.name === name)?.label ?? 'stage.other');
}
