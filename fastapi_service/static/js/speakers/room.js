// What the page knows of who speaks, and whoever must hear of it: the cards, the filter, the statistics.

import { MAX_ENTRIES } from '../transcript/utterances.js';
import { FilterBar } from './bar.js';
import { SpeakerCards } from './cards.js';
import { renameHere } from './names.js';
import { SpeakerPanel } from './panel.js';
import { NotTakenError, tellName } from './requests.js';
import { loadSpeakerStyle } from './style.js';
import { speakerWords } from './words.js';

const REFRESH_MS = 250;
const NOTICE = 'speakers';

/**
 * @typedef {import('./door.js').SpeakerContext} SpeakerContext
 * @typedef {import('./names.js').KnownSpeakers} KnownSpeakers
 * @typedef {import('../stream/messages.js').Result} Result
 */

/**
 * @param {SpeakerContext} context
 * @param {Map<string, import('./door.js').Heard>} results of the present session, as they come
 */
export async function openRoom(context, results) {
  await loadSpeakerStyle();
  return new SpeakerRoom(context, results);
}

export class SpeakerRoom {
  /** @type {SpeakerContext} */ #context;
  /** @type {Map<string, import('./door.js').Heard>} */ #results;
  /** What was told before the result was there, by utterance. @type {Map<string, Result['turns']>} */ #early = new Map();
  #rev = 0; // of the names
  #bar;
  #panel;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;

  /**
   * @param {SpeakerContext} context
   * @param {Map<string, import('./door.js').Heard>} results
   */
  constructor(context, results) {
    this.#context = context;
    this.#results = results;
    const { transcript, statistics } = context;
    this.#bar = new FilterBar((filter) => transcript.filter(filter));
    this.#bar.placeAfter(/** @type {HTMLElement} */ (document.querySelector('.transcript .transcript-head')));
    this.#panel = new SpeakerPanel(results, () => transcript.speakers, () => statistics.trendChanged());
    statistics.tellApart(this.#panel);
    transcript.tellApart(new SpeakerCards((known, number, name) => void this.#rename(known, number, name)));
    this.changed();
  }

  /** @param {import('../stream/messages.js').Turns | import('../stream/messages.js').Speakers} message */
  told(message) {
    const { transcript } = this.#context;
    if (message.type === 'speakers') {
      if (message.rev > 0 && message.rev < this.#rev) return; // a later one came by another way
      this.#rev = message.rev;
      transcript.speakers.list = message.speakers;
      transcript.renamed(transcript.speakers);
    } else {
      const heard = this.#results.get(message.utterance);
      if (heard === undefined) {
        this.#early.set(message.utterance, message.turns);
        const [oldest] = this.#early.keys();
        if (this.#early.size > MAX_ENTRIES) this.#early.delete(oldest);
        return;
      }
      heard.outcome = { ...heard.outcome, turns: message.turns };
      transcript.told(heard.outcome);
    }
    this.changed();
  }

  /** @param {Result} outcome */
  withTurns(outcome) {
    const turns = this.#early.get(outcome.utterance);
    if (turns === undefined) return outcome;
    this.#early.delete(outcome.utterance);
    return outcome.turns.length > 0 ? outcome : { ...outcome, turns }; // its own came later
  }

  /** Filter and statistics follow, a few times a second at most. */
  changed() {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#bar.show(this.#context.transcript.entries);
      this.#panel.changed();
      this.#context.statistics.trendChanged();
    }, REFRESH_MS);
  }

  newSession() {
    this.#early.clear();
    this.#rev = 0;
    this.#panel.newSession();
    this.changed();
  }

  /**
   * @param {KnownSpeakers} known
   * @param {number} speaker
   * @param {string | null} name
   */
  async #rename(known, speaker, name) {
    const { transcript, notices, session } = this.#context;
    const id = session();
    if (known !== transcript.speakers || id === null) {
      renameHere(known, speaker, name); // of a session that is over: for this tab and its files
      transcript.renamed(known);
      this.changed();
      return;
    }
    try {
      const answer = await tellName(id, speaker, name);
      notices.clear(NOTICE);
      if (known === transcript.speakers) this.told(answer);
    } catch (problem) {
      const why = problem instanceof NotTakenError ? problem.why : 'lost';
      notices.show(NOTICE, 'error', speakerWords(`name.failed.${why}`));
    }
  }
}
