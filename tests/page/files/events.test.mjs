// A segment of a file becomes an outcome as live speech has them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readEvent } from '../../../fastapi_service/static/js/files/events.js';
import { ProtocolError } from '../../../fastapi_service/static/js/stream/protocol.js';
import { felt } from '../export/samples.mjs';

const SEGMENT = {
  type: 'transcript.text.segment', id: '0', start: 1.5, end: 4, text: ' I love it. Great!', language: 'en', translation: null,
  sentiment: felt('positive', 0.9), sentiment_reason: null,
};

/** @param {object} more */
function outcomeOf(more) {
  const event = readEvent(JSON.stringify({ ...SEGMENT, ...more }));
  assert.ok(event?.type === 'segment');
  return event.outcome;
}

test('the sentences of a segment come with it', () => {
  const sentences = [
    { text: 'I love it.', sentiment: felt('positive', 0.9) },
    { text: 'Great!', sentiment: felt('neutral', 0.98, 'too_short') },
  ];
  assert.deepEqual(outcomeOf({ sentences }).sentences, sentences);
});

test('an older server tells none', () => {
  assert.deepEqual(outcomeOf({}).sentences, []);
});

test('its text begins with a space on the wire alone', () => {
  assert.equal(outcomeOf({}).text, 'I love it. Great!');
});

test('who spoke a segment comes once all was heard, in places of its text', () => {
  const turns = [{ speaker: 1, start: 1.5, end: 3, first_char: 0, end_char: 10 }, { speaker: null, start: 3, end: 4, first_char: 10, end_char: 17 }];
  const event = readEvent(JSON.stringify({ type: 'transcript.segment.turns', id: '0', start: 1.5, turns }));
  assert.ok(event?.type === 'turns');
  assert.equal(event.utterance, outcomeOf({}).utterance);
  assert.deepEqual(event.turns[1], { speaker: null, start_sec: 3, end_sec: 4, first_char: 10, end_char: 17 });
  for (const wrong of [{ turns: [{ ...turns[0], speaker: 0 }] }, { turns: [null] }, { start: 'x', turns }]) {
    assert.throws(() => readEvent(JSON.stringify({ type: 'transcript.segment.turns', id: '0', start: 1.5, ...wrong })), ProtocolError);
  }
});

test('two channels that begin at the same moment are two utterances, each with its turns', () => {
  const [left, right] = [1, 2].map((channel) => outcomeOf({ channel }).utterance);
  assert.notEqual(left, right);
  const turns = [{ speaker: 2, start: 1.5, end: 4, first_char: 0, end_char: 17 }];
  const event = readEvent(JSON.stringify({ type: 'transcript.segment.turns', id: '1', start: 1.5, channel: 2, turns }));
  assert.ok(event?.type === 'turns' && event.utterance === right);
});
