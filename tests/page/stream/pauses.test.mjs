// A pause is an empty frame, and the end of an utterance that has paused is the second in a row.

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { latest, sockets } from './fake-socket.mjs';
import { makeClient, pcm, told } from './harness.mjs';

const accepted = (/** @type {number} */ position) => ({ type: 'accepted', utterance: 'u-0', start: 0, position });
const LIMITS = { frame_bytes: 65536, utterance_sec: 30, idle_cut_sec: 2, idle_close_sec: 3600, buffer_sec: 600 };

function connected() {
  const client = makeClient();
  client.connect();
  latest().begins('session-a', 0);
  return client;
}

/**
 * @param {import('../../../fastapi_service/static/js/stream/client.js').StreamClient} client
 * @param {number} position at which the server stands
 */
function resume(client, position) {
  latest().ends(1006);
  client.connect();
  latest().begins('session-a', position);
}

test('a pause sends one empty frame, its end a second, and speech in between makes another pause of it', () => {
  const client = connected();
  client.push(pcm(0, 2), 1);
  client.pause();
  client.push(pcm(2, 2), 1);
  client.pause();
  client.endUtterance();
  assert.deepEqual(latest().received, [[0, 1], null, [2, 3], null, null]);
});

test('where one was sent one comes again, and where two were sent two', () => {
  const client = connected();
  client.push(pcm(0, 4), 1);
  client.pause();
  client.push(pcm(4, 4), 1);
  client.pause();
  client.endUtterance();
  client.push(pcm(8, 4), 1);
  client.pause();
  resume(client, 0);
  assert.deepEqual(latest().received, [[0, 1, 2, 3], null, [4, 5, 6, 7], null, null, [8, 9, 10, 11], null]);
  resume(client, 2);
  assert.deepEqual(latest().received, [[2, 3], null, [4, 5, 6, 7], null, null, [8, 9, 10, 11], null]);
  resume(client, 4);
  assert.deepEqual(latest().received, [[4, 5, 6, 7], null, null, [8, 9, 10, 11], null]);
  resume(client, 8);
  assert.deepEqual(latest().received, [[8, 9, 10, 11], null]);
});

test('a connection that is lost between a pause and its end brings both', () => {
  const client = connected();
  client.push(pcm(0, 2), 1);
  client.pause();
  latest().ends(1006);
  client.endUtterance();
  mock.timers.tick(1250);
  latest().begins('session-a', 0);
  assert.deepEqual(latest().received, [[0, 1], null, null]);
});

test('a session that is begun anew gets them too', () => {
  const client = connected();
  client.push(pcm(0, 4), 1);
  client.pause();
  client.push(pcm(4, 2), 1);
  client.pause();
  client.endUtterance();
  latest().says(accepted(2));
  latest().ends(1006);
  mock.timers.tick(1250);
  latest().begins('session-b', 0);
  assert.deepEqual(latest().received, [[2, 3], null, [4, 5], null, null]);
});

test('an utterance that was cut at an earlier pause leaves what came after it, and its empty frames', () => {
  const client = connected();
  client.push(pcm(0, 4), 1);
  client.pause();
  client.push(pcm(4, 4), 1);
  client.pause();
  latest().says(accepted(4));
  assert.equal(client.heldSec, 4 / 16_000);
  client.endUtterance();
  assert.deepEqual(latest().received.slice(-2), [null, null]);
  resume(client, 4);
  assert.deepEqual(latest().received, [[4, 5, 6, 7], null, null]);
});

test('the end of what has been cut at its pause is nothing to send, and no answer to it is waited for', () => {
  const client = connected();
  client.push(pcm(0, 4), 1);
  client.pause();
  latest().says(accepted(4));
  client.endUtterance();
  assert.deepEqual(latest().received, [[0, 1, 2, 3], null]);
  mock.timers.tick(120_000);
  assert.equal(told.states.at(-1)?.name, 'open');
  assert.equal(sockets.length, 1);
});

test('more than two at one position say no more', () => {
  const client = connected();
  client.push(pcm(0, 1), 1);
  for (let i = 0; i < 1000; i++) client.pause();
  client.push(pcm(1, 1), 1);
  client.endUtterance();
  assert.deepEqual(latest().received, [[0], null, null, [1], null]);
  resume(client, 0);
  assert.deepEqual(latest().received, [[0], null, null, [1], null]);
});

test('an utterance may stay open after a pause until it is cut by its length: the server is silent for longer', () => {
  /** @param {Record<string, string>} options @param {number} sentence_wait_sec */
  const silentFor = (options, sentence_wait_sec) => {
    const client = makeClient(options);
    client.connect();
    latest().begins('session-a', 0, { limits: { ...LIMITS, sentence_wait_sec } });
    const socket = latest();
    const since = Date.now();
    client.push(pcm(0, 2), 1);
    client.pause();
    while (socket.onclose !== null) mock.timers.tick(1000);
    return (Date.now() - since) / 1000;
  };
  assert.ok(silentFor({}, 1.2) <= 36, 'pauses are not marked');
  assert.ok(silentFor({ sentences: '1' }, 0) <= 36, 'the server ends at every pause');
  const seconds = silentFor({ sentences: '1' }, 1.2);
  assert.ok(seconds >= 60 && seconds <= 66, `${seconds}`);
});
