// A microphone that fails in one of the ways of phones and headsets is opened anew, and the recording goes on.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { chunk, devices, FakeStream, FakeTrack, page, pass, record, refusal, sound, told, toldOf, view } from './fake-sound.mjs';

const microphone = (deviceId = '') => ({
  kind: /** @type {const} */ ('microphone'),
  choice: { deviceId, echoCancellation: true, noiseSuppression: true },
});
const mutedStream = () => {
  const track = new FakeTrack();
  track.muted = true;
  return new FakeStream([track]);
};

beforeEach(() => {
  sound.give = () => new FakeStream([new FakeTrack()]);
});

/** The newest graph is heard, under the recording that has begun. */
function checkGoesOn() {
  const before = toldOf('chunk').length;
  sound.node.speaks();
  assert.equal(toldOf('chunk').length, before + 1, 'speech is heard again');
  assert.deepEqual(toldOf('stopped'), []);
  assert.deepEqual(toldOf('held').at(-1), [null, false]);
}

test('a track that stays muted is asked for again, and the one before is let go', async () => {
  await record(microphone());
  sound.track.mute(true);
  assert.deepEqual(toldOf('held'), [['muted', false]]);
  await pass(4);
  assert.equal(sound.asked.length, 1, 'most of it ends by itself');
  await pass(3);
  assert.equal(sound.asked.length, 2);
  assert.deepEqual(sound.asked[1], sound.asked[0]);
  assert.equal(sound.tracks[0].readyState, 'ended');
  assert.deepEqual(sound.contexts.map(({ state }) => state), ['closed', 'running']);
  checkGoesOn();
});

test('one that is unmuted in time is left alone', async () => {
  await record(microphone());
  sound.track.mute(true);
  await pass(3);
  sound.track.mute(false);
  await pass(60);
  assert.equal(sound.asked.length, 1);
  checkGoesOn();
});

test('nothing is asked for while nobody sees the page, and at once when somebody does', async () => {
  await record(microphone());
  page.hide(true);
  sound.track.mute(true);
  await pass(120);
  assert.equal(sound.asked.length, 1);
  page.hide(false);
  await pass(2);
  assert.equal(sound.asked.length, 2);
  checkGoesOn();
});

test('it is tried a few times, more and more seldom; then the visitor is told, and can say so', async () => {
  const capture = await record(microphone());
  sound.give = mutedStream;
  sound.track.mute(true);
  /** @type {number[]} */
  const at = [];
  for (let second = 0; second < 120; second++) {
    await pass(1);
    if (at.length < sound.asked.length - 1) at.push(second);
  }
  assert.equal(at.length, 4);
  const waits = at.slice(1).map((second, i) => second - at[i]);
  assert.deepEqual([...waits].sort((a, b) => a - b), waits, 'each longer than the one before');
  assert.deepEqual(toldOf('held'), [['muted', false], ['muted', true]]);
  sound.give = () => new FakeStream([new FakeTrack()]);
  capture.retry();
  await pass(1);
  assert.equal(sound.asked.length, 6);
  checkGoesOn();
});

test('when it is seen again, it is tried again', async () => {
  await record(microphone());
  sound.give = mutedStream;
  sound.track.mute(true);
  await pass(60);
  assert.deepEqual(toldOf('held').at(-1), ['muted', true]);
  sound.give = () => new FakeStream([new FakeTrack()]);
  view.dispatchEvent(new Event('focus'));
  await pass(3);
  checkGoesOn();
});

test('nothing but zeros after an interruption is a microphone to be asked for again', async () => {
  await record(microphone());
  await pass(3);
  page.hide(true);
  page.hide(false);
  await pass(20);
  assert.equal(sound.asked.length, 1, 'a room is heard');
  page.hide(true);
  page.hide(false);
  sound.give = () => new FakeStream([new FakeTrack()]);
  await pass(4, 0);
  assert.equal(sound.asked.length, 1);
  await pass(3, 0);
  assert.equal(sound.asked.length, 2);
  assert.deepEqual(toldOf('held'), [['muted', false]]);
  await pass(1);
  checkGoesOn();
});

test('nothing but zeros without one is a quiet microphone', async () => {
  await record(microphone());
  await pass(60, 0);
  assert.equal(sound.asked.length, 1);
  assert.deepEqual(toldOf('held'), []);
});

test('a context is asked to go on where it is suspended, never where the system has interrupted it', async () => {
  await record(microphone());
  const [context] = sound.contexts;
  sound.node.speaks();
  context.becomes('interrupted');
  await pass(1);
  assert.equal(toldOf('end').length, 1, 'what was being said is ended at once');
  await pass(7);
  assert.equal(context.resumes, 0);
  assert.deepEqual(toldOf('held'), [['paused', false]]);
  context.becomes('suspended');
  assert.equal(context.resumes, 1);
  context.becomes('running');
  assert.equal(sound.contexts.length, 1);
  checkGoesOn();
  await pass(1);
  context.becomes('interrupted');
  await pass(12);
  assert.equal(context.resumes, 1);
  assert.equal(sound.contexts.length, 2, 'it does not come back, so another one takes its place');
  checkGoesOn();
});

test('a standing clock is noticed, what was spoken before keeps its time, and a new context goes on', async () => {
  await record(microphone());
  await pass(2);
  const { node } = sound;
  node.speaks();
  const [[spokenMs]] = toldOf('chunk');
  assert.equal(spokenMs, Date.now() - 80);
  node.context.standing = true; // and still says that it is running
  node.held = [chunk(node.context.currentTime), { type: 'end', time_sec: node.context.currentTime + 0.08 }];
  await pass(6);
  assert.equal(sound.contexts.length, 2);
  assert.equal(sound.contexts[0].state, 'closed');
  assert.deepEqual(toldOf('chunk'), [[spokenMs], [Number(spokenMs) + 80]], 'nothing is lost, nothing comes late');
  assert.deepEqual(toldOf('end'), [[Number(spokenMs) + 160]]);
  checkGoesOn();
  assert.equal(toldOf('chunk').at(-1)?.[0], Date.now() - 80, 'the times go on as the clock does');
});

test('a worklet that says nothing any more loses no utterance that has begun', async () => {
  await record(microphone());
  await pass(2);
  const { node } = sound;
  node.speaks();
  const endMs = Date.now();
  node.context.standing = true;
  node.answers = false;
  await pass(6);
  assert.deepEqual(toldOf('end'), [[endMs]], 'ended once, with what was heard');
  node.says(chunk(2));
  assert.equal(toldOf('chunk').length, 1, 'what comes so late is of no time that is known');
  checkGoesOn();
});

test('what a worklet held while its clock stood still does not count as spoken when it goes on', async () => {
  await record(microphone());
  await pass(1);
  const { node } = sound;
  node.answers = false;
  node.speaks();
  node.context.standing = true;
  await pass(3.5);
  assert.equal(toldOf('end').length, 1);
  node.context.standing = false;
  node.says(chunk(1));
  node.says({ type: 'end', time_sec: 1.08 });
  assert.equal(toldOf('chunk').length, 1, 'it is of a time before the gap');
  node.says({ type: 'flushed' });
  await pass(1);
  assert.equal(sound.contexts.length, 1);
  assert.equal(toldOf('end').length, 1);
  checkGoesOn();
});

test('a clock that goes on by itself keeps its context', async () => {
  await record(microphone());
  await pass(1);
  const [context] = sound.contexts;
  context.standing = true;
  await pass(3);
  assert.deepEqual(toldOf('held').at(-1), ['paused', false]);
  context.standing = false;
  await pass(5);
  assert.equal(sound.contexts.length, 1);
  checkGoesOn();
});

for (const [what, change] of /** @type {[string, () => void][]} */ ([
  ['the track', () => (sound.track.settings.sampleRate = 16_000)],
  ['the context', () => (sound.contexts[0].sampleRate = 44_100)],
])) {
  test(`another rate of ${what} opens it anew, after what was spoken`, async () => {
    await record(microphone());
    await pass(2);
    sound.node.speaks();
    sound.node.held = [chunk(2), { type: 'end', time_sec: 2.08 }];
    change();
    devices.dispatchEvent(new Event('devicechange'));
    await pass(2);
    assert.equal(sound.asked.length, 2);
    assert.equal(sound.contexts.length, 2);
    assert.deepEqual(told.map(([name]) => name).filter((name) => name !== 'held'), ['started', 'chunk', 'chunk', 'end', 'started']);
    checkGoesOn();
  });
}

test('devices that change nothing change nothing', async () => {
  await record(microphone());
  for (let each = 0; each < 5; each++) devices.dispatchEvent(new Event('devicechange'));
  await pass(5);
  assert.equal(sound.asked.length, 1);
});

test('an unplugged microphone is followed by the one that is there', async () => {
  await record(microphone('headset'));
  await pass(2);
  sound.node.speaks();
  sound.give = ({ audio }) => (audio.deviceId ? refusal('NotFoundError') : new FakeStream([new FakeTrack()]));
  sound.track.end();
  await pass(1);
  assert.deepEqual(sound.asked.map(({ audio }) => audio.deviceId?.exact), ['headset', 'headset', undefined]);
  assert.deepEqual(toldOf('started'), [[false], [true]]);
  assert.equal(toldOf('end').length, 1, 'what was being said is ended');
  checkGoesOn();
});

test('the chosen one is heard again when it is back', async () => {
  sound.give = ({ audio }) => (audio.deviceId ? refusal('OverconstrainedError') : new FakeStream([new FakeTrack()]));
  await record(microphone('headset'));
  assert.deepEqual(toldOf('started'), [[true]]);
  sound.give = () => new FakeStream([new FakeTrack()]);
  devices.listed.push({ kind: 'audioinput', deviceId: 'headset', label: 'Headset' });
  devices.dispatchEvent(new Event('devicechange'));
  await pass(2);
  assert.deepEqual(toldOf('started'), [[true], [false]]);
  checkGoesOn();
});

test('where no other is there the recording ends, and says why', async () => {
  await record(microphone());
  sound.give = () => refusal('NotFoundError');
  sound.track.end();
  await pass(1);
  assert.deepEqual(toldOf('stopped'), [], 'a headset may be between two states');
  assert.deepEqual(toldOf('held'), [['reopening', false]]);
  await pass(15);
  assert.deepEqual(toldOf('stopped'), [['disconnected']]);
  assert.equal(sound.asked.length, 4);
});

test('a microphone that a call has is asked for again', async () => {
  await record(microphone());
  sound.give = () => refusal('NotReadableError');
  sound.track.mute(true);
  await pass(10);
  sound.give = () => new FakeStream([new FakeTrack()]);
  await pass(10);
  checkGoesOn();
});

test('a refusal is not asked about again and again: the visitor is told what to press', async () => {
  const capture = await record(microphone());
  sound.give = () => refusal('NotAllowedError');
  sound.track.mute(true);
  await pass(30);
  assert.equal(sound.asked.length, 2);
  assert.deepEqual(toldOf('held').at(-1), ['muted', true]);
  view.dispatchEvent(new Event('focus'));
  await pass(10);
  assert.equal(sound.asked.length, 2);
  capture.retry();
  await pass(1);
  assert.equal(sound.asked.length, 3);
  assert.deepEqual(toldOf('stopped'), [['refused']], 'not even by a click');
});

test('a stop while it is opened anew leaves no microphone open', async () => {
  const capture = await record(microphone());
  /** @type {(stream: FakeStream) => void} */
  let allow = () => {};
  sound.give = () => new Promise((resolve) => (allow = resolve));
  sound.track.mute(true);
  await pass(7);
  await capture.stop();
  allow(new FakeStream([new FakeTrack()]));
  await pass(1);
  assert.deepEqual(sound.tracks.map(({ readyState }) => readyState), ['ended', 'ended']);
  assert.deepEqual(toldOf('stopped'), [[null]]);
  assert.ok(sound.contexts.every(({ state }) => state === 'closed'));
});

test('after a stop nothing is watched any more', async () => {
  const capture = await record(microphone());
  await capture.stop();
  sound.track.mute(true);
  page.hide(false);
  devices.dispatchEvent(new Event('devicechange'));
  await pass(30);
  assert.equal(sound.asked.length, 1);
});
