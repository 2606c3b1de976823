// The voice gate as it is chosen: the visitor's settings, and whether the server looks for the ends of sentences.

import { preferences } from '../base/preferences.js';
import { DEFAULT_GATE } from './worklet/voice-gate.js';

const PAUSE_MS = 200; // the quiet that marks a pause (docs/protocol.md)

/** @type {ReadonlySet<string>} */
const OF_THE_GATE = new Set(['threshold', 'follow_noise', 'hangover_ms', 'sentences']);

export class ChosenGate {
  /** @type {import('../base/preferences.js').Preferences} */ #preferences;
  #waitSec = 0;
  /** @type {Set<() => void>} */ #listeners = new Set();

  /** @param {import('../base/preferences.js').Preferences} preferences */
  constructor(preferences) {
    this.#preferences = preferences;
    preferences.onChange((name) => {
      if (OF_THE_GATE.has(name)) this.#tell();
    });
  }

  /** The server has named its `limits.sentence_wait_sec`. @param {number} sec */
  sentenceWait(sec) {
    if (sec === this.#waitSec) return;
    this.#waitSec = sec;
    this.#tell();
  }

  /** Whether the server would look for the ends of sentences. */
  get offersSentences() {
    return this.#waitSec > 0;
  }

  /** Whether it does: a pause is marked, and need not end an utterance. */
  get keepsSentences() {
    return this.offersSentences && this.#preferences.get('sentences');
  }

  /** @returns {import('./worklet/voice-gate.js').GateSettings} */
  get settings() {
    const chosen = {
      ...DEFAULT_GATE,
      threshold: this.#preferences.get('threshold'),
      followsNoise: this.#preferences.get('follow_noise'),
    };
    if (this.keepsSentences) return { ...chosen, hangoverMs: PAUSE_MS, endMs: this.#waitSec * 1000 };
    return { ...chosen, hangoverMs: this.#preferences.get('hangover_ms') };
  }

  /**
   * @param {() => void} listener something of it changed
   * @returns {() => void} ends it
   */
  onChange(listener) {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #tell() {
    for (const listener of this.#listeners) listener();
  }
}

/** The page's own. */
export const chosenGate = new ChosenGate(preferences);
