// The head of a WAV file of 16 bits at the rate of recognition.

import { SAMPLE_RATE_HZ } from './audio-format.js';

export const WAV_HEAD_BYTES = 44;

/**
 * What comes before the samples, little-endian and the channels in turn.
 * @param {number} channels
 * @param {number} samples of each
 * @returns {ArrayBuffer}
 */
export function wavHead(channels, samples) {
  const view = new DataView(new ArrayBuffer(WAV_HEAD_BYTES));
  const bytes = 2 * channels * samples;
  for (const [at, text] of /** @type {const} */ ([[0, 'RIFF'], [8, 'WAVEfmt '], [36, 'data']])) {
    for (const [place, char] of [...text].entries()) view.setUint8(at + place, char.charCodeAt(0));
  }
  view.setUint32(4, WAV_HEAD_BYTES - 8 + bytes, true);
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, SAMPLE_RATE_HZ, true);
  view.setUint32(28, 2 * channels * SAMPLE_RATE_HZ, true);
  view.setUint16(32, 2 * channels, true);
  view.setUint16(34, 16, true);
  view.setUint32(40, bytes, true);
  return view.buffer;
}
