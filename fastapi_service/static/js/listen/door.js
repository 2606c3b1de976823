// What of hearing again is there from the start: what plays on this page, one thing at a time; and live speech, which can
// be heard again only where the visitor has chosen to have it kept in this tab. What keeps and plays it is fetched then,
// and thrown away with all that was kept when the choice is taken back.

import { SAMPLE_RATE_HZ } from '../base/audio-format.js';
import { preferences } from '../base/preferences.js';
import { words } from '../text/strings.js';

export class NowPlaying {
  /** @type {(() => void) | null} */ #stop = null;
  /** @type {Set<() => void>} */ #listeners = new Set();

  get active() {
    return this.#stop !== null;
  }

  /** @param {() => void} listener something begins to play, or nothing plays any more */
  onChange(listener) {
    this.#listeners.add(listener);
  }

  /** It plays from now on, and what played before stops. @param {() => void} stop ends it, which it tells by `end` */
  begin(stop) {
    const before = this.#stop;
    this.#stop = stop;
    before?.();
    if (before === null) this.#tell();
  }

  /** It has ended. @param {() => void} stop as it was given */
  end(stop) {
    if (this.#stop !== stop) return;
    this.#stop = null;
    this.#tell();
  }

  /** End what plays, if anything does. */
  stop() {
    this.#stop?.();
  }

  #tell() {
    for (const listener of this.#listeners) listener();
  }
}

/** The page's own. */
export const nowPlaying = new NowPlaying();

export class LiveListening {
  /** @type {import('../stream/notices.js').Notices} */ #notices;
  /** @type {import('./live-lines.js').LiveLines | null} */ #lines = null;
  #session = 0; // counts as the transcript does
  #safe = 0; // the position up to which the server has it
  #choices = 0;

  /** @param {import('../stream/notices.js').Notices} notices */
  constructor(notices) {
    this.#notices = notices;
    preferences.onChange((name) => {
      if (name === 'keep_speech') void this.#choose();
    });
    void this.#choose();
  }

  /**
   * @param {Int16Array<ArrayBuffer>} pcm speech that is being sent
   * @param {number} position of its first sample
   */
  keep(pcm, position) {
    this.#lines?.push(pcm, this.#session, position);
  }

  /**
   * A connection has begun.
   * @param {number} heldSec how much of what was pushed is not safe
   * @param {number} position that the next sample gets
   */
  align(heldSec, position) {
    this.#safe = position - Math.round(heldSec * SAMPLE_RATE_HZ);
    this.#lines?.align(heldSec, this.#session, position);
  }

  /** So far the server has it. @param {number} position */
  safe(position) {
    this.#safe = position;
  }

  /** Another page has taken the session over: what is not safe may be numbered as what that one says. */
  takenOver() {
    this.#lines?.cut(this.#session, this.#safe);
  }

  newSession() {
    this.#session++;
  }

  /**
   * Offer what a card shows, if it was kept.
   * @param {HTMLElement} card
   * @param {import('../transcript/utterances.js').Entry} entry
   */
  attach(card, entry) {
    this.#lines?.attach(card, entry);
  }

  /** What was said is cleared away. */
  forget() {
    this.#lines?.forget();
  }

  async #choose() {
    const choice = ++this.#choices;
    this.#lines?.forget();
    this.#lines = null;
    if (!preferences.get('keep_speech')) return;
    try {
      const { LiveLines } = await import('./live-lines.js');
      if (choice === this.#choices) this.#lines = new LiveLines(this.#notices);
    } catch {
      this.#notices.show('listen', 'error', words('listen.unavailable'));
    }
  }
}
