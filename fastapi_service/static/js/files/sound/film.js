// The sound of an MP4 or QuickTime film as a file of its own: its tracks with sound as they are, without the picture.
// Nothing is decoded, so that codec, times and edit lists stay; of a film of gigabytes, only what is needed is read.

import { boxAt, boxesOf, NoFilmError, TooLargeError } from './boxes.js';
import { boxHead, fragmentDefaults, soundFragments } from './fragments.js';
import { hasPicture, soundTracks } from './tracks.js';

const MAX_HEAD_BYTES = 128 * 1024 * 1024; // some ten hours of film
const NEAR_BYTES = 256 * 1024; // what lies so near is read with what is before it
const READ_BYTES = 4 * 1024 * 1024; // at once
const KEPT_BYTES = 16 * 1024 * 1024; // in memory, before the browser may put it on disk

/** @typedef {import('./tracks.js').Chunk} Chunk */

/**
 * The film's sound; null where there is no picture to be left out, or no sound.
 * @param {Blob} file
 * @param {number} largest_bytes
 * @param {(share: number) => void} progress
 * @param {AbortSignal} signal
 * @returns {Promise<Blob | null>}
 * @throws {NoFilmError | RangeError} where this is no film that can be read here
 * @throws {TooLargeError} where the sound alone is larger than `largest_bytes`
 */
export async function soundOfFilm(file, largest_bytes, progress, signal) {
  const boxes = await boxesOf(file);
  const head = boxes.find(({ type }) => type === 'moov');
  if (head === undefined || head.end > file.size || head.end - head.start > MAX_HEAD_BYTES) throw new NoFilmError('it has no head');
  const moov = new DataView(await file.slice(head.start, head.end).arrayBuffer());
  const tracks = soundTracks(moov);
  const chunks = tracks.flatMap((track) => track.chunks).sort((one, other) => one.offset - other.offset);
  const fragments = boxes.filter(({ type }) => type === 'moof');
  if (chunks.length + fragments.length === 0 || tracks.length === 0 || !hasPicture(moov)) return null;
  const bytes = chunks.reduce((sum, { size }) => sum + size, 0);
  if (bytes + moov.byteLength > largest_bytes) throw new TooLargeError('its sound is too large');
  if (chunks.some(({ offset, size }) => offset + size > file.size)) throw new NoFilmError('it is cut off');
  const type = boxes.find((box) => box.type === 'ftyp');
  const brand = type === undefined ? new ArrayBuffer(0) : await file.slice(type.at, type.end).arrayBuffer();
  const defaults = fragmentDefaults(moov, tracks.map(({ id }) => id));
  const parts = headOf(moov, tracks, defaults.boxes, chunks, brand, bytes);
  await copy(file, chunks, bytes, parts, fragments.length > 0 ? () => {} : progress, signal);
  let size = new Blob(parts).size;
  let done = 0;
  for await (const fragment of soundFragments(file, fragments, defaults.sizes, size)) {
    signal.throwIfAborted();
    size += fragment.size;
    if (size > largest_bytes) throw new TooLargeError('its sound is too large');
    parts.push(fragment);
    progress(Math.min(1, ++done / fragments.length));
  }
  return new Blob(parts);
}

/**
 * What stands before the sound, with its chunks where they will be.
 * @param {DataView<ArrayBuffer>} moov
 * @param {import('./tracks.js').Track[]} tracks
 * @param {import('./boxes.js').Box[]} defaults of fragments
 * @param {Chunk[]} chunks in the order in which they will be
 * @param {ArrayBuffer} brand
 * @param {number} bytes
 * @returns {BlobPart[]}
 */
function headOf(moov, tracks, defaults, chunks, brand, bytes) {
  const movie = boxAt(moov, { start: 0, end: moov.byteLength }, 'mvhd');
  if (movie === undefined) throw new NoFilmError('it has no head');
  const kept = [movie, ...tracks.map(({ box }) => box)];
  const extended = defaults.reduce((sum, { at, end }) => sum + end - at, 8);
  const size = kept.reduce((sum, { at, end }) => sum + end - at, defaults.length > 0 ? 8 + extended : 8);
  let to = brand.byteLength + size + 16;
  for (const { place, wide, size: length } of chunks) {
    if (wide) moov.setBigUint64(place, BigInt(to));
    else moov.setUint32(place, to);
    to += length;
  }
  for (const { box } of tracks) {
    const other = boxAt(moov, box, 'tref'); // names tracks that are no longer there
    if (other !== undefined) named(moov, other.at + 4, 'free');
  }
  const copied = (/** @type {import('./boxes.js').Box[]} */ from) => from.map(({ at, end }) => moov.buffer.slice(at, end));
  const more = defaults.length > 0 ? [boxHead(extended, 'mvex'), ...copied(defaults)] : [];
  const data = new DataView(new ArrayBuffer(16));
  data.setUint32(0, 1);
  named(data, 4, 'mdat');
  data.setBigUint64(8, BigInt(bytes + 16));
  return [brand, boxHead(size, 'moov'), ...copied(kept), ...more, data];
}

/**
 * @param {DataView} view
 * @param {number} at
 * @param {string} type
 */
function named(view, at, type) {
  for (const [place, char] of [...type].entries()) view.setUint8(at + place, char.charCodeAt(0));
}

/**
 * Append the chunks to `parts`. Those that lie near to each other are read together.
 * @param {Blob} file
 * @param {Chunk[]} chunks
 * @param {number} bytes
 * @param {BlobPart[]} parts
 * @param {(share: number) => void} progress
 * @param {AbortSignal} signal
 */
async function copy(file, chunks, bytes, parts, progress, signal) {
  let done = 0;
  let kept = 0;
  /** @type {BlobPart[]} */
  let memory = [];
  for (let from = 0; from < chunks.length; ) {
    const begin = chunks[from].offset;
    let end = begin + chunks[from].size;
    let to = from + 1;
    while (to < chunks.length && chunks[to].offset - end <= NEAR_BYTES && chunks[to].offset + chunks[to].size - begin <= READ_BYTES) {
      end = Math.max(end, chunks[to].offset + chunks[to].size);
      to++;
    }
    if (end - begin > READ_BYTES) {
      parts.push(...(memory.length > 0 ? [new Blob(memory)] : []), file.slice(begin, end)); // it is read when it is sent
      [memory, kept] = [[], 0];
    } else {
      const read = await file.slice(begin, end).arrayBuffer();
      signal.throwIfAborted();
      for (const { offset, size } of chunks.slice(from, to)) memory.push(new Uint8Array(read.slice(offset - begin, offset - begin + size)));
    }
    for (const { size } of chunks.slice(from, to)) [done, kept] = [done + size, kept + size];
    if (kept >= KEPT_BYTES) {
      parts.push(new Blob(memory));
      [memory, kept] = [[], 0];
    }
    from = to;
    progress(done / bytes);
  }
  parts.push(new Blob(memory));
}
