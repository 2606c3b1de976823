// The sound of another tab: asked for once, heard as it is, and not replaced by a microphone.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { offersTabSound } from '../../../../fastapi_service/static/js/audio/sources/tab-sound.js';
import { devices, FakeStream, FakeTrack, page, pass, record, refusal, sound, toldOf, view } from '../fake-sound.mjs';

const TAB = /** @type {const} */ ({ kind: 'tab' });
/** @type {FakeTrack} */
let picture;

beforeEach(() => {
  picture = Object.assign(new FakeTrack(), { kind: 'video' });
  sound.give = () => new FakeStream([new FakeTrack(), picture]);
});

test('its picture is stopped, and its sound is not improved', async () => {
  await record(TAB);
  assert.equal(sound.asked.length, 0, 'of no microphone');
  assert.equal(sound.shared.length, 1);
  const { audio } = sound.shared[0];
  assert.deepEqual([audio.echoCancellation, audio.noiseSuppression, audio.autoGainControl], [false, false, false]);
  assert.equal(picture.readyState, 'ended');
  assert.equal(sound.track.readyState, 'live');
  assert.deepEqual(toldOf('started'), [[false]]);
});

test('what was shared without sound is let go, in words', async () => {
  sound.give = () => new FakeStream([picture]);
  await record(TAB);
  assert.deepEqual(toldOf('stopped'), [['no_sound_shared']]);
  assert.equal(picture.readyState, 'ended');
});

test('whoever shares nothing is told so, and not about a microphone', async () => {
  sound.give = () => refusal('NotAllowedError');
  await record(TAB);
  assert.deepEqual(toldOf('stopped'), [['not_shared']]);
});

test('the end of the sharing ends the recording, after what was spoken', async () => {
  await record(TAB);
  await pass(1);
  sound.node.speaks();
  sound.track.end();
  await pass(1);
  assert.equal(toldOf('end').length, 1);
  assert.deepEqual(toldOf('stopped'), [['sharing_ended']]);
  assert.equal(sound.asked.length, 0, 'no microphone takes its place unasked');
});

test('a tab that plays nothing is no trouble', async () => {
  await record(TAB);
  page.hide(true);
  page.hide(false);
  await pass(60, 0);
  assert.deepEqual(toldOf('held'), []);
  assert.equal(sound.contexts.length, 1);
});

test('a standing clock is followed by a new context, and nobody is asked again', async () => {
  await record(TAB);
  await pass(1);
  sound.contexts[0].standing = true;
  await pass(6);
  assert.equal(sound.contexts.length, 2);
  assert.equal(sound.shared.length, 1);
  assert.equal(sound.contexts[1].heard, sound.contexts[0].heard);
  assert.equal(sound.track.readyState, 'live');
  assert.deepEqual(toldOf('held').at(-1), [null, false]);
});

test('it is offered where browsers share sound, and nowhere else', async () => {
  await record(TAB);
  assert.equal(offersTabSound(), true);
  view.isSecureContext = false;
  assert.equal(offersTabSound(), false);
  view.isSecureContext = true;
  const supported = devices.getSupportedConstraints;
  devices.getSupportedConstraints = () => /** @type {any} */ ({});
  assert.equal(offersTabSound(), false, 'as Firefox and Safari');
  devices.getSupportedConstraints = supported;
  const { getDisplayMedia } = devices;
  Object.assign(devices, { getDisplayMedia: undefined });
  assert.equal(offersTabSound(), false, 'as phones');
  Object.assign(devices, { getDisplayMedia });
});
