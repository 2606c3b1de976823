// Speech that the visitor has the page keep, by its place in the stream. Bounded: the oldest goes first.
//
// It is counted from the first sample kept on. How the stream counts is noted beside it, because a session that is lost
// numbers anew what its successor still gets.

import { SAMPLE_RATE_HZ } from '../base/audio-format.js';

const BLOCK_SAMPLES = 30 * SAMPLE_RATE_HZ;
export const MAX_BLOCKS = 60; // half an hour, 58 MB
const SLACK_SAMPLES = 32; // the server tells seconds to the millisecond

const NOBODY = -1; // no session counts these samples

/** From the sample `at` on, counted here, `session` counts from `position` on. @typedef {{ at: number, session: number, position: number }} Numbering */

export class KeptSpeech {
  /** @type {Int16Array<ArrayBuffer>[]} all but the last are full */ #blocks = [];
  #blocksFrom = 0; // what the first sample of the first block is counted as
  #end = 0; // what the next one will be
  /** @type {Numbering[]} in order; each with a sample of its own */ #numberings = [];

  /** Seconds of it. */
  get seconds() {
    return (this.#end - this.#blocksFrom) / SAMPLE_RATE_HZ;
  }

  /**
   * @param {Int16Array<ArrayBuffer>} pcm is copied
   * @param {number} session
   * @param {number} position of its first sample
   * @returns {boolean} whether older speech had to go
   */
  push(pcm, session, position) {
    this.#number(this.#end, session, position);
    let dropped = false;
    for (let done = 0; done < pcm.length; ) {
      const filled = this.#end - this.#blocksFrom - BLOCK_SAMPLES * (this.#blocks.length - 1);
      if (this.#blocks.length === 0 || filled === BLOCK_SAMPLES) {
        dropped = this.#open() || dropped;
        continue;
      }
      const part = pcm.subarray(done, done + BLOCK_SAMPLES - filled);
      this.#blocks[this.#blocks.length - 1].set(part, filled);
      this.#end += part.length;
      done += part.length;
    }
    return dropped;
  }

  /**
   * A connection has begun: so many of the newest samples come before this position.
   * @param {number} samples
   * @param {number} session
   * @param {number} position
   */
  align(samples, session, position) {
    const known = Math.min(samples, this.#end - this.#blocksFrom);
    if (known > 0) this.#number(this.#end - known, session, position - known);
  }

  /**
   * Another page speaks in this session: from this position on it may be what that one has said.
   * @param {number} session
   * @param {number} position
   */
  cut(session, position) {
    const last = this.#numberings.at(-1);
    if (last?.session !== session) return;
    const at = Math.max(last.at, last.at + position - last.position);
    if (at < this.#end) this.#number(at, NOBODY, 0);
  }

  /**
   * What was said between these seconds of a session's stream; null where not all of it is here.
   * @param {number} session
   * @param {number} fromSec
   * @param {number} toSec
   * @returns {Int16Array<ArrayBuffer> | null}
   */
  take(session, fromSec, toSec) {
    const found = this.#find(session, fromSec, toSec);
    if (found === null) return null;
    const taken = new Int16Array(found.end - found.begin);
    for (let done = 0; done < taken.length; ) {
      const place = found.begin + done - this.#blocksFrom;
      const block = this.#blocks[Math.floor(place / BLOCK_SAMPLES)];
      const part = block.subarray(place % BLOCK_SAMPLES, (place % BLOCK_SAMPLES) + taken.length - done);
      taken.set(part, done);
      done += part.length;
    }
    return taken;
  }

  /** @type {(session: number, fromSec: number, toSec: number) => boolean} whether `take` would give it */
  has(session, fromSec, toSec) {
    return this.#find(session, fromSec, toSec) !== null;
  }

  /** Throw all of it away. */
  clear() {
    this.#blocks = [];
    this.#numberings = [];
    this.#blocksFrom = this.#end;
  }

  /** Room for more. @returns {boolean} whether older speech had to go */
  #open() {
    const full = this.#blocks.length === MAX_BLOCKS;
    if (full) {
      this.#blocks.shift();
      this.#blocksFrom += BLOCK_SAMPLES;
      const oldest = this.#numberings.findLastIndex(({ at }) => at <= this.#blocksFrom);
      this.#numberings.splice(0, oldest); // those of what is gone
    }
    this.#blocks.push(new Int16Array(BLOCK_SAMPLES));
    return full;
  }

  /**
   * From `at` on the stream counts like this.
   * @param {number} at
   * @param {number} session
   * @param {number} position
   */
  #number(at, session, position) {
    const before = this.#numberings.findLast((one) => one.at <= at);
    const same = before?.session === session && before.position + at - before.at === position;
    while ((this.#numberings.at(-1)?.at ?? -1) > at) this.#numberings.pop();
    if (same) return;
    if (this.#numberings.at(-1)?.at === at) this.#numberings.pop();
    this.#numberings.push({ at, session, position });
  }

  /**
   * Where this is, as it is counted here; null where not all of it is.
   * @param {number} session
   * @param {number} fromSec
   * @param {number} toSec
   */
  #find(session, fromSec, toSec) {
    for (let index = this.#numberings.length - 1; index >= 0; index--) {
      const one = this.#numberings[index];
      if (one.session !== session) continue;
      const first = Math.max(one.at, this.#blocksFrom);
      const last = this.#numberings[index + 1]?.at ?? this.#end;
      const begin = one.at - one.position + Math.round(fromSec * SAMPLE_RATE_HZ);
      const end = one.at - one.position + Math.round(toSec * SAMPLE_RATE_HZ);
      if (begin < first - SLACK_SAMPLES || end > last + SLACK_SAMPLES || end <= begin) continue;
      return { begin: Math.max(begin, first), end: Math.min(end, last) };
    }
    return null;
  }
}
