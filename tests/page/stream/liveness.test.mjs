// Connections that are dead but not closed.

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { latest, sockets } from './fake-socket.mjs';
import { makeClient, pcm, result, samples, told } from './harness.mjs';

test('a connection that takes nothing for 30 s is given up', () => {
  const client = makeClient();
  client.connect();
  latest().begins('session-a', 0);
  latest().bufferedAmount = 5000;
  mock.timers.tick(29_000);
  assert.equal(told.states.at(-1)?.name, 'open');
  mock.timers.tick(8000);
  assert.notEqual(told.states.at(-1)?.name, 'open');
  mock.timers.tick(2000);
  assert.equal(sockets.length, 2);
  client.push(pcm(0, 2), 1);
});

test('a server that never answers is given up after 15 s', () => {
  makeClient().connect();
  mock.timers.tick(15_001);
  assert.equal(told.states.at(-1)?.name, 'waiting');
});

test('after a sleep or a network change it connects anew at once and resumes, from a connection that seemed alive', () => {
  const client = makeClient();
  client.connect();
  latest().begins('session-a', 0);
  client.push(pcm(0, 8), 1);
  latest().says({ type: 'accepted', utterance: 'u-0', start: 0, position: 4 });
  mock.timers.tick(60_000);
  const dead = latest();
  client.revive();
  assert.equal(sockets.length, 2);
  assert.equal(dead.onmessage, null);
  assert.deepEqual(latest().offered, ['wta.v1', 'session.session-a']);
  assert.equal(latest().query.get('from'), '4');
  latest().begins('session-a', 6);
  assert.deepEqual(samples(latest()), [6, 7]);
});

test('several signs of one change make one new connection', () => {
  const client = makeClient();
  client.connect();
  latest().begins('session-a', 0);
  mock.timers.tick(60_000);
  client.revive();
  client.revive();
  latest().begins('session-a', 0);
  client.revive();
  assert.equal(sockets.length, 2);
});

test('an attempt that was under way when the machine fell asleep is begun again', () => {
  const client = makeClient();
  client.connect();
  mock.timers.tick(4000);
  client.revive();
  assert.equal(sockets.length, 2);
});

test('a change ends the wait for the next attempt, and the waits begin at 1 s again', () => {
  const client = makeClient();
  client.connect();
  for (const wait of [1, 2, 4, 8, 16]) {
    latest().ends(1006);
    mock.timers.tick(wait * 1000 + 250);
  }
  latest().ends(1006);
  assert.equal(sockets.length, 6);
  client.revive();
  assert.equal(sockets.length, 7);
  latest().ends(1006);
  mock.timers.tick(1250);
  assert.equal(sockets.length, 8);
});

test('a busy server is left alone until the time that it named', () => {
  const client = makeClient();
  client.connect();
  latest().says({ type: 'busy', code: 'queue_full', message: 'full', retry_after_sec: 60 });
  latest().ends(1013);
  mock.timers.tick(30_000);
  client.revive();
  assert.equal(sockets.length, 1);
  mock.timers.tick(30_250);
  assert.equal(sockets.length, 2);
});

for (const [code, name] of /** @type {const} */ ([[1000, 'idle'], [1008, 'refused'], [4001, 'taken_over']])) {
  test(`a change does not wake a connection that is ${name}`, () => {
    const client = makeClient();
    client.connect();
    latest().begins('session-a', 0);
    mock.timers.tick(60_000);
    latest().ends(code);
    client.revive();
    assert.equal(sockets.length, 1);
    assert.equal(told.states.at(-1)?.name, name);
  });
}

/** Timers see the time at which they are due, not the end of one long step. @param {number} seconds */
function pass(seconds) {
  for (let i = 0; i < seconds * 4; i++) mock.timers.tick(250);
}

test('a server that says nothing to an utterance for 30 s is not there; one that is behind is given more and more time', () => {
  const client = makeClient();
  client.connect();
  latest().begins('session-a', 0);
  client.push(pcm(0, 8), 1);
  pass(120);
  assert.equal(sockets.length, 1, 'the utterance goes on: nothing is owed');
  client.endUtterance();
  pass(29);
  assert.equal(told.states.at(-1)?.name, 'open');
  pass(6);
  pass(1.25);
  assert.equal(sockets.length, 2);
  latest().begins('session-a', 0);
  pass(50);
  assert.equal(sockets.length, 2, 'now a minute');
  latest().says(result(1));
  pass(50);
  assert.equal(sockets.length, 2, 'a message came meanwhile');
  pass(20);
  assert.equal(sockets.length, 3);
  latest().begins('session-a', 0);
  latest().says({ type: 'accepted', utterance: 'u-0', start: 0, position: 8 });
  pass(600);
  assert.equal(sockets.length, 3, 'nothing is owed any more');
});

test('a late event of an old connection changes nothing', () => {
  const client = makeClient();
  client.connect();
  latest().begins('session-a', 0);
  const old = latest();
  const { onmessage, onclose } = old;
  client.connect();
  latest().begins('session-a', 0);
  assert.ok(onmessage && onclose);
  assert.equal(old.onmessage, null);
  assert.equal(old.onclose, null);
});
