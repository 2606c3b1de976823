// The page's gate in a loud room. That it is the recorder's to the frame is shown in tests/recorder_service/audio.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CEILING } from '../../../../fastapi_service/static/js/audio/worklet/noise-floor.js';
import { DEFAULT_GATE, FRAME_SAMPLES, VoiceGate } from '../../../../fastapi_service/static/js/audio/worklet/voice-gate.js';

const ROOM = 0.002; // mean square, four times the threshold
const sink = { write: () => {}, pause: () => {}, end: () => {} };

/** @param {VoiceGate} gate @param {number} meanSquare @param {number} sec */
function hear(gate, meanSquare, sec) {
  const frame = new Float32Array(FRAME_SAMPLES).fill(Math.sqrt(meanSquare));
  for (let i = 0; i < sec * 50; i++) gate.push(frame);
}

test('noise that stays raises the threshold, closes the gate, and is soon forgotten', () => {
  const gate = new VoiceGate(DEFAULT_GATE, sink);
  assert.equal(gate.threshold, DEFAULT_GATE.threshold);
  hear(gate, ROOM, 1);
  assert.equal(gate.open, true);
  assert.equal(gate.threshold, DEFAULT_GATE.threshold, 'a second is not the room');
  hear(gate, ROOM, 9);
  assert.equal(gate.open, false);
  assert.ok(gate.threshold > 2 * ROOM);
  hear(gate, 20 * ROOM, 0.1);
  assert.equal(gate.open, true, 'what stands out opens it');
  hear(gate, 1e-6, 1);
  assert.equal(gate.threshold, DEFAULT_GATE.threshold);
});

test('the threshold is never above its ceiling, nor below what was chosen', () => {
  const gate = new VoiceGate(DEFAULT_GATE, sink);
  hear(gate, 0.1, 20);
  assert.equal(gate.threshold, CEILING);
  gate.adjust({ ...DEFAULT_GATE, threshold: 0.05 });
  assert.equal(gate.threshold, 0.05);
});

test('it is left where it was chosen while the noise is not followed, and follows it at once when it is', () => {
  const gate = new VoiceGate({ ...DEFAULT_GATE, followsNoise: false }, sink);
  hear(gate, ROOM, 20);
  assert.equal(gate.open, true);
  assert.equal(gate.threshold, DEFAULT_GATE.threshold);
  gate.adjust(DEFAULT_GATE);
  hear(gate, ROOM, 1);
  assert.equal(gate.open, false);
  gate.adjust({ ...DEFAULT_GATE, followsNoise: false });
  hear(gate, ROOM, 0.1);
  assert.equal(gate.open, true);
});

test('what opened the gate keeps it open when it gets a little softer', () => {
  const gate = new VoiceGate(DEFAULT_GATE, sink);
  hear(gate, ROOM, 20);
  const opens = gate.threshold;
  hear(gate, 0.8 * opens, 0.1);
  assert.equal(gate.open, false);
  hear(gate, 1.1 * opens, 0.02);
  hear(gate, 0.8 * opens, 2);
  assert.equal(gate.open, true);
});
