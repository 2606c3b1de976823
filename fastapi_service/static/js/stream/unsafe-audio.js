// The audio that the server has not said is safe, in order of stream position, with the empty frames where they were. A
// cursor marks what was sent on the present connection.

import { SAMPLE_RATE_HZ } from '../base/audio-format.js';

/**
 * One frame. `pcm` is null for an empty frame; `captured_ms` is epoch time.
 * @typedef {{ position: number, pcm: Int16Array<ArrayBuffer> | null, captured_ms: number }} HeldFrame
 */

const EMPTY_MAX = 2; // at one position: a pause, and its end (docs/protocol.md)

export class UnsafeAudio {
  /** @type {HeldFrame[]} */ #frames = [];
  #cursor = 0;
  #end = 0;
  #samples = 0;

  /** The position that the next sample gets. */
  get end() {
    return this.#end;
  }

  /** Seconds of audio held. */
  get seconds() {
    return this.#samples / SAMPLE_RATE_HZ;
  }

  /** The position of the oldest sample held, or null when there is none. */
  get oldest() {
    return this.#samples > 0 ? this.#end - this.#samples : null;
  }

  /**
   * @param {Int16Array<ArrayBuffer>} pcm
   * @param {number} captured_ms
   */
  push(pcm, captured_ms) {
    this.#frames.push({ position: this.#end, pcm, captured_ms });
    this.#end += pcm.length;
    this.#samples += pcm.length;
  }

  /** Put an empty frame here, unless it would say nothing: where all is safe, or where two are already. */
  pushEmpty() {
    const enough = this.#frames.slice(-EMPTY_MAX).every(({ pcm }) => pcm === null); // of nothing, too
    if (this.#samples === 0 || enough) return;
    this.#frames.push({ position: this.#end, pcm: null, captured_ms: 0 });
  }

  /**
   * Forget what lies before `position`. Empty frames at `position` go too: the utterance has been cut there.
   * @param {number} position
   */
  forget(position) {
    let gone = 0;
    for (const frame of this.#frames) {
      const length = frame.pcm?.length ?? 0;
      if (frame.position + length > position) break;
      this.#samples -= length;
      gone++;
    }
    this.#frames.splice(0, gone);
    this.#cursor = Math.max(0, this.#cursor - gone);
    const first = this.#frames[0];
    if (first?.pcm && first.position < position) {
      const cut = position - first.position;
      first.captured_ms += (cut * 1000) / SAMPLE_RATE_HZ;
      first.pcm = first.pcm.slice(cut);
      first.position = position;
      this.#samples -= cut;
    }
  }

  /**
   * Begin a connection whose stream stands at `position`: forget what is safe and send the rest again. Where the
   * stream cannot go on from what is held (another session, or a position that was never reached), what is held
   * is numbered anew from `position`.
   * @param {number} position
   * @param {boolean} sameSession
   */
  resume(position, sameSession) {
    if (sameSession && position <= this.#end) this.forget(position);
    const oldest = this.oldest ?? this.#end;
    if (oldest !== position) this.#renumber(position - oldest);
    this.#cursor = 0;
  }

  /** Forget what was sent on the present connection, safe or not. */
  forgetSent() {
    const next = this.peek();
    if (next !== null) this.forget(next.position);
    else this.forget(this.#end);
  }

  /** The next frame to send, or null; `advance` steps over it. */
  peek() {
    return this.#frames[this.#cursor] ?? null;
  }

  advance() {
    this.#cursor++;
  }

  /** The frames with audio, oldest first. */
  get audio() {
    return this.#frames.filter((frame) => frame.pcm !== null);
  }

  /** @param {number} shift */
  #renumber(shift) {
    for (const frame of this.#frames) frame.position += shift;
    this.#end += shift;
  }
}
