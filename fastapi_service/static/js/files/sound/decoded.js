// The sound of a file as the browser decodes it, as WAV at the rate of recognition: for what is no film that film.js can
// take apart. The browser holds all of it in memory, so large and long ones are left.

import { SAMPLE_RATE_HZ } from '../../base/audio-format.js';
import { WAV_HEAD_BYTES, wavHead } from '../../base/wav-head.js';
import { TooLargeError } from './boxes.js';

const MAX_FILE_BYTES = 512 * 1024 * 1024;
const MAX_SEC = 45 * 60; // as it is decoded, before it gets its rate, that is a gigabyte
const FLOOR_BYTES_PER_SEC = 100_000; // a film that does not say its length has this much at least
const BLOCK_SAMPLES = 65_536;

/**
 * @param {Blob} file
 * @param {number} largest_bytes
 * @param {AbortSignal} signal
 * @returns {Promise<Blob | null>} null where it cannot be decoded, or is too much to try
 * @throws {TooLargeError} where the sound alone is larger than `largest_bytes`
 */
export async function decodedSound(file, largest_bytes, signal) {
  if (file.size > MAX_FILE_BYTES || typeof OfflineAudioContext === 'undefined') return null;
  const length_sec = await lengthOf(file, signal);
  if (length_sec === null || length_sec > MAX_SEC) return null;
  const bytes = await file.arrayBuffer();
  signal.throwIfAborted();
  const sound = await new OfflineAudioContext(1, 1, SAMPLE_RATE_HZ).decodeAudioData(bytes).catch(() => null);
  signal.throwIfAborted();
  if (sound === null || sound.length === 0) return null;
  const channels = Array.from({ length: sound.numberOfChannels }, (_, number) => sound.getChannelData(number));
  return wav(channels, largest_bytes);
}

/**
 * In seconds; null where the browser cannot play it. Who records in a browser often does not write it down: then what a
 * film of this size lasts at the most.
 * @param {Blob} file
 * @param {AbortSignal} signal
 * @returns {Promise<number | null>}
 */
async function lengthOf(file, signal) {
  const player = document.createElement('video');
  player.preload = 'metadata';
  player.muted = true;
  player.src = URL.createObjectURL(file);
  try {
    const known = await new Promise((resolve) => {
      player.addEventListener('loadedmetadata', () => resolve(true), { signal });
      player.addEventListener('error', () => resolve(false), { signal });
      signal.addEventListener('abort', () => resolve(false));
    });
    if (!known) return null;
    return Number.isFinite(player.duration) ? player.duration : file.size / FLOOR_BYTES_PER_SEC;
  } finally {
    URL.revokeObjectURL(player.src);
    player.removeAttribute('src');
    player.load();
  }
}

/**
 * A WAV of 16 bits: two channels where both fit, else one, the mean of all.
 * @param {readonly Float32Array[]} channels
 * @param {number} largest_bytes
 */
export function wav(channels, largest_bytes) {
  const { length } = channels[0];
  const fits = (/** @type {number} */ count) => WAV_HEAD_BYTES + 2 * length * count <= largest_bytes;
  if (!fits(1)) throw new TooLargeError('its sound is too large');
  const kept = channels.length === 2 && fits(2) ? channels : [channels.length === 1 ? channels[0] : mean(channels)];
  const parts = [wavHead(kept.length, length)];
  for (let from = 0; from < length; from += BLOCK_SAMPLES) {
    const samples = Math.min(BLOCK_SAMPLES, length - from);
    const block = new DataView(new ArrayBuffer(2 * samples * kept.length));
    for (let at = 0; at < samples; at++) {
      for (const [number, channel] of kept.entries()) {
        const level = Math.max(-1, Math.min(1, channel[from + at]));
        block.setInt16(2 * (at * kept.length + number), Math.round(level * 32_767), true);
      }
    }
    parts.push(block.buffer);
  }
  return new Blob(parts, { type: 'audio/wav' });
}

/** @param {readonly Float32Array[]} channels */
function mean(channels) {
  return channels[0].map((_, at) => channels.reduce((sum, channel) => sum + channel[at], 0) / channels.length);
}
