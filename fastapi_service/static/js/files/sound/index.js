// The sound of a video, so that not its picture is sent: loaded when the first one comes.

import { TooLargeError } from './boxes.js';
import { decodedSound } from './decoded.js';
import { soundOfFilm } from './film.js';

/**
 * @param {File} file
 * @param {number} largest_bytes what the sound may have
 * @param {(share: number) => void} progress 0 to 1
 * @param {AbortSignal} signal
 * @returns {Promise<File | null>} null where it cannot be taken out here, or is too large itself
 */
export async function takeSound(file, largest_bytes, progress, signal) {
  const name = file.name.replace(/\.[^.]{1,5}$/, '');
  try {
    const copied = await soundOfFilm(file, largest_bytes, progress, signal);
    return copied && new File([copied], `${name}.m4a`, { type: 'audio/mp4' });
  } catch (problem) {
    if (signal.aborted || problem instanceof TooLargeError) return none(problem, signal);
  }
  if (file.size <= largest_bytes) return null; // decoded it may be larger than it is
  try {
    const decoded = await decodedSound(file, largest_bytes, signal);
    return decoded && new File([decoded], `${name}.wav`, { type: 'audio/wav' });
  } catch (problem) {
    return none(problem, signal);
  }
}

/**
 * Nothing but what was cancelled is a failure: the whole file may do.
 * @param {unknown} problem
 * @param {AbortSignal} signal
 */
function none(problem, signal) {
  if (signal.aborted) throw problem;
  return null;
}
