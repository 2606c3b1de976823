// The boxes of MP4 and QuickTime files (ISO/IEC 14496-12), as far as they are needed to find the sound of a film.

const MAX_BOXES = 100_000; // of a file, one after the other

/** A box: `at` is where it begins, `start` where its content does, `end` where it is over. @typedef {{ type: string, at: number, start: number, end: number }} Box */

/** What is no film, or is none that can be read here. */
export class NoFilmError extends Error {}

/** The sound alone is larger than may be sent. */
export class TooLargeError extends Error {}

/**
 * The header of a box that is at `at` and must end by `end`. `bytes`: from `at` on, as far as there are.
 * @param {DataView} bytes
 * @param {number} at
 * @param {number} end
 * @returns {Box}
 */
function header(bytes, at, end) {
  if (bytes.byteLength < 8) throw new NoFilmError('a box is cut off');
  const type = String.fromCharCode(...[4, 5, 6, 7].map((place) => bytes.getUint8(place)));
  const short = bytes.getUint32(0);
  if (short === 1 && bytes.byteLength < 16) throw new NoFilmError('a box is cut off');
  const size = short === 1 ? Number(bytes.getBigUint64(8)) : short === 0 ? end - at : short;
  const start = at + (short === 1 ? 16 : 8);
  if (at + size < start || at + size > end) throw new NoFilmError('a box has no such length');
  return { type, at, start, end: at + size };
}

/**
 * The boxes in a part of a buffer.
 * @param {DataView} view
 * @param {{ start: number, end: number }} within
 * @returns {Box[]}
 */
export function boxesIn(view, { start, end }) {
  const found = [];
  for (let at = start; at + 8 <= end && found.length < MAX_BOXES; at = found[found.length - 1].end) {
    found.push(header(new DataView(view.buffer, view.byteOffset + at, Math.min(16, end - at)), at, end));
  }
  return found;
}

/**
 * The box that is reached by `path` from a part of a buffer.
 * @param {DataView} view
 * @param {{ start: number, end: number }} within
 * @param {...string} path
 * @returns {Box | undefined}
 */
export function boxAt(view, within, ...path) {
  const [type, ...more] = path;
  const found = boxesIn(view, within).find((box) => box.type === type);
  return found === undefined || more.length === 0 ? found : boxAt(view, found, ...more);
}

/**
 * The boxes of a file, of which only the headers are read; a last one that is cut off counts as far as it goes.
 * @param {Blob} file
 * @returns {Promise<Box[]>}
 */
export async function boxesOf(file) {
  /** @type {Box[]} */
  const found = [];
  for (let at = 0; at + 8 <= file.size; at = found[found.length - 1].end) {
    const bytes = new DataView(await file.slice(at, at + 16).arrayBuffer());
    const size = bytes.getUint32(0) === 0 ? file.size : Number.MAX_SAFE_INTEGER;
    const box = header(bytes, at, size);
    if (!/^[ -~]{4}$/.test(box.type) || found.push(box) > MAX_BOXES) throw new NoFilmError('these are no boxes');
  }
  return found;
}
