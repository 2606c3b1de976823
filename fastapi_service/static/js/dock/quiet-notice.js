// The notice that the microphone seems to hear nothing.

import { byId } from '../base/dom.js';
import { words } from '../text/strings.js';
import { QuietWatch } from './quiet-watch.js';

const KIND = 'quiet';

export class QuietNotice {
  /** @type {import('../stream/notices.js').Notices} */ #notices;
  #watch = new QuietWatch();
  /** @type {import('./quiet-watch.js').Quiet} */ #said = 'none';

  /** @param {import('../stream/notices.js').Notices} notices */
  constructor(notices) {
    this.#notices = notices;
  }

  /** The microphone is not heard, or not yet. */
  reset() {
    this.#watch.reset();
    this.#say('none');
  }

  /**
   * @param {number} meanSquare
   * @param {boolean} speaking
   */
  level(meanSquare, speaking) {
    this.#say(this.#watch.level(meanSquare, speaking, Date.now()));
  }

  /** @param {import('./quiet-watch.js').Quiet} quiet */
  #say(quiet) {
    if (quiet === this.#said) return;
    this.#said = quiet;
    if (quiet === 'none') return this.#notices.clear(KIND);
    const open = () => byId('settings-open', HTMLButtonElement).click();
    this.#notices.show(KIND, 'warning', words(`notice.${quiet}`), { label: words('notice.settings'), run: open });
  }
}
