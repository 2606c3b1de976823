// Where the voice gate should open in a room, from levels of the room without speech.

export const CALIBRATION_LEVELS = 40; // 2 s of the worklet's levels
export const SETTLING_LEVELS = 10; // a microphone that was just opened begins with silence and clicks

const NOISE_PERCENTILE = 0.95; // one click of a mouse is not the room
const MARGIN = 8; // 9 dB over the noise
const SPREAD = 10; // 10 dB: a steady noise moves by less, speech by more
const LOW = 1e-5; // -50 dB; below, the quietest rustle would count as speech
const HIGH = 0.05; // -13 dB; above, hardly a voice would
const MATTERS = LOW / MARGIN; // noise that is lower, however it moves, leads to LOW
const NOTHING = 1e-10; // less than the last bit of 16

/**
 * @typedef {{ verdict: 'set' | 'loud', threshold: number, noise: number } | { verdict: 'unsteady' | 'silent' }} Room
 *
 * @param {readonly number[]} levels mean squares, full scale is 1
 * @returns {Room}
 */
export function assessRoom(levels) {
  const sorted = [...levels].sort((a, b) => a - b);
  /** @param {number} share */
  const percentile = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  const noise = percentile(NOISE_PERCENTILE);
  if (noise < NOTHING) return { verdict: 'silent' };
  const base = Math.max(percentile(1 - NOISE_PERCENTILE), MATTERS);
  if (noise > base * SPREAD) return { verdict: 'unsteady' };
  const threshold = Math.max(LOW, Math.min(HIGH, noise * MARGIN));
  return { verdict: noise * MARGIN > HIGH ? 'loud' : 'set', threshold, noise };
}
