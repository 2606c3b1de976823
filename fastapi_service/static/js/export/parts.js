// What is written of a result: its parts, each with the one who speaks it, by number and by name.

import { isTold, shownSpeaker, speakerLabel, speakersOf } from '../speakers/names.js';
import { partsOf } from '../transcript/parts.js';

/**
 * `number` is null where nobody can tell who; `speaker` is how they are called, null where speakers are not told apart.
 * @typedef {Omit<import('../transcript/parts.js').Part, 'speaker'> & { number: number | null, speaker: string | null }} SpokenPart
 */

/**
 * The parts of an entry's result. Where one speaks alone it is one, with the text as it is.
 * @param {import('../transcript/utterances.js').Entry} entry with a result
 * @returns {SpokenPart[]}
 */
export function spokenParts(entry) {
  const result = /** @type {import('../stream/messages.js').Result} */ (entry.outcome);
  const known = entry.speakers;
  const parts = partsOf(result);
  const [first] = parts;
  /** @param {import('../transcript/parts.js').Part} part @returns {SpokenPart} */
  const named = (part) => {
    const number = part.speaker === null ? null : shownSpeaker(part.speaker, known);
    return { ...part, number, speaker: isTold(result) ? speakerLabel(part.speaker, known) : null };
  };
  if (speakersOf(entry).size < 2) {
    const { text, words, sentences, sentiment, translation } = result;
    const end_sec = Math.max(first.end_sec, parts[parts.length - 1].end_sec);
    return [named({ ...first, end_sec, text, words, sentences, sentiment, translation })];
  }
  return parts.map(named);
}
