// What a speaker is called: by number, or by the name that the visitor gave. contract/speakers/names.py resolves them
// in the same way.

import { partsOf } from '../transcript/parts.js';
import { speakerWords } from './words.js';

/**
 * The speakers of one session, or of one file, as far as they are known by now: `list` changes.
 * @typedef {{ list: readonly import('../stream/messages.js').Speaker[] }} KnownSpeakers
 *
 * @typedef {Pick<import('../transcript/utterances.js').Entry, 'outcome' | 'speakers'>} Spoken
 */

/** As many as there are in css/speakers.css; further speakers share them. */
const COLOURS = 8;

/**
 * The number that stands for a speaker: that of another, if both were found to be one.
 * @param {number} number
 * @param {KnownSpeakers} known
 */
export function shownSpeaker(number, { list }) {
  let shown = number;
  for (let step = 0; step < list.length; step++) {
    const other = list.find(({ speaker }) => speaker === shown)?.same_as ?? null;
    if (other === null) break;
    shown = other;
  }
  return shown;
}

/**
 * The name that was given to a speaker, null without one.
 * @param {number} number
 * @param {KnownSpeakers} known
 */
export function speakerName(number, known) {
  const shown = shownSpeaker(number, known);
  return known.list.find(({ speaker }) => speaker === shown)?.name || null;
}

/**
 * What is shown and read aloud: the name, else "Speaker 2", or "Speaker ?" where nobody can tell who.
 * @param {number | null} number
 * @param {KnownSpeakers} known
 */
export function speakerLabel(number, known) {
  if (number === null) return speakerWords('unknown');
  return speakerName(number, known) ?? speakerWords('numbered', { number: shownSpeaker(number, known) });
}

/**
 * What stands in a speaker's mark: the initials of the name, else the number.
 * @param {number | null} number
 * @param {KnownSpeakers} known
 */
export function speakerSign(number, known) {
  if (number === null) return '?';
  const names = (speakerName(number, known) ?? '').split(/\s+/).filter(Boolean);
  if (names.length === 0) return String(shownSpeaker(number, known));
  const initials = [names[0], ...(names.length > 1 ? names.slice(-1) : [])].map((name) => Array.from(name)[0]);
  return initials.join('').toUpperCase();
}

/**
 * From 1 to COLOURS; 0 where nobody can tell who.
 * @param {number | null} number
 * @param {KnownSpeakers} known
 */
export function speakerColour(number, known) {
  return number === null ? 0 : ((shownSpeaker(number, known) - 1) % COLOURS) + 1;
}

/**
 * Whether anything is known of who spoke a result, be it that nobody can tell.
 * @param {import('../stream/messages.js').Result} result
 */
export function isTold({ speaker, turns }) {
  return speaker !== null || turns.length > 0;
}

/**
 * The shown numbers of those who speak in an utterance, null for one who is not known; [] where nothing is told of it.
 * @param {Spoken} entry
 * @returns {Set<number | null>}
 */
export function speakersOf({ outcome, speakers }) {
  if (outcome?.type !== 'result' || !isTold(outcome)) return new Set();
  return new Set(partsOf(outcome).map(({ speaker }) => (speaker === null ? null : shownSpeaker(speaker, speakers))));
}

/**
 * Give a name that this page alone keeps.
 * @param {KnownSpeakers} known
 * @param {number} speaker
 * @param {string | null} name
 */
export function renameHere(known, speaker, name) {
  const before = known.list.find((one) => one.speaker === speaker);
  const others = known.list.filter((one) => one !== before);
  known.list = [...others, { speaker, name, same_as: before?.same_as ?? null }];
}
