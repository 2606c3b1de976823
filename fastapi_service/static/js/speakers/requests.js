// What the page tells the server of its speakers. The session's id is a secret and goes in the body, never in an address.

import { parseMessage } from '../stream/protocol.js';

const NAME_URL = 'v1/speakers'; // of the page's address, whatever path it is served under
const FORGET_URL = 'v1/speakers/forget';
const TIMEOUT_MS = 15_000;

/** @typedef {'lost' | 'gone' | 'refused'} Why the server is away, knows no such session, or does not want it */

export class NotTakenError extends Error {
  /** @param {Why} why */
  constructor(why) {
    super(why);
    this.why = why;
  }
}

/**
 * Give a speaker a name, or none.
 * @param {string} session
 * @param {number} speaker
 * @param {string | null} name
 * @returns {Promise<import('../stream/messages.js').Speakers>} all speakers after that
 * @throws {NotTakenError}
 */
export async function tellName(session, speaker, name) {
  const answer = await post(NAME_URL, { session, speaker, name });
  try {
    const message = parseMessage(await answer.text());
    if (message?.type === 'speakers') return message;
  } catch {
    // not of this server, or cut off
  }
  throw new NotTakenError('lost');
}

/**
 * Have the voice prints deleted at once.
 * @param {string} session
 * @throws {NotTakenError}
 */
export async function forgetVoices(session) {
  await post(FORGET_URL, { session });
}

/**
 * @param {string} url
 * @param {object} body
 */
async function post(url, body) {
  const headers = { 'Content-Type': 'application/json' };
  const options = { method: 'POST', headers, body: JSON.stringify(body), signal: AbortSignal.timeout(TIMEOUT_MS) };
  const answer = await fetch(url, options).catch(() => null);
  if (answer === null || answer.status >= 500 || answer.status === 429) throw new NotTakenError('lost');
  if (answer.status === 404 || answer.status === 410) throw new NotTakenError('gone');
  if (!answer.ok) throw new NotTakenError('refused');
  return answer;
}
