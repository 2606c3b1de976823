// What the visitor has chosen, kept in this browser. Everything has a default and a check, so that the page starts
// whatever the storage holds.

const KEY = 'wta.preferences';

/**
 * @typedef {object} Values
 * @property {'auto' | 'en' | 'ko'} language of the interface; auto follows the browser
 * @property {'auto' | 'light' | 'dark'} theme auto follows the system
 * @property {boolean} partials show provisional text while an utterance is still being spoken
 * @property {string} microphone a device id, empty for the browser's own choice
 * @property {number} threshold mean square (full scale is 1) from which the voice gate opens
 * @property {boolean} follow_noise let the noise of a loud room raise that threshold
 * @property {number} hangover_ms quiet that ends an utterance
 * @property {boolean} sentences let the server end utterances where sentences end, if it does that
 * @property {boolean} echo_cancellation
 * @property {boolean} noise_suppression
 * @property {boolean} keep_speech keep what is said in this tab, to hear it again
 * @property {string} spoken_language code of the language that is spoken, empty to have it detected
 * @property {string} hints names and words that may be spoken
 * @property {boolean} word_times ask when each word is said
 * @property {boolean} speakers ask who says what
 */

/** @type {Readonly<Values>} */
export const DEFAULTS = Object.freeze({
  language: 'auto',
  theme: 'auto',
  partials: true,
  microphone: '',
  threshold: 0.0005,
  follow_noise: true,
  hangover_ms: 500,
  sentences: true,
  echo_cancellation: true,
  noise_suppression: true,
  keep_speech: false,
  spoken_language: '',
  hints: '',
  word_times: false,
  speakers: true,
});

/** @type {{ [K in keyof Values]: (value: unknown) => boolean }} */
const CHECKS = {
  language: (value) => value === 'auto' || value === 'en' || value === 'ko',
  theme: (value) => value === 'auto' || value === 'light' || value === 'dark',
  partials: isBoolean,
  microphone: (value) => typeof value === 'string' && value.length <= 200,
  threshold: (value) => isBetween(value, 0.000001, 0.1),
  follow_noise: isBoolean,
  hangover_ms: (value) => isBetween(value, 200, 2000),
  sentences: isBoolean,
  echo_cancellation: isBoolean,
  noise_suppression: isBoolean,
  keep_speech: isBoolean,
  spoken_language: (value) => typeof value === 'string' && /^([a-z]{2,3})?$/.test(value),
  hints: (value) => typeof value === 'string' && /^[^\p{Cc}\p{Cs}\u2028\u2029]{0,400}$/u.test(value),
  word_times: isBoolean,
  speakers: isBoolean,
};

export class Preferences {
  /** @type {Storage | null} */ #storage;
  /** @type {Values} */ #values = { ...DEFAULTS };
  /** @type {Set<(name: keyof Values) => void>} */ #listeners = new Set();

  /** @param {Storage | null} storage null where the browser has none for this page */
  constructor(storage) {
    this.#storage = storage;
    try {
      const kept = /** @type {unknown} */ (JSON.parse(storage?.getItem(KEY) ?? '{}'));
      for (const [name, value] of Object.entries(kept ?? {})) {
        if (Object.hasOwn(CHECKS, name) && CHECKS[/** @type {keyof Values} */ (name)](value)) {
          Object.assign(this.#values, { [name]: value });
        }
      }
    } catch {
      // what cannot be read counts as nothing chosen
    }
  }

  /**
   * @template {keyof Values} K
   * @param {K} name
   * @returns {Values[K]}
   */
  get(name) {
    return this.#values[name];
  }

  /**
   * Set values, store them, and call the listeners. Invalid values are ignored.
   * @template {keyof Values} K
   * @param {K} name
   * @param {Values[K]} value
   */
  set(name, value) {
    if (!CHECKS[name](value) || this.#values[name] === value) return;
    this.#values[name] = value;
    try {
      this.#storage?.setItem(KEY, JSON.stringify(this.#values));
    } catch {
      // a full storage: the choice holds until the page is closed
    }
    for (const listener of this.#listeners) listener(name);
  }

  /**
   * @param {(name: keyof Values) => void} listener told the name of what was chosen
   * @returns {() => void} ends it
   */
  onChange(listener) {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

/** @param {unknown} value */
function isBoolean(value) {
  return typeof value === 'boolean';
}

/**
 * @param {unknown} value
 * @param {number} low
 * @param {number} high
 */
function isBetween(value, low, high) {
  return typeof value === 'number' && value >= low && value <= high;
}

/** @returns {Storage | null} */
function localStore() {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null; // forbidden for this page
  }
}

/** The page's own. */
export const preferences = new Preferences(localStore());
