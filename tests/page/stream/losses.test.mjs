import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { FakeSocket, latest } from './fake-socket.mjs';
import { makeClient } from './harness.mjs';

// A server that keeps the protocol, over many random lives of the connection: what it has at the end is what was
// spoken, each sample once and in order, and the empty frames are where the speaker paused (one) or ended (two).
for (let seed = 1; seed <= 25; seed++) {
  test(`nothing is lost and nothing comes twice (seed ${seed})`, () => {
    const random = generator(seed);
    const client = makeClient();
    const server = { stream: /** @type {number[]} */ ([]), safe: 0, empty: new Map() };
    let taken = 0; // frames of the present socket that the server has read
    let spoken = 0;
    /** How many empty frames were asked for, by position. @type {Map<number, number>} */
    const asked = new Map();
    client.connect();

    const read = (/** @type {number} */ frames) => {
      for (const frame of latest().received.slice(taken, taken + frames)) {
        const end = server.stream.length;
        if (frame === null) server.empty.set(end, (server.empty.get(end) ?? 0) + 1);
        else server.stream.push(...frame);
        taken++;
      }
    };
    const accept = () => {
      server.safe += Math.floor(random() * (server.stream.length - server.safe + 1));
      if (random() < 0.7) latest().says({ type: 'accepted', utterance: 'u', start: 0, position: server.safe });
    };
    const reconnect = () => {
      if (random() < 0.3) {
        mock.timers.tick(4000);
        client.revive(); // the old connection is not even closed
      } else {
        if (latest().readyState === FakeSocket.OPEN) latest().ends(random() < 0.5 ? 1006 : 1012);
        mock.timers.tick(31_000);
      }
      const from = latest().query.get('from');
      if (from !== null) assert.ok(Number(from) <= server.safe, 'it can still send what is not safe');
      server.stream.length = server.safe;
      server.empty = new Map([...server.empty].filter(([end]) => end <= server.safe));
      taken = 0;
      latest().begins('session-a', server.safe);
    };

    latest().begins('session-a', 0);
    for (let step = 0; step < 300; step++) {
      const dice = random();
      if (dice < 0.5) {
        const count = 1 + Math.floor(random() * 9);
        client.push(Int16Array.from({ length: count }, (_, i) => (spoken + i) % 30_000), step);
        spoken += count;
      } else if (dice < 0.6) {
        asked.set(spoken, (asked.get(spoken) ?? 0) + 1);
        if (random() < 0.5) client.pause();
        else client.endUtterance();
        if (random() < 0.3) {
          asked.set(spoken, (asked.get(spoken) ?? 0) + 1);
          client.endUtterance();
        }
      } else if (dice < 0.8) {
        read(1 + Math.floor(random() * 10));
      } else if (dice < 0.9) {
        if (latest().readyState === FakeSocket.OPEN) accept();
      } else if (dice < 0.95) {
        reconnect();
      } else if (latest().readyState === FakeSocket.OPEN) {
        latest().ends(1006);
      }
    }
    reconnect();
    read(Infinity);
    assert.deepEqual(server.stream, Array.from({ length: spoken }, (_, i) => i % 30_000));
    // At a position that was safe already they may have been left out: the utterance was cut there.
    for (const [end, count] of server.empty) assert.ok(count <= Math.min(2, asked.get(end) ?? 0), `${count} at ${end}`);
    for (const [end, count] of asked) {
      if (end > server.safe) assert.equal(server.empty.get(end), Math.min(2, count), `at ${end}`);
    }
  });
}

/** Numbers in 0 to 1 that a seed decides (mulberry32). @param {number} seed */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
