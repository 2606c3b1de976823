// The lines of a list that can be heard again: a button each that plays its piece, and stops it. A click on the text
// does the same.

import { element, icon } from '../base/dom.js';
import { words } from '../text/strings.js';
import { nowPlaying } from './door.js';
import { Playback } from './playback.js';
import { SpokenWords } from './spoken-words.js';

const STYLE_URL = new URL('../../css/listen.css', import.meta.url).href;

/**
 * @typedef {import('../transcript/utterances.js').Entry} Entry
 * @typedef {import('./playback.js').PlayProblem} PlayProblem
 *
 * A stretch of an entry in seconds of its stream or file: all of it, or a part that stands by itself.
 * @typedef {{ entry: Entry, fromSec: number, toSec: number }} Piece
 *
 * What the lines are played from. `sound` gives a sound and which second it begins with, null where it is gone; `begun`
 * is its place in words, `position` what is shown while it plays.
 * @typedef {object} Source
 * @property {(piece: Piece) => boolean} has
 * @property {(piece: Piece) => { sound: Blob, beginsSec: number } | null} sound
 * @property {(piece: Piece) => string} begun
 * @property {(piece: Piece, sec: number) => string} position
 * @property {(problem: PlayProblem | 'gone' | null) => void} told why it could not be played; null when it plays
 */

export class Lines {
  /** @type {Source} */ #source;
  /** @type {WeakMap<Element, Line>} by button */ #lines = new WeakMap();
  /** @type {{ piece: Piece, stop: () => void } | null} */ #playing = null;
  /** @type {Piece | null} whose button has the focus */ #focused = null;
  /** @type {Line | null} of what plays, as it was last shown */ #shown = null;

  /** @param {Source} source */
  constructor(source) {
    this.#source = source;
    dress();
  }

  /**
   * Offer what an entry's card shows, if it can be heard: all of it, or each part with the seconds that it says
   * (`data-begin`, `data-end`).
   * @param {HTMLElement} card filled
   * @param {Entry} entry
   */
  attach(card, entry) {
    delete card.dataset.heard;
    this.#offerAll(card, entry);
    const playing = this.#playing?.piece.entry === entry;
    if (playing && !(this.#shown !== null && card.contains(this.#shown.button))) this.stop(); // it is divided among speakers now
  }

  /**
   * @param {HTMLElement} card
   * @param {Entry} entry
   */
  #offerAll(card, entry) {
    const { outcome } = entry;
    if (outcome === null || outcome.type === 'dropped') return;
    const time = card.querySelector('.card-time');
    if (time === null) return;
    const parts = [.../** @type {NodeListOf<HTMLElement>} */ (card.querySelectorAll('.card-part[data-begin]'))];
    for (const part of parts) {
      const piece = { entry, fromSec: Number(part.dataset.begin), toSec: Number(part.dataset.end) };
      const line = this.#offer(part, piece, time);
      if (line === null) continue;
      part.insertBefore(line.button, part.querySelector('.card-text'));
      this.#focus(line);
    }
    if (parts.length > 0) return;
    const piece = { entry, fromSec: entry.startSec, toSec: entry.startSec + outcome.duration_sec };
    const line = this.#offer(card, piece, time);
    if (line === null) return;
    line.position.before(line.button);
    this.#focus(line);
  }

  /** Take back what can no longer be heard. */
  refresh() {
    if (this.#playing !== null && !this.#source.has(this.#playing.piece)) this.#playing.stop();
    for (const button of document.querySelectorAll('.listen')) {
      const line = this.#lines.get(button);
      if (line !== undefined && !this.#source.has(line.piece)) line.remove();
    }
  }

  /** Stop what plays of these lines. */
  stop() {
    this.#playing?.stop();
  }

  /**
   * @param {HTMLElement} whole
   * @param {Piece} piece
   * @param {Element} time where it is told how far it has played
   * @returns {Line | null} whose button has no place yet
   */
  #offer(whole, piece, time) {
    if (!(piece.toSec > piece.fromSec) || !this.#source.has(piece)) return null;
    const line = new Line(whole, piece, this.#source.begun(piece), () => this.#toggle(piece, line));
    this.#lines.set(line.button, line);
    time.append(line.position);
    line.button.addEventListener('focus', () => (this.#focused = piece));
    line.button.addEventListener('blur', () => {
      if (line.button.isConnected) this.#focused = null; // else the card is being filled anew
    });
    if (this.#playing !== null && same(this.#playing.piece, piece)) this.#show(line);
    return line;
  }

  /** It takes the place of one that had the focus. @param {Line} line */
  #focus({ button, piece }) {
    const left = document.activeElement === document.body || document.activeElement === null;
    if (left && this.#focused !== null && same(this.#focused, piece)) button.focus({ preventScroll: true });
  }

  /**
   * @param {Piece} piece
   * @param {Line} line
   */
  #toggle(piece, line) {
    if (this.#playing !== null && same(this.#playing.piece, piece)) return this.#playing.stop();
    const found = this.#source.sound(piece);
    if (found === null) {
      this.#source.told('gone');
      return line.remove();
    }
    const { sound, beginsSec } = found;
    const playback = new Playback(sound, piece.fromSec - beginsSec, piece.toSec - beginsSec, {
      at: (sec) => this.#shown?.at(sec + beginsSec, this.#source.position(piece, sec + beginsSec)),
      ended: (problem) => {
        if (this.#playing?.piece === piece) {
          this.#playing = null;
          this.#show(null);
        }
        removeEventListener('keydown', escape, true);
        nowPlaying.end(stop);
        if (problem !== null) this.#source.told(problem);
      },
    });
    const stop = () => playback.stop();
    const escape = (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== 'Escape' || document.querySelector('dialog[open]') !== null) return;
      event.stopImmediatePropagation(); // it closes nothing as well
      stop();
    };
    nowPlaying.begin(stop);
    this.#playing = { piece, stop };
    this.#source.told(null);
    this.#show(line);
    addEventListener('keydown', escape, true);
  }

  /** @param {Line | null} line */
  #show(line) {
    this.#shown?.playing(false);
    this.#shown = line;
    line?.playing(true);
  }
}

/** A line in the document, with its button. */
class Line {
  /** @type {Piece} */ piece;
  /** @type {HTMLElement} */ #whole;
  /** @type {HTMLElement[]} */ #texts;
  /** Where it is, while it plays. */
  position = element('span', { class: 'listen-at', 'data-testid': 'listen-at' });
  /** @type {SpokenWords | null} */ #words = null;
  button;

  /**
   * @param {HTMLElement} whole
   * @param {Piece} piece
   * @param {string} begun
   * @param {() => void} toggle
   */
  constructor(whole, piece, begun, toggle) {
    this.#whole = whole;
    this.piece = piece;
    const name = words('listen.play', { time: begun });
    const is = { type: 'button', class: 'listen', 'data-testid': 'listen', 'aria-pressed': 'false', 'aria-label': name, title: name };
    this.button = element('button', is, icon('play'));
    this.button.addEventListener('click', toggle);
    this.#texts = [.../** @type {NodeListOf<HTMLElement>} */ (whole.querySelectorAll('.card-text'))];
    for (const text of this.#texts) {
      text.dataset.plays = '';
      text.addEventListener('click', ({ detail }) => {
        const selects = detail > 1 || document.getSelection()?.isCollapsed === false;
        if (this.button.isConnected && (!selects || detail === 2)) toggle(); // the second of two takes the first back
      });
    }
  }

  /** @param {boolean} plays */
  playing(plays) {
    this.#whole.toggleAttribute('data-heard', plays);
    this.button.setAttribute('aria-pressed', String(plays));
    this.button.firstElementChild?.replaceWith(icon(plays ? 'stop' : 'play'));
    this.position.textContent = '';
    this.#words?.end();
    const { outcome } = this.piece.entry;
    const said = plays && outcome?.type === 'result' ? outcome.words : null;
    this.#words = said === null ? null : new SpokenWords(this.#texts, within(said, this.piece));
  }

  /**
   * @param {number} sec of the stream or file
   * @param {string} position the same in words
   */
  at(sec, position) {
    if (this.position.textContent !== position) this.position.textContent = position;
    this.#words?.at(sec);
  }

  remove() {
    const { activeElement } = document;
    this.button.remove();
    this.position.remove();
    for (const text of this.#texts) delete text.dataset.plays;
    if (activeElement === this.button) this.#whole.querySelector('button')?.focus({ preventScroll: true });
  }
}

/** @type {(one: Piece, other: Piece) => boolean} */
function same(one, other) {
  return one.entry === other.entry && one.fromSec === other.fromSec && one.toSec === other.toSec;
}

/**
 * Those whose middle is in the piece, as for what a part shows.
 * @param {readonly import('../stream/messages.js').Word[]} said
 * @param {Piece} piece
 */
function within(said, { entry, fromSec, toSec }) {
  const whole = fromSec === entry.startSec && toSec === entry.startSec + (entry.outcome?.duration_sec ?? 0);
  if (whole) return said;
  return said.filter(({ start_sec, end_sec }) => (start_sec + end_sec) / 2 >= fromSec && (start_sec + end_sec) / 2 < toSec);
}

/** Have the style sheet of these lines, once. */
function dress() {
  if (document.querySelector(`link[href="${STYLE_URL}"]`) === null) {
    document.head.append(element('link', { rel: 'stylesheet', href: STYLE_URL }));
  }
}
