// Which microphone, and how its sound is prepared.

import { CaptureProblem } from './capture-problem.js';

/**
 * @typedef {object} MicrophoneChoice
 * @property {string} deviceId empty for the browser's own choice
 * @property {boolean} echoCancellation
 * @property {boolean} noiseSuppression
 */

/**
 * Open the chosen microphone, or the browser's own choice where that one is gone.
 * @param {MicrophoneChoice} choice
 * @returns {Promise<{ stream: MediaStream, fellBack: boolean }>}
 */
export async function openMicrophone({ deviceId, echoCancellation, noiseSuppression }) {
  if (!window.isSecureContext || !navigator.mediaDevices?.getUserMedia) throw new CaptureProblem('insecure');
  const audio = { channelCount: 1, echoCancellation, noiseSuppression, autoGainControl: true };
  if (deviceId !== '') {
    try {
      const chosen = { ...audio, deviceId: { exact: deviceId } };
      return { stream: await navigator.mediaDevices.getUserMedia({ audio: chosen }), fellBack: false };
    } catch (problem) {
      if (!isGone(problem)) throw problem;
    }
  }
  return { stream: await navigator.mediaDevices.getUserMedia({ audio }), fellBack: deviceId !== '' };
}

/**
 * The microphones by id. Browsers tell names and ids only once the microphone has been allowed: before that the list
 * is empty, as it is where there is none.
 * @returns {Promise<{ deviceId: string, label: string }[]>}
 */
export async function listMicrophones() {
  const devices = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  return devices.filter(
    // Chromium lists the system's choices a second time under these names.
    ({ kind, deviceId }) => kind === 'audioinput' && !['', 'default', 'communications'].includes(deviceId),
  );
}

/** @param {unknown} problem */
function isGone(problem) {
  // OverconstrainedError is no DOMException in every browser.
  return problem instanceof Error && ['OverconstrainedError', 'NotFoundError'].includes(problem.name);
}
