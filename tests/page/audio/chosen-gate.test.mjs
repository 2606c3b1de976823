// Which gate is used: that of sentences where the visitor wants it and the server does its part, else the ordinary one.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { ChosenGate } from '../../../fastapi_service/static/js/audio/chosen-gate.js';
import { DEFAULT_GATE } from '../../../fastapi_service/static/js/audio/worklet/voice-gate.js';
import { Preferences } from '../../../fastapi_service/static/js/base/preferences.js';

/** @type {Preferences} */ let preferences;
/** @type {ChosenGate} */ let gate;
let told = 0;

beforeEach(() => {
  preferences = new Preferences(null);
  gate = new ChosenGate(preferences);
  told = 0;
  gate.onChange(() => told++);
});

test('before the server has said that it looks for the ends of sentences, the gate is as it always was', () => {
  assert.deepEqual(gate.settings, DEFAULT_GATE);
  gate.sentenceWait(0);
  preferences.set('hangover_ms', 800);
  assert.deepEqual(gate.settings, { ...DEFAULT_GATE, hangoverMs: 800 });
  assert.equal(gate.offersSentences, false);
  assert.equal(gate.keepsSentences, false);
});

test('where it does, the gate pauses after 200 ms and ends after what the server has named', () => {
  preferences.set('hangover_ms', 800);
  preferences.set('threshold', 0.002);
  gate.sentenceWait(1.2);
  assert.deepEqual(gate.settings, { ...DEFAULT_GATE, threshold: 0.002, hangoverMs: 200, endMs: 1200 });
  assert.equal(gate.keepsSentences, true);
});

test('not where the visitor does not want it, and a server that stops doing it is followed', () => {
  gate.sentenceWait(1.2);
  preferences.set('sentences', false);
  assert.deepEqual(gate.settings, DEFAULT_GATE);
  assert.equal(gate.offersSentences, true);
  assert.equal(gate.keepsSentences, false);
  preferences.set('sentences', true);
  assert.equal(gate.keepsSentences, true);
  gate.sentenceWait(0);
  assert.deepEqual(gate.settings, DEFAULT_GATE);
});

test('it tells what changes it, and nothing else', () => {
  gate.sentenceWait(1.2);
  gate.sentenceWait(1.2);
  assert.equal(told, 1);
  preferences.set('theme', 'dark');
  preferences.set('partials', false);
  assert.equal(told, 1);
  preferences.set('sentences', false);
  preferences.set('threshold', 0.002);
  preferences.set('hangover_ms', 300);
  assert.equal(told, 4);
});

test('the noise of a loud room raises the threshold unless the visitor does not want it', () => {
  assert.equal(gate.settings.followsNoise, true);
  preferences.set('follow_noise', false);
  assert.equal(told, 1);
  assert.equal(gate.settings.followsNoise, false);
  gate.sentenceWait(1.2);
  assert.equal(gate.settings.followsNoise, false);
});
