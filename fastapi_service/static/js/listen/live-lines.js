// Live speech that is kept in this tab, and the lines that can be heard again from it.

import { SAMPLE_RATE_HZ } from '../base/audio-format.js';
import { wavHead } from '../base/wav-head.js';
import { streamTime, timeOfDay } from '../text/format.js';
import { words } from '../text/strings.js';
import { KeptSpeech } from './kept-speech.js';
import { Lines } from './lines.js';

const NOTICE = 'listen';

export class LiveLines extends Lines {
  /** @type {KeptSpeech} */ #kept;

  /** @param {import('../stream/notices.js').Notices} notices */
  constructor(notices) {
    const kept = new KeptSpeech();
    super({
      has: ({ entry, fromSec, toSec }) => kept.has(entry.session, fromSec, toSec),
      sound: ({ entry, fromSec, toSec }) => {
        const pcm = kept.take(entry.session, fromSec, toSec);
        return pcm && { sound: new Blob([wavHead(1, pcm.length), pcm], { type: 'audio/wav' }), beginsSec: fromSec };
      },
      begun: ({ entry, fromSec }) => {
        const { spokenAtMs, startSec } = entry;
        return spokenAtMs === null ? streamTime(fromSec) : timeOfDay(spokenAtMs + (fromSec - startSec) * 1000);
      },
      position: ({ fromSec }, sec) => streamTime(sec - fromSec),
      told: (problem) => {
        if (problem === null) notices.clear(NOTICE);
        else notices.show(NOTICE, 'warning', words(problem === 'gone' ? 'listen.gone' : 'listen.failed'));
      },
    });
    this.#kept = kept;
  }

  /**
   * @param {Int16Array<ArrayBuffer>} pcm
   * @param {number} session
   * @param {number} position of its first sample
   */
  push(pcm, session, position) {
    if (this.#kept.push(pcm, session, position)) this.refresh();
  }

  /**
   * A connection has begun, on which so much of the newest speech comes before this position.
   * @param {number} heldSec
   * @param {number} session
   * @param {number} position
   */
  align(heldSec, session, position) {
    this.#kept.align(Math.round(heldSec * SAMPLE_RATE_HZ), session, position);
  }

  /**
   * Another page speaks in this session, from this position on.
   * @param {number} session
   * @param {number} position
   */
  cut(session, position) {
    this.#kept.cut(session, position);
    this.refresh();
  }

  /** Throw all of it away. */
  forget() {
    this.#kept.clear();
    this.refresh();
  }
}
