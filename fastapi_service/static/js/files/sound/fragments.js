// The sound of a film that is written in fragments (ISO/IEC 14496-12, 8.8), as programs that record a screen or a page
// make it: each fragment's tracks with sound and their data, with their times as they are.

import { boxAt, boxesIn, NoFilmError } from './boxes.js';

const MAX_FRAGMENT_HEAD_BYTES = 16 * 1024 * 1024;
const MDAT_HEAD_BYTES = 8;
const BASE_IS_MOOF = 0x020000;

/**
 * What stands in for the fields that fragments leave out, of each track with sound by its number: bytes of a sample.
 * @param {DataView<ArrayBuffer>} moov
 * @param {readonly number[]} ids of the tracks
 * @returns {{ boxes: import('./boxes.js').Box[], sizes: Map<number, number> }}
 */
export function fragmentDefaults(moov, ids) {
  const extends_ = boxAt(moov, { start: 0, end: moov.byteLength }, 'mvex');
  const all = extends_ === undefined ? [] : boxesIn(moov, extends_).filter(({ type, start, end }) => type === 'trex' && end - start >= 20);
  const boxes = all.filter(({ start }) => ids.includes(moov.getUint32(start + 4)));
  return { boxes, sizes: new Map(boxes.map(({ start }) => [moov.getUint32(start + 4), moov.getUint32(start + 16)])) };
}

/**
 * Gives one fragment after the other, as it stands in a file whose `from` bytes are before them all. A last one whose
 * data is cut off is left out.
 * @param {Blob} file
 * @param {readonly import('./boxes.js').Box[]} fragments its `moof`
 * @param {ReadonlyMap<number, number>} sizes of the tracks that are kept
 * @param {number} from
 * @returns {AsyncGenerator<Blob>}
 */
export async function* soundFragments(file, fragments, sizes, from) {
  let to = from;
  for (const { at, start, end } of fragments) {
    if (end > file.size) return;
    if (end - at > MAX_FRAGMENT_HEAD_BYTES) throw new NoFilmError('a fragment has too large a head');
    const moof = new DataView(await file.slice(at, end).arrayBuffer());
    const boxes = boxesIn(moof, { start: start - at, end: moof.byteLength });
    const trafs = boxes.filter(({ type }) => type === 'traf');
    const kept = boxes.filter((box) => box.type === 'mfhd' || (box.type === 'traf' && sizes.has(trackOf(moof, box))));
    const head = kept.reduce((sum, box) => sum + box.end - box.at, 8);
    let place = head + MDAT_HEAD_BYTES;
    /** @type {Blob[]} */
    const data = [];
    for (const traf of kept.filter(({ type }) => type === 'traf')) {
      for (const run of runsOf(moof, traf, { at, first: traf === trafs[0] }, sizes, to)) {
        if (run.offset < 0 || run.offset + run.size > file.size) return;
        if (run.field !== null) moof.setInt32(run.field, place);
        data.push(file.slice(run.offset, run.offset + run.size));
        place += run.size;
      }
    }
    if (data.length === 0) continue;
    const [begin, mdat] = [boxHead(head, 'moof'), boxHead(place - head, 'mdat')];
    const bytes = await new Blob([begin, ...kept.map((box) => moof.buffer.slice(box.at, box.end)), mdat, ...data]).arrayBuffer();
    yield new Blob([bytes]);
    to += place;
  }
}

/**
 * @param {DataView} moof
 * @param {import('./boxes.js').Box} traf
 */
function trackOf(moof, traf) {
  const box = boxAt(moof, traf, 'tfhd');
  if (box === undefined || box.end - box.start < 8) throw new NoFilmError('a fragment names no track');
  return moof.getUint32(box.start + 4);
}

/**
 * Where the samples of a track are in the file, run by run; `field` is where the run says so. From now on they are told
 * from the beginning of the fragment, which will be at `to`.
 * @param {DataView} moof
 * @param {import('./boxes.js').Box} traf
 * @param {{ at: number, first: boolean }} fragment
 * @param {ReadonlyMap<number, number>} sizes
 * @param {number} to
 */
function runsOf(moof, traf, { at, first }, sizes, to) {
  const { start } = /** @type {import('./boxes.js').Box} */ (boxAt(moof, traf, 'tfhd'));
  const flags = moof.getUint32(start) & 0xffffff;
  let field = start + 8;
  let base = at;
  if (flags & 1) {
    base = Number(moof.getBigUint64(field));
    moof.setBigUint64(field, BigInt(to));
    field += 8;
  } else {
    if (!first && !(flags & BASE_IS_MOOF)) throw new NoFilmError('a fragment does not say where its data is');
    moof.setUint32(start, moof.getUint32(start) | BASE_IS_MOOF);
  }
  if (flags & 2) field += 4;
  if (flags & 8) field += 4;
  const each = flags & 16 ? moof.getUint32(field) : (sizes.get(moof.getUint32(start + 4)) ?? 0);
  /** @type {number | null} */
  let follows = null;
  return boxesIn(moof, traf)
    .filter(({ type }) => type === 'trun')
    .map((run) => {
      const said = runSize(moof, run, each);
      const offset = said.field === null ? follows : base + moof.getInt32(said.field);
      if (offset === null) throw new NoFilmError('a fragment does not say where its data is');
      follows = offset + said.size;
      return { ...said, offset };
    });
}

/**
 * @param {DataView} moof
 * @param {import('./boxes.js').Box} run
 * @param {number} each
 */
function runSize(moof, { start, end }, each) {
  const flags = moof.getUint32(start) & 0xffffff;
  const count = moof.getUint32(start + 4);
  const first = start + 8 + (flags & 1 ? 4 : 0) + (flags & 4 ? 4 : 0);
  const [before, step] = [flags & 0x100 ? 4 : 0, 4 * [0x100, 0x200, 0x400, 0x800].filter((flag) => flags & flag).length];
  if (first + count * step > end) throw new NoFilmError('a run is cut off');
  let size = flags & 0x200 ? 0 : count * each;
  if (flags & 0x200) {
    for (let number = 0; number < count; number++) size += moof.getUint32(first + number * step + before);
  }
  return { size, field: flags & 1 ? start + 8 : null };
}

/**
 * @param {number} size
 * @param {string} type
 * @returns {ArrayBuffer}
 */
export function boxHead(size, type) {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, size);
  for (const [place, char] of [...type].entries()) view.setUint8(4 + place, char.charCodeAt(0));
  return view.buffer;
}
