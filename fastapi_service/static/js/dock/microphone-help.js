// What to do about a microphone that cannot be had, in the words of the browser at hand.

import { words } from '../text/strings.js';

/**
 * @typedef {import('../audio/sources/capture-problem.js').CaptureProblem} CaptureProblem
 * @typedef {import('../stream/notices.js').Notices} Notices
 *
 * Browsers by where they keep the permission; `ios_app` is any but Safari there.
 * @typedef {'chromium' | 'firefox' | 'safari' | 'android' | 'ios' | 'ios_app' | 'other'} Browser
 * @typedef {'windows' | 'mac' | 'other'} System
 *
 * Who refused: the visitor by closing the question, the visitor or a setting for good, the operating system, or the
 * policy of this page or of the one around it.
 * @typedef {'dismissed' | 'blocked' | 'system' | 'policy'} Refuser
 */

const KIND = 'problem';

/** @param {{ userAgent: string, maxTouchPoints?: number }} navigator @returns {Browser} */
export function browserOf({ userAgent, maxTouchPoints = 0 }) {
  // An iPad calls itself a Mac; no Mac has a touch screen.
  if (/iPhone|iPad|iPod/.test(userAgent) || (/Macintosh/.test(userAgent) && maxTouchPoints > 1)) {
    return /CriOS|FxiOS|EdgiOS|OPiOS|OPT\/|DuckDuckGo/.test(userAgent) ? 'ios_app' : 'ios';
  }
  if (/Android/.test(userAgent)) return 'android';
  if (/Firefox\//.test(userAgent)) return 'firefox';
  if (/Chrom(e|ium)\//.test(userAgent)) return 'chromium';
  return /Version\/.*Safari\//.test(userAgent) ? 'safari' : 'other';
}

/** @param {{ userAgent: string }} navigator @returns {System} */
export function systemOf({ userAgent }) {
  if (userAgent.includes('Windows')) return 'windows';
  return userAgent.includes('Macintosh') ? 'mac' : 'other';
}

/**
 * @param {unknown} cause what getUserMedia threw
 * @param {string | null} permission the state of the permission since, null where it is not told
 * @param {boolean} allowed what the permissions policy says of the microphone
 * @returns {Refuser}
 */
export function refuserOf(cause, permission, allowed) {
  if (!allowed) return 'policy';
  if (cause instanceof Error && /by system/i.test(cause.message)) return 'system'; // Chromium's words
  return permission === 'prompt' ? 'dismissed' : 'blocked';
}

/** The same page by HTTPS, at its usual port. @param {{ hostname: string, pathname: string }} location */
export function secureAddress({ hostname, pathname }) {
  return `https://${hostname}${pathname}`;
}

/**
 * @param {Notices} notices
 * @param {CaptureProblem} problem
 * @param {() => void} again
 */
export async function showProblem(notices, problem, again) {
  const { code, cause } = problem;
  const retry = { label: words('problem.again'), run: again };
  // Without a secure address browsers hide more than the microphone.
  if (!window.isSecureContext) showInsecure(notices);
  else if (code === 'refused' || code === 'insecure') await showRefusal(notices, cause, retry);
  else if (code === 'sharing_ended') return; // whoever ended it knows; the dock says so
  else if (code === 'unsupported' || code === 'clip') notices.show(KIND, 'error', words(`problem.${code}`));
  else notices.show(KIND, 'error', words(`problem.${code}`, { detail: problem.message }), retry);
}

/** Why there will be no microphone on this address, and on which there is one. @param {Notices} notices */
export function showInsecure(notices) {
  notices.show(KIND, 'error', words('problem.insecure'), undefined, { href: secureAddress(location) });
}

/**
 * @param {Notices} notices
 * @param {unknown} cause
 * @param {{ label: string, run: () => void }} retry
 */
async function showRefusal(notices, cause, retry) {
  const permission = await navigator.permissions?.query(/** @type {any} */ ({ name: 'microphone' })).catch(() => null);
  const policy = /** @type {any} */ (document).featurePolicy;
  const refuser = refuserOf(cause, permission?.state ?? null, policy?.allowsFeature('microphone') ?? true);
  switch (refuser) {
    case 'dismissed':
      notices.show(KIND, 'error', words('problem.dismissed'), retry);
      break;
    case 'policy':
      notices.show(KIND, 'error', words('problem.policy'), undefined, { href: location.href });
      break;
    case 'system':
      showSteps(notices, words('problem.system'), words(`system.${systemOf(navigator)}`), retry);
      break;
    case 'blocked':
      showSteps(notices, words('problem.refused'), words(`allow.${browserOf(navigator)}`), retry);
      break;
  }
  permission?.addEventListener('change', () => permission.state !== 'denied' && notices.clear(KIND), { once: true });
}

/**
 * @param {Notices} notices
 * @param {string} text
 * @param {string} steps one a line
 * @param {{ label: string, run: () => void }} retry
 */
function showSteps(notices, text, steps, retry) {
  notices.show(KIND, 'error', text, retry, { steps: steps.split('\n') });
}
