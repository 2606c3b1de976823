// Who speaks in a file: the chips on its cards, names that this tab keeps, and the filter. Fetched with the first speaker.

import { FilterBar } from '../speakers/bar.js';
import { SpeakerCards } from '../speakers/cards.js';
import { renameHere } from '../speakers/names.js';
import { loadSpeakerStyle } from '../speakers/style.js';

/** @typedef {import('../transcript/utterances.js').Entry} Entry */

/**
 * @param {() => void} renamed speakers have other names
 * @param {(filter: ((entry: Entry) => boolean) | null) => void} filter which entries to show
 * @returns {Promise<{ cards: SpeakerCards, bar: FilterBar }>}
 */
export async function openVoices(renamed, filter) {
  await loadSpeakerStyle();
  const cards = new SpeakerCards((known, speaker, name) => {
    renameHere(known, speaker, name);
    renamed();
  });
  return { cards, bar: new FilterBar(filter) };
}
