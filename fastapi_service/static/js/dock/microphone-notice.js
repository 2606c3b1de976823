// The notice about a microphone that cannot be had. What it says in detail is fetched when the page has come to rest.

import { words } from '../text/strings.js';

/** @typedef {import('../audio/capture-problem.js').CaptureProblem} CaptureProblem */

const AT_REST_MS = 1000;

export class MicrophoneNotice {
  /** @type {import('../stream/notices.js').Notices} */ #notices;

  /** @param {import('../stream/notices.js').Notices} notices */
  constructor(notices) {
    this.#notices = notices;
    addEventListener('load', () => setTimeout(() => load().catch(() => {}), AT_REST_MS));
  }

  /**
   * @param {CaptureProblem} problem
   * @param {() => void} again
   */
  async problem(problem, again) {
    try {
      await (await load()).showProblem(this.#notices, problem, again);
    } catch {
      // The server is gone, too: less than the whole help is better than none.
      const retry = { label: words('problem.again'), run: again };
      this.#notices.show('problem', 'error', words('problem.other', { detail: problem.message }), retry);
    }
  }

  /** There will be none on this address. */
  async insecure() {
    await load().then(({ showInsecure }) => showInsecure(this.#notices)).catch(() => {});
  }
}

const load = () => import('./microphone-help.js');
