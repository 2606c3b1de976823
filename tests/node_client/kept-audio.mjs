// What is not safe on the server yet: the samples, and the positions of the empty frames (docs/protocol.md, Resume).

const BYTES_PER_SAMPLE = 2;

export class KeptAudio {
  /** @type {Buffer} */
  #audio = Buffer.alloc(0);
  /** @type {number[]} positions of empty frames, ascending */
  #ends = [];
  #endsSent = 0;
  #sent = 0;
  base = 0;

  /** The position after the last sample. */
  get end() {
    return this.base + this.#audio.length / BYTES_PER_SAMPLE;
  }

  /** @param {Buffer} pcm */
  append(pcm) {
    this.#audio = Buffer.concat([this.#audio, pcm]);
  }

  endUtterance() {
    if (this.end > this.base && this.#ends.at(-1) !== this.end) this.#ends.push(this.end);
  }

  /**
   * The next frame that this connection has not sent: audio up to the next empty frame's position, or that empty frame.
   * @param {number} maxBytes
   * @returns {Buffer | null}
   */
  nextFrame(maxBytes) {
    const end = this.#ends[this.#endsSent] ?? this.end;
    if (this.#endsSent < this.#ends.length && end <= this.#sent) {
      this.#endsSent += 1;
      return Buffer.alloc(0);
    }
    const until = Math.min(end, this.#sent + Math.floor(maxBytes / BYTES_PER_SAMPLE));
    if (until <= this.#sent) return null;
    const [first, last] = [this.#sent, until].map((place) => (place - this.base) * BYTES_PER_SAMPLE);
    this.#sent = until;
    return this.#audio.subarray(first, last);
  }

  /** @param {number} position what is before it is safe */
  forget(position) {
    if (position <= this.base) return;
    this.#audio = this.#audio.subarray((position - this.base) * BYTES_PER_SAMPLE);
    this.base = position;
    this.#sent = Math.max(this.#sent, position);
    const left = this.#ends.filter((end) => end > position);
    this.#endsSent = Math.max(0, this.#endsSent - (this.#ends.length - left.length));
    this.#ends = left;
  }

  /** @param {number} position a connection begins here: all that is kept after it is to be sent (again) */
  resume(position) {
    this.forget(position);
    this.#sent = this.base;
    this.#endsSent = 0;
  }

  /** @param {number} position another session begins: what is kept gets new positions */
  moveTo(position) {
    const shift = position - this.base;
    this.#ends = this.#ends.map((end) => end + shift);
    this.base = position;
    this.resume(position);
  }
}
