// Pieces in cues: which are shown together, on which lines, from when to when. fastapi_service/subtitles/cues.py is the
// same.

import { lineLimit, piecesOf } from './pieces.js';
import { plainLine, readsRightToLeft, unspaced, width } from './script.js';

/**
 * @typedef {import('./pieces.js').Piece} Piece
 * @typedef {import('./pieces.js').Spoken} Spoken
 *
 * What is shown: one line or two, of one speaker. `right_to_left`: each of them is to be read so. `named`: the speaker
 * is another than the one before, and SubRip says so.
 * @typedef {{ begin_ms: number, end_ms: number, lines: string[], right_to_left: boolean, speaker: string | null,
 *   named: boolean }} Cue
 *
 * Pieces that are shown together, and between what they are said. `opens`: a result.
 * @typedef {{ pieces: Piece[], language: string, opens: boolean, speaker: string | null }} Part
 */

const SHORTEST_MS = 700;
const LONGEST_MS = 7000;

// What it costs, beside a cut, in the units of pieces.
const A_CUE = 30;
const A_FLASH = 1000; // there is less time for it than SHORTEST_MS
const A_HOLE = 60; // a pause of HOLE_MS within it
const HOLE_MS = 1000;
const FEW = 24; // each half width fewer costs 1

/**
 * The cues of results that follow each other in time. None begins before the one before has ended.
 * @param {readonly Spoken[]} results
 * @returns {Cue[]}
 */
export function cuesOf(results) {
  const texts = results.map((spoken) => ({ pieces: piecesOf(spoken), spoken })).filter(({ pieces }) => pieces.length > 0);
  /** @type {Part[]} */
  const parts = [];
  texts.forEach(({ pieces, spoken }, number) => {
    const next_ms = texts[number + 1]?.pieces[0].begin_ms ?? Infinity;
    if (parts.length === 0 || parts[parts.length - 1].speaker !== spoken.speaker) makeRoom(pieces[0], spoken);
    parts.push(...cut(pieces, spoken, parts.length > 0 ? endOf(parts[parts.length - 1]) : 0, next_ms));
  });
  const shown = joined(parts);
  return times(shown).map((time, number) => ({ ...time, ...cueOf(shown[number], shown[number - 1]?.speaker ?? null) }));
}

/** What SubRip has before the first words of a speaker. @param {string} speaker */
export function speakerPrefix(speaker) {
  return `${plainLine(speaker)}: `;
}

/**
 * For the speaker's name before the first piece, where both fit on a line.
 * @param {Piece} first
 * @param {Spoken} spoken
 */
function makeRoom(first, { speaker, language }) {
  if (speaker === null) return;
  const wide = Array.from(speakerPrefix(speaker)).reduce((sum, char) => sum + width(char), first.width);
  if (wide <= lineLimit(language)) first.width = wide;
}

/** @param {Part} part */
function beginOf({ pieces }) {
  return pieces[0].begin_ms;
}

/** @param {Part} part */
function endOf({ pieces }) {
  return Math.min(pieces[pieces.length - 1].end_ms, pieces[0].begin_ms + LONGEST_MS);
}

/**
 * The cheapest cut of a result into cues that fit. `before_ms`, `next_ms`: where its neighbours end and begin.
 * @param {Piece[]} pieces
 * @param {Spoken} spoken
 * @param {number} before_ms
 * @param {number} next_ms
 * @returns {Part[]}
 */
function cut(pieces, { language, speaker }, before_ms, next_ms) {
  const count = pieces.length;
  const sizes = sizesOf(pieces);
  const far = farthest(pieces, sizes, lineLimit(language));
  const holes = [0];
  for (let at = 1; at < count; at++) holes.push(holes[at - 1] + Number(pieces[at].begin_ms - pieces[at - 1].end_ms >= HOLE_MS));
  const best = [0];
  const cutAt = [0];
  for (let to = 1; to <= count; to++) {
    best.push(Infinity);
    cutAt.push(0);
    const { end_ms, cost: after } = pieces[to - 1];
    const after_ms = to < count ? pieces[to].begin_ms : next_ms;
    const ends = A_CUE + (to < count ? after : 0);
    for (let begin = to - 1; begin >= 0; begin--) {
      if (far[far[begin]] < to || (begin < to - 1 && end_ms - pieces[begin].begin_ms > LONGEST_MS)) break;
      let cost = best[begin] + ends + A_HOLE * (holes[to - 1] - holes[begin]);
      cost += Math.max(0, FEW - (sizes[to] - sizes[begin] - pieces[begin].space));
      if (after_ms - (begin > 0 ? pieces[begin - 1].end_ms : before_ms) < SHORTEST_MS) cost += A_FLASH;
      if (cost < best[to]) {
        best[to] = cost;
        cutAt[to] = begin;
      }
    }
  }
  /** @type {Part[]} */
  const parts = [];
  for (let to = count; to > 0; to = cutAt[to]) {
    parts.unshift({ pieces: pieces.slice(cutAt[to], to), language, opens: cutAt[to] === 0, speaker });
  }
  return parts;
}

/** Half widths of all before each piece, and of all. @param {readonly Piece[]} pieces */
function sizesOf(pieces) {
  const sizes = [0];
  for (const { space, width } of pieces) sizes.push(sizes[sizes.length - 1] + space + width);
  return sizes;
}

/**
 * For each piece, before which the line ends that begins with it. The last one is for none.
 * @param {readonly Piece[]} pieces
 * @param {readonly number[]} sizes
 * @param {number} limit
 */
function farthest(pieces, sizes, limit) {
  const far = [];
  let to = 0;
  for (const [begin, { space }] of pieces.entries()) {
    to = Math.max(to, begin + 1);
    while (to < pieces.length && sizes[to + 1] - sizes[begin] - space <= limit) to++;
    far.push(to);
  }
  return [...far, pieces.length];
}

/**
 * With those for which there is no time joined to a neighbour, of the same language and speaker, where both fit together.
 * @param {readonly Part[]} parts
 * @returns {Part[]}
 */
function joined(parts) {
  /** @type {Part[]} */
  const done = [];
  const waiting = [...parts].reverse();
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    const before = done[done.length - 1];
    const after = waiting[waiting.length - 1];
    const room_ms = (after === undefined ? Infinity : beginOf(after)) - (before === undefined ? 0 : endOf(before));
    if (room_ms < SHORTEST_MS && before !== undefined && fit(before, part)) done[done.length - 1] = together(before, part);
    else if (room_ms < SHORTEST_MS && after !== undefined && fit(part, after)) waiting[waiting.length - 1] = together(part, after);
    else done.push(part);
  }
  return done;
}

/**
 * @param {Part} one
 * @param {Part} other
 */
function fit(one, other) {
  if (one.language !== other.language || one.speaker !== other.speaker) return false;
  if (other.pieces[other.pieces.length - 1].end_ms - beginOf(one) > LONGEST_MS) return false;
  const { pieces } = together(one, other);
  const far = farthest(pieces, sizesOf(pieces), lineLimit(one.language));
  return far[far[0]] === pieces.length;
}

/**
 * @param {Part} one
 * @param {Part} other
 * @returns {Part}
 */
function together(one, other) {
  let [first] = other.pieces;
  if (other.opens) {
    const last = Array.from(one.pieces[one.pieces.length - 1].text).pop() ?? '';
    const [begins] = first.text;
    first = { ...first, space: unspaced(last) && unspaced(begins) ? 0 : 1 };
  }
  return { pieces: [...one.pieces, first, ...other.pieces.slice(1)], language: one.language, opens: one.opens, speaker: one.speaker };
}

/**
 * When each is shown: while it is said, and longer where that is too short: into the silence after it, then into that
 * before it. Where both are too short, those after it come later.
 * @param {readonly Part[]} parts
 */
function times(parts) {
  const begins = parts.map(beginOf);
  for (let at = parts.length - 1; at >= 0; at--) {
    const silent_ms = at > 0 ? endOf(parts[at - 1]) : 0;
    const next_ms = begins[at + 1] ?? Infinity;
    begins[at] = Math.min(begins[at], Math.max(silent_ms, next_ms - SHORTEST_MS));
  }
  let free_ms = 0;
  return parts.map((part, at) => {
    const begin_ms = Math.max(begins[at], free_ms);
    free_ms = Math.max(Math.min(endOf(part), begin_ms + LONGEST_MS), begin_ms + SHORTEST_MS);
    return { begin_ms, end_ms: free_ms };
  });
}

/**
 * @param {Part} part
 * @param {string | null} before who spoke before
 */
function cueOf(part, before) {
  const { speaker, language, pieces } = part;
  const right_to_left = readsRightToLeft(textOf(pieces), language);
  return { lines: linesOf(part), right_to_left, speaker, named: speaker !== null && speaker !== before };
}

/** One line, or two, cut where it is cheap and they become alike. @param {Part} part */
function linesOf({ pieces, language }) {
  const limit = lineLimit(language);
  const sizes = sizesOf(pieces);
  const all = sizes[pieces.length];
  if (all - pieces[0].space <= limit) return [textOf(pieces)];
  let found = 0;
  let cheapest = Infinity;
  for (let at = 1; at < pieces.length; at++) {
    const first = sizes[at] - pieces[0].space;
    const second = all - sizes[at] - pieces[at].space;
    const cost = pieces[at - 1].cost + 2 * Math.abs(first - second);
    if (first <= limit && second <= limit && cost < cheapest) {
      found = at;
      cheapest = cost;
    }
  }
  return [textOf(pieces.slice(0, found)), textOf(pieces.slice(found))];
}

/** @param {readonly Piece[]} pieces */
function textOf(pieces) {
  return pieces.map(({ text, space }, number) => (space && number > 0 ? ` ${text}` : text)).join('');
}
