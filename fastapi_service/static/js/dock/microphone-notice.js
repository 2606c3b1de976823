// The notices about a microphone that cannot be had, or not without its visitor. What the first says in detail is
// fetched when the page has come to rest.

import { words } from '../text/strings.js';

/** @typedef {import('../audio/sources/capture-problem.js').CaptureProblem} CaptureProblem */

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

  /**
   * It gives no sound, and opening it again did not help.
   * @param {boolean} stuck or it goes on
   * @param {() => void} retry
   */
  stuck(stuck, retry) {
    if (!stuck) return this.#notices.clear('stuck');
    this.#notices.show('stuck', 'warning', words('notice.stuck'), { label: words('notice.stuck.action'), run: retry });
  }

  /** There will be none on this address. */
  async insecure() {
    await load().then(({ showInsecure }) => showInsecure(this.#notices)).catch(() => {});
  }
}

const load = () => import('./microphone-help.js');
