// How loud a room is when nobody speaks, followed while people speak in it, and the threshold that stands out from it.
//
// Minimum statistics (R. Martin, 2001): between words and syllables the noise is heard alone, so the quietest moments of
// the last seconds are the noise. Of each moment of 100 ms the loudest frame counts, because a gate that is to close
// must be above that one: music needs more room than a fan. The recorder has the same (runtime/audio/noise_floor.py). A few
// operations a frame, and no allocation after construction.

const MOMENT_FRAMES = 5; // 100 ms
const BLOCK_FRAMES = 12; // a quietest moment for each 240 ms
const BLOCKS = 16; // of the last 3.8 s
const RANK = 1; // one of them may be quieter than the noise: a microphone drops out
const OPENS = 12; // what opens the gate is 11 dB above the noise
const STAYS = 3.6; // what keeps it open, 6 dB
/** Mean square, -17 dB: the threshold is never above it. */
export const CEILING = 0.02;
const RISE = 1.2; // at most, a block: 3 dB a second; one long loud sound is not the room
const LOWEST = 0.00004; // mean square from which it rises: less never matters

/** Takes the mean square of one 20 ms frame after the other. */
export class NoiseFloor {
  #level = 0; // mean square of the noise
  #recent = new Float64Array(MOMENT_FRAMES);
  #quietest = Infinity; // moment of this block
  #blocks = new Float64Array(BLOCKS);
  #sorted = new Float64Array(BLOCKS);
  #frame = 0; // of the block
  #moment = 0; // place of the next frame in the moment
  #block = 0;

  /** The mean square from which a frame stands out. */
  get opens() {
    return Math.min(CEILING, this.#level * OPENS);
  }

  /** The mean square from which a frame still does, once one has. */
  get stays() {
    return Math.min(CEILING, this.#level * STAYS);
  }

  /** The next frame. @param {number} energy */
  hear(energy) {
    this.#recent[this.#moment] = energy;
    this.#moment = (this.#moment + 1) % MOMENT_FRAMES;
    let loudest = 0;
    for (let i = 0; i < MOMENT_FRAMES; i++) if (this.#recent[i] > loudest) loudest = this.#recent[i];
    if (loudest < this.#quietest) this.#quietest = loudest;
    if (++this.#frame < BLOCK_FRAMES) return;
    this.#frame = 0;
    this.#blocks[this.#block] = this.#quietest;
    this.#block = (this.#block + 1) % BLOCKS;
    this.#quietest = Infinity;
    this.#sorted.set(this.#blocks);
    this.#sorted.sort();
    const noise = this.#sorted[RANK];
    const level = this.#level;
    this.#level = noise <= level ? noise : Math.min(noise, RISE * Math.max(level, LOWEST));
  }
}
