// A text in the pieces between which a line may end, each with its time. fastapi_service/subtitles/pieces.py is the same.
// Times are whole milliseconds, and all divisions are of whole numbers, so that both come to the same.

import * as script from './script.js';

/**
 * A word and when it was said; what one speaker said of a result, `end_ms` after `begin_ms`: the words may be of another
 * text, or in no order. `speaker`: how they are called, null where nobody is to be named.
 * @typedef {{ word: string, begin_ms: number, end_ms: number }} Said
 * @typedef {{ begin_ms: number, end_ms: number, text: string, language: string, words: readonly Said[],
 *   speaker: string | null }} Spoken
 *
 * What stands on one line. `space`: 1 where a space is before it; `cost`: of a cut after it.
 * @typedef {{ text: string, width: number, space: number, begin_ms: number, end_ms: number, cost: number }} Piece
 */

const LINE = 42; // half widths
const WIDE_LINE = 32; // 16 full widths, in the languages below
const WIDE_LANGUAGES = new Set(['zh', 'yue', 'ja', 'ko']);
const PAUSE_MS = 400; // as good a place to cut as a comma
const SEARCH_CHARS = 60; // a word is looked for so far ahead in the text

// What it costs to cut after a piece.
const AT_SENTENCE = 0;
const AT_CLAUSE = 20;
const BEFORE_JOINING = 40;
const ANYWHERE = 60;
const IN_PHRASE = 90;
const IN_WORD = 200;
const JOINING = new Set(
  (
    'and or but nor so yet because since although though while when where if unless until that which who whose as than ' +
    'about above across after against along among around at before behind below beneath beside between beyond by down ' +
    'during for from in inside into like near of off on onto out outside over past through to toward towards under up ' +
    'upon with within without'
  ).split(' '),
);
const LEANING = new Set([
  ...JOINING,
  ...'a an the my your his her its our their this these those no not very mr. mrs. ms. dr.'.split(' '),
]);
const SOFT = new Set('/-_.?&=#,;:~+%|\\ '); // where an address is broken

/** Half widths of one line. @param {string} language */
export function lineLimit(language) {
  return WIDE_LANGUAGES.has(language) ? WIDE_LINE : LINE;
}

/**
 * The pieces of a result, none wider than a line; [] where it has no text.
 * @param {Spoken} spoken
 * @returns {Piece[]}
 */
export function piecesOf(spoken) {
  const line = script.plainLine(spoken.text);
  if (line === '') return [];
  const text = Array.from(line);
  const widths = text.map(script.width);
  const clock = new Clock(spoken, line, text, widths);
  const starts = startsIn(text, widths, lineLimit(spoken.language));
  const pieces = starts.map((start, number) => {
    const end = starts[number + 1] ?? text.length;
    const stop = end < text.length && text[end - 1] === ' ' ? end - 1 : end;
    return {
      text: text.slice(start, stop).join(''),
      width: sum(widths, start, stop),
      space: start > 0 && text[start - 1] === ' ' ? 1 : 0,
      begin_ms: clock.begin(start),
      end_ms: clock.end(stop),
      cost: AT_SENTENCE,
    };
  });
  for (let number = 1; number < pieces.length; number++) pieces[number - 1].cost = costOf(pieces[number - 1], pieces[number]);
  return pieces;
}

/**
 * Where pieces begin: where a line may end before, and in what is wider than a line.
 * @param {string[]} text
 * @param {number[]} widths
 * @param {number} limit
 */
function startsIn(text, widths, limit) {
  const starts = [0];
  let base = ''; // the last character that is none on another
  text.forEach((char, at) => {
    if (at > 0 && char !== ' ' && mayCut(text, at, base)) {
      breakUp(text, widths, limit, starts, at);
      starts.push(at);
    }
    if (char !== ' ' && widths[at] > 0) base = char;
  });
  breakUp(text, widths, limit, starts, text.length);
  return starts;
}

/**
 * @param {string[]} text
 * @param {number} at
 * @param {string} base
 */
function mayCut(text, at, base) {
  if (!(script.mayStart(text[at]) && (base === '' || script.mayEnd(base)))) return false;
  const before = text[at - 1];
  if (before === ' ') return true;
  return before !== script.JOINER && base !== '' && (script.unspaced(base) || script.unspaced(text[at]));
}

/**
 * Break what is from the last start to `end`, where it is too wide: at a soft place of its second half, if any.
 * @param {string[]} text
 * @param {number[]} widths
 * @param {number} limit
 * @param {number[]} starts
 * @param {number} end
 */
function breakUp(text, widths, limit, starts, end) {
  const stop = end < text.length && text[end - 1] === ' ' ? end - 1 : end;
  while (sum(widths, starts[starts.length - 1], stop) > limit) {
    let at = starts[starts.length - 1];
    let filled = 0;
    let soft = 0;
    let whole = 0;
    while (filled + widths[at] <= limit) {
      filled += widths[at++];
      if (text[at - 1] === script.JOINER || widths[at] === 0 || text[at] === ' ') continue;
      whole = at;
      if (2 * filled > limit && SOFT.has(text[at - 1])) soft = at;
    }
    starts.push(soft || whole || at);
  }
}

/**
 * @param {Piece} piece
 * @param {Piece} after
 */
function costOf(piece, after) {
  const chars = Array.from(piece.text);
  const first = /** @type {string} */ (after.text[Symbol.iterator]().next().value);
  if (!after.space && !(script.unspaced(chars[chars.length - 1]) || script.unspaced(first))) return IN_WORD;
  if (LEANING.has(piece.text.toLowerCase())) return IN_PHRASE;
  let kept = chars.length;
  while (kept > 1 && script.closes(chars[kept - 1])) kept--;
  const last = chars[kept - 1];
  if (script.SENTENCE_ENDS.has(last)) return AT_SENTENCE;
  if (script.CLAUSE_ENDS.has(last) || after.begin_ms - piece.end_ms >= PAUSE_MS) return AT_CLAUSE;
  if (after.space) return JOINING.has(after.text.toLowerCase()) ? BEFORE_JOINING : ANYWHERE;
  return costUnspaced(last, first);
}

/**
 * A phrase of Japanese mostly ends in Hiragana, and the next one begins in another script.
 * @param {string} last
 * @param {string} first
 */
function costUnspaced(last, first) {
  if (script.HIRAGANA.test(first)) return IN_PHRASE;
  if (script.HIRAGANA.test(last)) return BEFORE_JOINING;
  return script.KATAKANA.test(last) && script.KATAKANA.test(first) ? IN_PHRASE : ANYWHERE;
}

/** When a place of the text is said: by the words that are found in it, and between them by share of width. */
class Clock {
  #filled = [0];
  #places = [0];
  /** @type {number[]} */ #times;

  /**
   * @param {Spoken} spoken
   * @param {string} line
   * @param {string[]} text its characters
   * @param {number[]} widths
   */
  constructor({ begin_ms, end_ms, words }, line, text, widths) {
    for (const one of widths) this.#filled.push(this.#filled[this.#filled.length - 1] + one);
    this.#times = [begin_ms];
    let to = 0; // in characters, and
    let unit = 0; // in units of the line
    for (const said of words) {
      const plain = script.plainLine(said.word);
      const found = plain === '' ? -1 : line.indexOf(plain, unit);
      if (found < 0) continue;
      const ahead = length(line.slice(unit, found));
      if (ahead > SEARCH_CHARS) continue;
      const start = to + ahead;
      to = start + length(plain);
      unit = found + plain.length;
      this.#add(start, said.begin_ms, end_ms);
      this.#add(to, said.end_ms, end_ms);
    }
    this.#add(text.length, end_ms, end_ms);
  }

  /**
   * @param {number} at
   * @param {number} time
   * @param {number} end
   */
  #add(at, time, end) {
    this.#places.push(this.#filled[at]);
    this.#times.push(Math.max(this.#times[this.#times.length - 1], Math.min(time, end)));
  }

  /** When what begins there is said: after a pause, if one is there. @param {number} at */
  begin(at) {
    const place = this.#filled[at];
    return this.#between(this.#places.findLastIndex((known) => known <= place), place);
  }

  /** When what ends there has been said. @param {number} at */
  end(at) {
    const place = this.#filled[at];
    const known = this.#places.findIndex((one) => one >= place);
    return this.#places[known] === place ? this.#times[known] : this.#between(known - 1, place);
  }

  /**
   * @param {number} known
   * @param {number} place
   */
  #between(known, place) {
    const begin = this.#places[known];
    const time = this.#times[known];
    if (place === begin) return time;
    return time + Math.floor(((this.#times[known + 1] - time) * (place - begin)) / (this.#places[known + 1] - begin));
  }
}

/** In characters. @param {string} text */
function length(text) {
  return Array.from(text).length;
}

/**
 * @param {number[]} numbers
 * @param {number} from
 * @param {number} to
 */
function sum(numbers, from, to) {
  let all = 0;
  for (let at = from; at < to; at++) all += numbers[at];
  return all;
}
