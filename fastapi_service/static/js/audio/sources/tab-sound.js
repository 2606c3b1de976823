// The sound of another tab, which the browser lets its visitor share.

import { CaptureProblem } from './capture-problem.js';

/** In the place of a microphone's id, where the sound of a tab is chosen. */
export const TAB_SOUND = 'tab';

/** Whether this browser shares sound: those that do not know this constraint share pictures alone. */
export function offersTabSound() {
  const devices = navigator.mediaDevices;
  if (!window.isSecureContext || typeof devices?.getDisplayMedia !== 'function') return false;
  return /** @type {any} */ (devices.getSupportedConstraints()).suppressLocalAudioPlayback === true;
}

/**
 * Ask which tab; no browser shares sound without a picture, so the picture is asked for too, and stopped at once.
 * @returns {Promise<MediaStream>} of its sound alone
 */
export async function openTabSound() {
  const shared = await ask();
  for (const track of shared.getVideoTracks()) track.stop();
  if (shared.getAudioTracks().length === 0) throw new CaptureProblem('no_sound_shared');
  return new MediaStream(shared.getAudioTracks());
}

async function ask() {
  // It is to be heard as it is: what makes a voice in a room clearer harms music and voices that are clear.
  const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false, suppressLocalAudioPlayback: false };
  const options = {
    audio,
    video: { displaySurface: 'browser', frameRate: 1 },
    selfBrowserSurface: 'exclude',
    systemAudio: 'include',
    surfaceSwitching: 'include',
  };
  try {
    return await navigator.mediaDevices.getDisplayMedia(/** @type {any} */ (options));
  } catch (cause) {
    const refused = cause instanceof DOMException && cause.name === 'NotAllowedError';
    throw refused ? new CaptureProblem('not_shared', cause) : cause;
  }
}
