// The notices about the models behind the server: demo ones, those that are still loading, and those that are missing.

import { words } from '../text/strings.js';
import { ServiceWatch } from './service-watch.js';

const LOADED_SHOWN_MS = 8_000;
const KIND = 'service';

/** @typedef {import('./messages.js').Models} Models */

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
   * @param {unknown[]} downloads
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
      this.#tell(downloads);
    } else if (this.#lacked) {
      this.#lacked = false;
      this.#notices.show(KIND, 'info', words('notice.loaded', { models: `${models.speech}, ${models.sentiment}` }));
      setTimeout(() => this.#lacked || this.#notices.clear(KIND), LOADED_SHOWN_MS);
    }
  }

  /** @param {unknown[]} downloads */
  async #tell(downloads) {
    const told = downloads.length > 0 ? (await import('./service-downloads.js')).progressOf(downloads) : '';
    if (this.#lacked) this.#notices.note(KIND, told);
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
  return (await fetch('readyz?page=1')).json();
}
