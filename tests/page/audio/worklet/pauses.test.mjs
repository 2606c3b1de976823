// A gate that marks pauses: it closes after little quiet, and says the end when it has been quiet for longer.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PcmChunker } from '../../../../fastapi_service/static/js/audio/worklet/pcm-chunker.js';
import { FRAME_SAMPLES, VoiceGate } from '../../../../fastapi_service/static/js/audio/worklet/voice-gate.js';

const SETTINGS = { threshold: 0.01, preRollMs: 40, hangoverMs: 60, endMs: 160 }; // 2, 3 and 8 frames
const LOUD = new Float32Array(FRAME_SAMPLES).fill(0.5);
const QUIET = new Float32Array(FRAME_SAMPLES);

/**
 * A gate, and what it tells, in frames: `3` is the third frame let out, `pause 3` and `end 3` the frames up to the end
 * of what was loud.
 * @param {Partial<import('../../../../fastapi_service/static/js/audio/worklet/voice-gate.js').GateSettings>} [settings]
 */
function listen(settings = {}) {
  /** @type {(number | string)[]} */
  const told = [];
  const gate = new VoiceGate(
    { ...SETTINGS, ...settings },
    {
      write: (_samples, _begin, _end, index) => told.push(index / FRAME_SAMPLES + 1),
      pause: (until) => told.push(`pause ${until / FRAME_SAMPLES}`),
      end: (until) => told.push(`end ${until / FRAME_SAMPLES}`),
    },
  );
  /** What it tells of these frames, `L` for a loud one. @param {string} frames */
  const hear = (frames) => {
    for (const frame of frames) gate.push(frame === 'L' ? LOUD : QUIET);
    return told.splice(0);
  };
  return { gate, hear };
}

test('a pause is told when the gate closes, and the end once, after so much quiet in all', () => {
  const { gate, hear } = listen();
  assert.deepEqual(hear('LL..'), [1, 2, 3, 4]);
  assert.equal(gate.open, true);
  assert.deepEqual(hear('.'), [5, 'pause 2']);
  assert.equal(gate.open, false);
  assert.deepEqual(hear('....'), []);
  assert.deepEqual(hear('.'), ['end 2']);
  assert.deepEqual(hear('....................'), []);
});

test('a loud frame before the end opens it again with the pre-roll, and that pause has no end', () => {
  const { gate, hear } = listen();
  hear('L...');
  assert.deepEqual(hear('....L'), [7, 8, 9]);
  assert.equal(gate.open, true);
  assert.deepEqual(hear('...'), [10, 11, 12, 'pause 9']);
  assert.deepEqual(hear('.....'), ['end 9']);
});

test('a loud frame at the last moment is in time, one frame later it begins the next utterance', () => {
  const { hear } = listen();
  hear('L.......');
  assert.deepEqual(hear('L'), [7, 8, 9]);
  assert.deepEqual(hear('...'), [10, 11, 12, 'pause 9']);
  assert.deepEqual(hear('.....L'), ['end 9', 16, 17, 18]);
});

test('a pause shorter than the pre-roll loses and repeats nothing', () => {
  const { hear } = listen();
  hear('L...');
  assert.deepEqual(hear('.L'), [5, 6]);
});

for (const endMs of [20, 60]) {
  test(`an end that is due at the pause, after ${endMs} ms, follows it at once`, () => {
    const { hear } = listen({ endMs });
    assert.deepEqual(hear('L......'), [1, 2, 3, 4, 'pause 1', 'end 1']);
  });
}

for (const endMs of [null, 0]) {
  test(`with ${endMs} closing is the end`, () => {
    const { gate, hear } = listen({ endMs });
    assert.deepEqual(hear('L..........'), [1, 2, 3, 4, 'end 1']);
    gate.flush();
    assert.deepEqual(hear(''), []);
  });
}

test('flush: what is open pauses and ends, what has paused ends, and what has ended is over', () => {
  const { gate, hear } = listen();
  hear('L');
  gate.push(QUIET, 100);
  gate.flush();
  assert.deepEqual(hear(''), [2, 'pause 1', 'end 1']);
  gate.flush();
  assert.deepEqual(hear(''), []);

  const paused = listen();
  paused.hear('L....');
  paused.gate.flush();
  assert.deepEqual(paused.hear(''), ['end 1']);
  paused.gate.flush();
  assert.deepEqual(paused.hear('..........'), []);

  const ended = listen();
  assert.deepEqual(ended.hear('L........').slice(-2), ['pause 1', 'end 1']);
  ended.gate.flush();
  assert.deepEqual(ended.hear(''), []);

  const unused = listen();
  unused.hear('...');
  unused.gate.flush();
  assert.deepEqual(unused.hear(''), []);
});

test('what is adjusted while it is open counts when it closes', () => {
  const { gate, hear } = listen({ hangoverMs: 200, endMs: null });
  hear('L...');
  gate.adjust(SETTINGS);
  assert.deepEqual(hear('.'), [5, 'pause 1']);
  assert.deepEqual(hear('....'), ['end 1']);
  hear('L..');
  gate.adjust({ ...SETTINGS, endMs: null });
  assert.deepEqual(hear('......'), [13, 'end 10']);
});

test('what is adjusted in a pause counts for its end', () => {
  const { gate, hear } = listen();
  hear('L...');
  gate.adjust({ ...SETTINGS, endMs: 240 });
  assert.deepEqual(hear('........'), []);
  assert.deepEqual(hear('.'), ['end 1']);
  hear('L...');
  gate.adjust({ ...SETTINGS, endMs: null });
  assert.deepEqual(hear('.....'), ['end 14'], 'once');
});

test('the chunk that is not full goes out before a pause, and the end after it has none', () => {
  /** @type {string[]} */
  const out = [];
  const chunker = new PcmChunker(100, {
    chunk: (pcm, index) => out.push(`${pcm.length} from ${index}`),
    pause: (until) => out.push(`pause ${until}`),
    end: (until) => out.push(`end ${until}`),
  });
  chunker.write(new Float32Array(130), 0, 130, 1000);
  chunker.pause(1100);
  chunker.end(1100);
  chunker.write(new Float32Array(100), 0, 100, 2000);
  chunker.pause(2050);
  assert.deepEqual(out, ['100 from 1000', '30 from 1100', 'pause 1100', 'end 1100', '100 from 2000', 'pause 2050']);
});
