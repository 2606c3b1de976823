// Float32 samples to chunks of clamped Int16, the size of one frame on the wire.

/**
 * @typedef {object} ChunkSink
 * @property {(pcm: Int16Array<ArrayBuffer>, index: number) => void} chunk gets the array for keeps; `index` is the
 *   number of its first sample
 * @property {(spokenUntil: number) => void} pause the speaker has paused; the last chunk came before. The number of the
 *   first sample after what was loud
 * @property {(spokenUntil: number) => void} end the utterance is over; its last chunk came before. The same number
 */

/** A sink for VoiceGate. The only thing it allocates is the chunk that it gives away. */
export class PcmChunker {
  /** @type {number} */ #size;
  /** @type {ChunkSink} */ #sink;
  /** @type {Int16Array<ArrayBuffer> | null} */ #chunk = null;
  #filled = 0;
  #index = 0;

  /**
   * @param {number} size samples in a chunk
   * @param {ChunkSink} sink
   */
  constructor(size, sink) {
    this.#size = size;
    this.#sink = sink;
  }

  /**
   * @param {Float32Array} samples full scale is -1 to 1; what is beyond is clamped
   * @param {number} begin
   * @param {number} end
   * @param {number} index
   */
  write(samples, begin, end, index) {
    for (let i = begin; i < end; i++) {
      if (this.#chunk === null) {
        this.#chunk = new Int16Array(this.#size);
        this.#index = index + i - begin;
      }
      this.#chunk[this.#filled++] = Math.max(-32768, Math.min(32767, Math.round(samples[i] * 32768)));
      if (this.#filled === this.#size) this.#give(this.#chunk);
    }
  }

  /** @param {number} spokenUntil */
  pause(spokenUntil) {
    this.#giveRest();
    this.#sink.pause(spokenUntil);
  }

  /** @param {number} spokenUntil */
  end(spokenUntil) {
    this.#giveRest();
    this.#sink.end(spokenUntil);
  }

  #giveRest() {
    if (this.#chunk !== null) this.#give(this.#chunk.slice(0, this.#filled));
  }

  /** @param {Int16Array<ArrayBuffer>} chunk */
  #give(chunk) {
    this.#chunk = null;
    this.#filled = 0;
    this.#sink.chunk(chunk, this.#index);
  }
}
