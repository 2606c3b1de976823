// A StreamClient on fake sockets and fake time, and what it told the page. Importing it sets that up for each test.

import { beforeEach, mock } from 'node:test';
import { FakeSocket, sockets } from './fake-socket.mjs';
import { MemoryStorage } from '../../../fastapi_service/static/js/base/storage.js';
import { StreamClient } from '../../../fastapi_service/static/js/stream/client.js';

/**
 * @typedef {import('../../../fastapi_service/static/js/stream/messages.js').ServerMessage} ServerMessage
 * @typedef {import('../../../fastapi_service/static/js/stream/client.js').ConnectionState} ConnectionState
 */

globalThis.WebSocket = /** @type {any} */ (FakeSocket);

/** What the client has told. */
export const told = {
  /** @type {ConnectionState[]} */ states: [],
  /** @type {{ message: ServerMessage, replayed: boolean }[]} */ messages: [],
  lostSessions: 0,
};

/** Of the page: it outlives a client, as in a reload. */
export const storage = new MemoryStorage();

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: 1_000_000 });
  sockets.length = 0;
  storage.clear();
  Object.assign(told, { states: [], messages: [], lostSessions: 0 });
});

/** @param {Record<string, string>} [options] of the query */
export function makeClient(options = {}) {
  const handlers = {
    /** @param {ConnectionState} state */
    state: (state) => told.states.push(state),
    /** @param {ServerMessage} message @param {boolean} replayed */
    message: (message, replayed) => told.messages.push({ message, replayed }),
    sessionLost: () => told.lostSessions++,
  };
  return new StreamClient('ws://example.test/ws', storage, handlers, () => options);
}

/** Samples that count up. @param {number} from @param {number} count */
export const pcm = (from, count) => Int16Array.from({ length: count }, (_, i) => from + i);

/** @param {number} seq */
export const result = (seq) => ({
  type: 'result', seq, utterance: `u-${seq}`, start_sec: seq, duration_sec: 1, timings_ms: {},
  text: `text ${seq}`, language: 'en', translation: null, sentiment: null, sentiment_reason: null,
});

/** What a socket got, as one list of samples. @param {FakeSocket} socket */
export const samples = (socket) => socket.received.flatMap((frame) => frame ?? []);
