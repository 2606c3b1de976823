// Where the sound of a film is: the tables of its tracks (ISO/IEC 14496-12, QuickTime File Format).

import { boxAt, boxesIn, NoFilmError } from './boxes.js';

/**
 * `place`: where its offset stands in the film's head; `wide`: in 8 bytes instead of 4.
 * @typedef {{ offset: number, size: number, place: number, wide: boolean }} Chunk
 * @typedef {{ id: number, box: import('./boxes.js').Box, chunks: Chunk[] }} Track
 */

const MAX_CHUNKS = 4_000_000;

/**
 * The tracks with sound in a film's head (the content of its `moov`).
 * @param {DataView} moov
 * @returns {Track[]}
 */
export function soundTracks(moov) {
  const tracks = boxesIn(moov, { start: 0, end: moov.byteLength }).filter(({ type }) => type === 'trak');
  return tracks.filter((box) => handlerOf(moov, box) === 'soun').map((box) => ({ id: idOf(moov, box), box, chunks: chunksOf(moov, box) }));
}

/**
 * @param {DataView} moov
 * @param {import('./boxes.js').Box} track
 */
function idOf(moov, track) {
  const box = boxAt(moov, track, 'tkhd');
  if (box === undefined || box.end - box.start < 24) throw new NoFilmError('a track has no number');
  return moov.getUint32(box.start + (moov.getUint8(box.start) === 1 ? 20 : 12));
}

/** Whether there is a picture. @param {DataView} moov */
export function hasPicture(moov) {
  return boxesIn(moov, { start: 0, end: moov.byteLength }).some((box) => box.type === 'trak' && handlerOf(moov, box) === 'vide');
}

/**
 * @param {DataView} moov
 * @param {import('./boxes.js').Box} track
 */
function handlerOf(moov, track) {
  const box = boxAt(moov, track, 'mdia', 'hdlr');
  return box === undefined || box.end - box.start < 12 ? '' : name(moov, box.start + 8);
}

/**
 * @param {DataView} moov
 * @param {import('./boxes.js').Box} track
 * @returns {Chunk[]}
 */
function chunksOf(moov, track) {
  const media = boxAt(moov, track, 'mdia', 'minf');
  const table = media && boxAt(moov, media, 'stbl');
  if (media === undefined || table === undefined) throw new NoFilmError('a track has no table');
  const references = boxAt(moov, media, 'dinf', 'dref');
  if (references !== undefined && !boxesIn(moov, { start: references.start + 8, end: references.end }).every(({ start }) => moov.getUint32(start) & 1)) {
    throw new NoFilmError('its sound is in another file');
  }
  const offsets = boxAt(moov, table, 'stco') ?? boxAt(moov, table, 'co64');
  const runs = boxAt(moov, table, 'stsc');
  if (offsets === undefined || runs === undefined) throw new NoFilmError('a track has no chunks');
  const wide = offsets.type === 'co64';
  const count = counted(moov, offsets, 4, wide ? 8 : 4);
  const runCount = counted(moov, runs, 4, 12);
  const sizes = sampleSizes(moov, table);
  /** @type {Chunk[]} */
  const chunks = [];
  let run = -1;
  let sample = 0;
  for (let number = 1; number <= count; number++) {
    while (run + 1 < runCount && moov.getUint32(runs.start + 8 + 12 * (run + 1)) <= number) run++;
    if (run < 0) throw new NoFilmError('a chunk has no samples');
    const samples = moov.getUint32(runs.start + 12 + 12 * run);
    const place = offsets.start + 8 + (number - 1) * (wide ? 8 : 4);
    const offset = wide ? Number(moov.getBigUint64(place)) : moov.getUint32(place);
    chunks.push({ offset, size: sizes(sample, samples), place, wide });
    sample += samples;
  }
  return chunks;
}

/**
 * Gives the bytes of so many samples from a first one on.
 * @param {DataView} moov
 * @param {import('./boxes.js').Box} table
 * @returns {(first: number, samples: number) => number}
 */
function sampleSizes(moov, table) {
  const compact = boxAt(moov, table, 'stz2');
  const box = boxAt(moov, table, 'stsz');
  if (box === undefined || compact !== undefined) throw new NoFilmError('its samples have no sizes that are known here');
  const same = moov.getUint32(box.start + 4);
  if (same !== 0) {
    const each = frameBytes(moov, table, same);
    return (_, samples) => Math.ceil(samples * each);
  }
  const count = counted(moov, box, 8, 4);
  return (first, samples) => {
    if (first + samples > count) throw new NoFilmError('there are fewer samples than said');
    let bytes = 0;
    for (let at = first; at < first + samples; at++) bytes += moov.getUint32(box.start + 12 + 4 * at);
    return bytes;
  };
}

/**
 * The bytes of one sample where all have the same, `said` in the table. QuickTime says 1 there of sound that is not
 * compressed, and the truth in the description.
 * @param {DataView} moov
 * @param {import('./boxes.js').Box} table
 * @param {number} said
 */
function frameBytes(moov, table, said) {
  const description = boxAt(moov, table, 'stsd');
  if (said !== 1 || description === undefined) return said;
  const [entry] = boxesIn(moov, { start: description.start + 8, end: description.end });
  if (entry === undefined || entry.end - entry.start < 28) throw new NoFilmError('its sound is not described');
  const version = moov.getUint16(entry.start + 8);
  if (version === 1 && entry.end - entry.start >= 44) {
    const [perPacket, packet] = [moov.getUint32(entry.start + 28), moov.getUint32(entry.start + 36)];
    if (perPacket > 0 && packet > 0) return packet / perPacket;
  }
  if (version > 1) throw new NoFilmError('its sound is described in a way that is not known here');
  return Math.max(1, (moov.getUint16(entry.start + 16) * moov.getUint16(entry.start + 18)) / 8);
}

/**
 * How many entries of `each` bytes a table has: the number stands so far in its content, and they follow it.
 * @param {DataView} moov
 * @param {import('./boxes.js').Box} box
 * @param {number} at
 * @param {number} each
 */
function counted(moov, box, at, each) {
  if (box.end - box.start < at + 4) throw new NoFilmError('a table is cut off');
  const count = moov.getUint32(box.start + at);
  if (count > MAX_CHUNKS || box.start + at + 4 + count * each > box.end) throw new NoFilmError('a table is cut off');
  return count;
}

/**
 * @param {DataView} view
 * @param {number} at
 */
function name(view, at) {
  return String.fromCharCode(...[0, 1, 2, 3].map((place) => view.getUint8(at + place)));
}
