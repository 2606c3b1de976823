import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { latest, sockets } from './fake-socket.mjs';
import { makeClient, pcm, result, samples, storage, told } from './harness.mjs';

test('it opens with the protocol alone, and keeps the session that it is given', () => {
  makeClient().connect();
  assert.deepEqual(latest().offered, ['wta.v1']);
  assert.equal(latest().query.get('after'), '0');
  assert.equal(latest().query.has('from'), false);
  latest().begins('session-a', 0);
  assert.equal(storage.getItem('wta.session'), 'session-a');
  assert.equal(told.states.at(-1)?.name, 'open');
});

test('nothing is sent before the session message; then all of it, in order', () => {
  const client = makeClient();
  client.connect();
  client.push(pcm(0, 3), 1);
  client.push(pcm(3, 3), 1);
  client.endUtterance();
  client.push(pcm(6, 2), 900);
  assert.deepEqual(latest().received, []);
  latest().begins('session-a', 0);
  assert.deepEqual(latest().received, [[0, 1, 2], [3, 4, 5], null, [6, 7]]);
});

test('a lost connection resumes from the position that the server names, inside a chunk too', () => {
  const client = makeClient();
  client.connect();
  latest().begins('session-a', 0);
  client.push(pcm(0, 10), 1);
  client.push(pcm(10, 10), 1);
  client.endUtterance();
  latest().says({ type: 'accepted', utterance: 'u-0', start: 0, position: 5 });
  latest().ends(1006);
  client.push(pcm(20, 10), 1);
  mock.timers.tick(1250);
  assert.deepEqual(latest().offered, ['wta.v1', 'session.session-a']);
  assert.equal(latest().query.get('from'), '5');
  latest().begins('session-a', 13);
  assert.deepEqual(samples(latest()), [...pcm(13, 17)]);
  assert.deepEqual(latest().received, [[...pcm(13, 7)], null, [...pcm(20, 10)]]);
});

test('empty frames of what is not safe come again where they were; those of what is safe do not', () => {
  const client = makeClient();
  client.connect();
  latest().begins('session-a', 0);
  for (const from of [0, 4, 8]) {
    client.push(pcm(from, 4), 1);
    client.endUtterance();
  }
  latest().ends(1012);
  mock.timers.tick(1250);
  latest().begins('session-a', 4);
  assert.deepEqual(latest().received, [[4, 5, 6, 7], null, [8, 9, 10, 11], null]);
});

test('a session that the server has forgotten is begun anew with the held audio', () => {
  const client = makeClient();
  client.connect();
  latest().begins('session-a', 0);
  client.push(pcm(0, 8), 5000);
  latest().says({ type: 'accepted', utterance: 'u-0', start: 0, position: 6 });
  latest().says(result(1));
  latest().ends(1006);
  mock.timers.tick(1250);
  latest().begins('session-b', 0);
  assert.deepEqual(samples(latest()), [6, 7]);
  assert.equal(told.lostSessions, 1);
  client.push(pcm(8, 2), 5001);
  assert.deepEqual(samples(latest()), [6, 7, 8, 9]);
  latest().says(result(1));
  assert.equal(told.messages.filter(({ message }) => message.type === 'result').length, 2);
  latest().ends(1006);
  mock.timers.tick(2250);
  assert.equal(latest().query.get('from'), '0');
  assert.equal(latest().query.get('after'), '1');
});

test('each outcome is handed on once, and the next connection asks for what comes after it', () => {
  const client = makeClient();
  client.connect();
  latest().begins('session-a', 0);
  for (const seq of [1, 2, 2, 1, 3]) latest().says(result(seq));
  assert.deepEqual(told.messages.flatMap(({ message }) => (message.type === 'result' ? [message.seq] : [])), [1, 2, 3]);
  latest().ends(1006);
  mock.timers.tick(1250);
  assert.equal(latest().query.get('after'), '3');
});

test('a reloaded page offers its session, holds nothing, and gets its transcript as a replay', () => {
  storage.setItem('wta.session', 'session-a');
  const client = makeClient();
  client.connect();
  assert.deepEqual(latest().offered, ['wta.v1', 'session.session-a']);
  assert.equal(latest().query.get('after'), '0');
  assert.equal(latest().query.has('from'), false);
  latest().begins('session-a', 48_000, { seq: 2 });
  for (const seq of [1, 2, 3]) latest().says(result(seq));
  const replayed = told.messages.flatMap((entry) => (entry.message.type === 'result' ? [entry.replayed] : []));
  assert.deepEqual(replayed, [true, true, false]);
  client.push(pcm(0, 4), 1);
  latest().ends(1006);
  mock.timers.tick(1250);
  assert.equal(latest().query.get('from'), '48000');
});

test('waits double from 1 s to 30 s with at most 250 ms of jitter, and start anew once audio is safe', () => {
  const client = makeClient();
  client.connect();
  for (const seconds of [1, 2, 4, 8, 16, 30, 30]) {
    latest().ends(1006);
    const wait = (told.states.at(-1)?.retryAtMs ?? 0) - Date.now();
    assert.ok(wait >= seconds * 1000 && wait <= seconds * 1000 + 250, `${wait}`);
    const before = sockets.length;
    mock.timers.tick(seconds * 1000 - 1);
    assert.equal(sockets.length, before);
    mock.timers.tick(252);
    assert.equal(sockets.length, before + 1);
  }
  latest().begins('session-a', 0);
  latest().says({ type: 'accepted', utterance: 'u-0', start: 0, position: 0 });
  latest().ends(1006);
  assert.ok((told.states.at(-1)?.retryAtMs ?? 0) - Date.now() <= 1250);
});

test('busy waits as long as the server says', () => {
  const client = makeClient();
  client.connect();
  latest().begins('session-a', 0);
  latest().says({ type: 'busy', message: 'Later.', retry_after_sec: 7 });
  latest().ends(1013);
  assert.equal(told.states.at(-1)?.name, 'busy');
  const wait = (told.states.at(-1)?.retryAtMs ?? 0) - Date.now();
  assert.ok(wait >= 7000 && wait <= 7250);
  client.push(pcm(0, 2), 1);
  mock.timers.tick(7300);
  latest().begins('session-a', 0);
  assert.deepEqual(samples(latest()), [0, 1]);
});

test('after an idle close it connects again only when there is speech', () => {
  const client = makeClient();
  client.connect();
  latest().begins('session-a', 0);
  latest().ends(1000);
  assert.equal(told.states.at(-1)?.name, 'idle');
  mock.timers.tick(3_600_000);
  assert.equal(sockets.length, 1);
  client.push(pcm(0, 2), 1);
  assert.equal(sockets.length, 2);
  latest().begins('session-a', 0);
  assert.deepEqual(samples(latest()), [0, 1]);
});

for (const [code, name] of /** @type {const} */ ([[1003, 'broken'], [1007, 'broken'], [1009, 'broken'], [1008, 'refused'], [4001, 'taken_over']])) {
  test(`close code ${code} is not tried again`, () => {
    makeClient().connect();
    latest().begins('session-a', 0);
    latest().ends(code);
    assert.equal(told.states.at(-1)?.name, name);
    mock.timers.tick(600_000);
    assert.equal(sockets.length, 1);
  });
}

test('after a takeover only what was never sent is sent, at the position where the stream now stands', () => {
  const client = makeClient();
  client.connect();
  latest().begins('session-a', 0);
  client.push(pcm(0, 4), 1);
  latest().ends(4001);
  client.push(pcm(4, 4), 1);
  client.connect();
  assert.equal(latest().query.has('from'), false);
  latest().begins('session-a', 100);
  assert.deepEqual(samples(latest()), [4, 5, 6, 7]);
  latest().ends(1006);
  mock.timers.tick(1250);
  assert.equal(latest().query.get('from'), '100');
});

test('after a takeover what was never sent is not taken for what the other page has sent', () => {
  const client = makeClient();
  client.connect();
  latest().begins('session-a', 0);
  client.push(pcm(0, 4), 1);
  latest().ends(4001);
  client.push(pcm(4, 4), 1);
  client.connect();
  latest().begins('session-a', 6); // inside of what this page holds, but not of this page's speech
  assert.deepEqual(samples(latest()), [4, 5, 6, 7]);
});

test('outcomes that were missed while the connection was away are news, not a replay', () => {
  storage.setItem('wta.session', 'session-a');
  makeClient().connect();
  latest().begins('session-a', 0, { seq: 1 });
  latest().says(result(1));
  latest().ends(1006);
  mock.timers.tick(1250);
  latest().begins('session-a', 0, { seq: 3 });
  for (const seq of [2, 3]) latest().says(result(seq));
  const replayed = told.messages.flatMap((entry) => (entry.message.type === 'result' ? [entry.replayed] : []));
  assert.deepEqual(replayed, [true, false, false]);
});

test('ten minutes are kept and no more', () => {
  const client = makeClient();
  client.connect();
  const second = pcm(0, 16_000);
  for (let i = 0; i < 600; i++) assert.equal(client.push(second, i * 1000), true);
  assert.equal(client.push(second, 0), false);
  assert.equal(client.heldSec, 600);
  latest().begins('session-a', 0, {
    limits: { frame_bytes: 65536, utterance_sec: 15, idle_cut_sec: 2, idle_close_sec: 3600, buffer_sec: 900 },
  });
  latest().says({ type: 'accepted', utterance: 'u-0', start: 0, position: 16_000 });
  assert.equal(client.heldSec, 599);
  assert.equal(client.push(second, 0), true);
});

test('resending stops while the socket is full and goes on when it drains', () => {
  const client = makeClient();
  client.connect();
  client.push(pcm(0, 4), 1);
  client.push(pcm(4, 4), 1);
  latest().bufferedAmount = 1_000_000;
  latest().begins('session-a', 0);
  assert.deepEqual(samples(latest()), []);
  mock.timers.tick(200);
  assert.deepEqual(samples(latest()), []);
  latest().bufferedAmount = 0;
  mock.timers.tick(60);
  assert.deepEqual(samples(latest()), [...pcm(0, 8)]);
});

test('positions map to the time of day, over a reload too', () => {
  const client = makeClient();
  client.connect();
  latest().begins('session-a', 0);
  client.push(pcm(0, 16_000), 100_000);
  client.push(pcm(0, 16_000), 101_000);
  client.endUtterance();
  client.push(pcm(0, 16_000), 500_000);
  assert.equal(client.spokenAt(0), 100_000);
  assert.equal(client.spokenAt(1.5), 101_500);
  assert.equal(client.spokenAt(2.25), 500_250);
  const reloaded = makeClient();
  reloaded.connect();
  latest().begins('session-a', 48_000);
  assert.equal(reloaded.spokenAt(1.5), 101_500);
});

test('a message that is not of the protocol is ignored', () => {
  const warn = mock.method(console, 'warn', () => {});
  makeClient().connect();
  latest().begins('session-a', 0);
  latest().says({ type: 'result' });
  latest().says({ type: 'later' });
  assert.equal(told.messages.length, 1);
  assert.equal(warn.mock.callCount(), 1);
  warn.mock.restore();
});

test('what was told of the speakers is told once, and asked for from there on after a lost connection and a reload', () => {
  const told_ = () => told.messages.flatMap(({ message }) => (message.type === 'turns' || message.type === 'speakers' ? [message.rev] : []));
  const client = makeClient({ speakers: '1' });
  client.connect();
  assert.equal(latest().query.get('speakers'), '1');
  assert.equal(latest().query.get('speakers_after'), '0');
  latest().begins('session-a', 0);
  assert.equal(client.session, 'session-a');
  const turns = (/** @type {number} */ rev) => ({ type: 'turns', rev, utterance: 'u-0', turns: [] });
  latest().says(turns(1));
  latest().says({ type: 'speakers', rev: 2, speakers: [] });
  latest().says(turns(2));
  latest().ends(1012);
  client.connect();
  assert.equal(latest().query.get('speakers_after'), '2');
  latest().begins('session-a', 0);
  latest().says(turns(2));
  latest().says(turns(3));
  assert.deepEqual(told_(), [1, 2, 3]);
  const reloaded = makeClient({ speakers: '1' });
  reloaded.connect();
  assert.equal(latest().query.get('speakers_after'), '0', 'a new page has nothing yet');
  latest().begins('session-b', 0);
  latest().says(turns(1));
  assert.deepEqual(told_(), [1, 2, 3, 1]);
});

test('who asks for no speakers is told of none', () => {
  makeClient().connect();
  assert.equal(latest().query.has('speakers_after'), false);
});
