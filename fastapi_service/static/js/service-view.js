// The notices about the models behind the server: demo ones, those that are still loading, and those that are missing.

import { ServiceWatch } from './service-watch.js';
import { words } from './strings.js';

const LOADED_SHOWN_MS = 8_000;
const KIND = 'service';
const MEGABYTE = 1_000_000;

/** @typedef {import('./protocol.js').Models} Models */

export class ServiceView {
  /** @type {import('./notices.js').Notices} */ #notices;
  /** @type {(models: Models) => void} */ #models;
  #lacked = false;

  /**
   * @param {import('./notices.js').Notices} notices
   * @param {(models: Models) => void} models told of the models in use
   */
  constructor(notices, models) {
    this.#notices = notices;
    this.#models = models;
    this.watch = new ServiceWatch((...found) => this.#show(...found), askReadyz, () => document.hidden);
    document.addEventListener('visibilitychange', () => document.hidden || this.watch.look());
  }

  /** The connection is gone, and with it what was known of the server. */
  disconnected() {
    this.watch.disconnected();
    this.#notices.clear(KIND);
  }

  /**
   * @param {import('./service-watch.js').ServiceState} state
   * @param {Models} models
   * @param {import('./service-watch.js').Download[]} downloads
   */
  #show(state, models, downloads) {
    this.#models(models);
    this.#showDemo(models);
    if (state !== 'ready') {
      this.#lacked = true;
      const missing = [];
      if (models.speech === '') missing.push(words('notice.loading.speech'));
      if (models.sentiment === '') missing.push(words('notice.loading.sentiment'));
      this.#notices.show(KIND, 'warning', words(`notice.${state}`, { what: missing.join(', ') }), undefined, { lasting: true });
      this.#notices.note(KIND, downloads.map(progressOf).join(' '));
    } else if (this.#lacked) {
      this.#lacked = false;
      this.#notices.show(KIND, 'info', words('notice.loaded', { models: `${models.speech}, ${models.sentiment}` }));
      setTimeout(() => this.#lacked || this.#notices.clear(KIND), LOADED_SHOWN_MS);
    }
  }

  /** @param {Models} models */
  #showDemo({ speech, demo }) {
    const text = speech.startsWith('demo') ? 'notice.demo' : 'notice.demo.sentiment';
    if (demo) this.#notices.show('demo', 'info', words(text));
    else this.#notices.clear('demo');
  }
}

/** @returns {Promise<unknown>} */
async function askReadyz() {
  return (await fetch('/readyz?page=1')).json();
}

/**
 * How far a download is, in words.
 * @param {import('./service-watch.js').Download} download
 */
function progressOf({ part, done_bytes, total_bytes }) {
  const done = Math.floor(done_bytes / MEGABYTE);
  const known = total_bytes > 0;
  const total = Math.floor(total_bytes / MEGABYTE);
  return words(known ? `notice.download.${part}` : `notice.download.${part}.unknown`, { done, total });
}
