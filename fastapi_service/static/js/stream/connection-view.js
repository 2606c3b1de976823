// What the page says about its connection: a few words in the header, and a notice once it matters, with what happens
// next, when, and what is kept until then.

import { byId } from '../base/dom.js';
import { hasWords, words } from '../text/strings.js';

/**
 * @typedef {import('./notices.js').Notices} Notices
 * @typedef {import('./messages.js').Busy} Busy
 * @typedef {import('./messages.js').ServerError} ServerError
 * @typedef {import('./client.js').ConnectionState} ConnectionState
 * @typedef {import('./client.js').StreamClient} StreamClient
 */

const KIND = 'connection';

export class ConnectionView {
  /** @type {StreamClient} */ #client;
  /** @type {Notices} */ #notices;
  /** @type {() => boolean} */ #recording;
  /** @type {Busy | ServerError | null} */ #reason = null; // what the server said before it closed
  #losses = 0; // attempts that failed since it last was open
  #badge = byId('connection', HTMLElement);
  #text = byId('connection-text', HTMLElement);
  #detail = byId('connection-detail', HTMLElement);
  #retry = byId('retry', HTMLButtonElement);
  #held = byId('held', HTMLElement);
  #heldText = byId('held-text', HTMLElement);

  /**
   * @param {StreamClient} client
   * @param {Notices} notices
   * @param {() => boolean} recording
   */
  constructor(client, notices, recording) {
    this.#client = client;
    this.#notices = notices;
    this.#recording = recording;
    this.#retry.addEventListener('click', () => client.connect());
  }

  /** The server says why it will close. @param {Busy | ServerError} message */
  reason(message) {
    this.#reason = message;
  }

  /** @param {ConnectionState} state */
  show({ name }) {
    this.#badge.dataset.state = name;
    const reason = this.#reason;
    switch (name) {
      case 'open':
        this.#losses = 0;
        this.#notices.clear(KIND);
        break;
      case 'waiting':
        this.#losses++;
        break;
      case 'busy':
        this.#say('warning', reasonWords('busy', reason), this.#tryNow());
        break;
      case 'taken_over': {
        const here = { label: words('notice.taken_over.action'), run: () => this.#client.connect() };
        this.#say('error', words('notice.taken_over'), here);
        break;
      }
      case 'refused':
      case 'broken':
        this.#say('error', reasonWords(name, reason), { label: words('notice.reload'), run: () => location.reload() });
        if (reason !== null && !hasWords(`${name}.${reason.code}`)) this.#notices.note(KIND, `${reason.code}: ${reason.message}`);
        break;
      default:
        break;
    }
    if (name !== 'connecting') this.#reason = null;
    this.refresh();
  }

  /** What changes with time alone: the countdown, and how much speech is kept. */
  refresh() {
    const { name, retryAtMs } = this.#client.state;
    const heldSec = this.#client.heldSec;
    // A first loss with nothing to send is over in a second, mostly: no need to speak of it.
    if (name === 'waiting' && (this.#losses > 1 || heldSec > 0 || this.#recording())) {
      this.#say('warning', words(navigator.onLine ? 'notice.waiting' : 'notice.offline'), this.#tryNow());
    }
    const seconds = retryAtMs === null ? 0 : Math.max(0, Math.ceil((retryAtMs - Date.now()) / 1000));
    const said = this.#notices.has(KIND);
    if (said && (retryAtMs !== null || name === 'connecting')) {
      const next = retryAtMs === null ? words('notice.trying') : words('notice.next', { seconds });
      const kept = heldSec < 1 ? '' : ` ${words('notice.held', { seconds: Math.round(heldSec) })}`;
      this.#notices.note(KIND, next + kept);
    }
    setText(this.#text, words(`connection.${name}`));
    setText(this.#detail, retryAtMs === null || said ? '' : words('connection.next', { seconds }));
    this.#retry.hidden = retryAtMs === null || said;
    this.#held.hidden = name === 'open' || heldSec < 1;
    setText(this.#heldText, words('transcript.held', { seconds: Math.round(heldSec) }));
  }

  #tryNow() {
    return { label: words('connection.retry'), run: () => this.#client.connect() };
  }

  /**
   * @param {import('./notices.js').Level} level
   * @param {string} text
   * @param {{ label: string, run: () => void }} action
   */
  #say(level, text, action) {
    this.#notices.show(KIND, level, text, action, { lasting: true });
  }
}

/**
 * The page's own words for a reason with a known code, else the server's, else general ones.
 * @param {'busy' | 'refused' | 'broken'} state
 * @param {Busy | ServerError | null} reason
 */
function reasonWords(state, reason) {
  const key = `${state}.${reason?.code}`;
  if (hasWords(key)) return words(key);
  return state === 'busy' && reason !== null ? reason.message : words(`notice.${state}`);
}

/**
 * Unchanged text is left alone, so that screen readers do not repeat it.
 * @param {HTMLElement} target
 * @param {string} text
 */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}
