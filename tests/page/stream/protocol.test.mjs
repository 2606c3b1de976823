// The page's parser and types against the contract's example messages.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFileSync } from 'node:fs';
import { parseMessage, ProtocolError } from '../../../fastapi_service/static/js/stream/protocol.js';

/** @typedef {import('../../../fastapi_service/static/js/stream/messages.js').ServerMessage} ServerMessage */

/** @type {Record<string, any>} */
const examples = JSON.parse(readFileSync(new URL('../../../contract/examples.json', import.meta.url), 'utf8'));

// Fields that contract/messages.py gives a default.
const OPTIONAL = {
  session: ['seq', 'channels'],
  accepted: ['channel'],
  safe: [],
  partial: ['settled', 'channel'],
  result: ['seq', 'start_sec', 'duration_sec', 'timings_ms', 'translation', 'sentiment', 'sentiment_reason', 'sentences', 'decoded_again',
    'language_probability', 'words', 'doubtful', 'doubtful_reason', 'gaps', 'avg_logprob', 'no_speech_prob', 'temperature', 'channel', 'speaker', 'turns'],
  turns: ['rev'],
  speakers: ['rev'],
  dropped: ['seq', 'start_sec', 'duration_sec', 'timings_ms', 'detail', 'channel'],
  stats: ['channel'],
  error: ['seq', 'utterance', 'start_sec', 'duration_sec', 'timings_ms', 'channel'],
  busy: ['code'],
};

test('there is an example of every message, and a message for every example', () => {
  assert.deepEqual(Object.keys(examples).sort(), Object.keys(OPTIONAL).sort());
});

for (const [type, example] of Object.entries(examples)) {
  test(`${type}: the example is read in full`, () => {
    assert.deepEqual(parseMessage(JSON.stringify(example)), example);
  });

  test(`${type}: unknown fields are left out`, () => {
    assert.deepEqual(parseMessage(JSON.stringify({ ...example, novelty: 1 })), example);
  });

  for (const field of Object.keys(example).filter((name) => name !== 'type')) {
    test(`${type}: without ${field}`, () => {
      const { [field]: _gone, ...rest } = example;
      const text = JSON.stringify(rest);
      const optional = /** @type {Record<string, string[]>} */ (OPTIONAL)[type].includes(field);
      if (optional) assert.ok(parseMessage(text));
      else assert.throws(() => parseMessage(text), ProtocolError);
    });

    test(`${type}: ${field} of a wrong type`, () => {
      const wrong = JSON.stringify({ ...example, [field]: [[]] });
      assert.throws(() => parseMessage(wrong), ProtocolError);
    });
  }
}

test('what is no message is refused', () => {
  for (const text of ['', '{', 'null', '[]', '"session"', '7']) {
    assert.throws(() => parseMessage(text), ProtocolError, text);
  }
});

test('a type that is not known is no fault', () => {
  assert.equal(parseMessage('{"type":"later"}'), null);
  assert.equal(parseMessage('{"type":"constructor"}'), null);
});

test('numbers are held to their range', () => {
  const { accepted, result } = examples;
  for (const position of [-1, 1.5, '7', null, 2 ** 60]) {
    assert.throws(() => parseMessage(JSON.stringify({ ...accepted, position })), ProtocolError, String(position));
  }
  const { session } = examples;
  for (const sentence_wait_sec of [-1, '1', null]) {
    const limits = { ...session.limits, sentence_wait_sec };
    assert.throws(() => parseMessage(JSON.stringify({ ...session, limits })), ProtocolError, String(sentence_wait_sec));
  }
  const zone = { ...result.sentiment, zone: 'ecstatic' };
  assert.throws(() => parseMessage(JSON.stringify({ ...result, sentiment: zone })), ProtocolError);
  const sentences = [{ text: 'x', sentiment: zone }];
  assert.throws(() => parseMessage(JSON.stringify({ ...result, sentences })), ProtocolError);
});

test('speakers are counted from 1', () => {
  const { turns, speakers, result } = examples;
  for (const speaker of [0, -1, 1.5, '1']) {
    const text = String(speaker);
    assert.throws(() => parseMessage(JSON.stringify({ ...result, speaker })), ProtocolError, text);
    assert.throws(() => parseMessage(JSON.stringify({ ...turns, turns: [{ ...turns.turns[0], speaker }] })), ProtocolError, text);
    assert.throws(() => parseMessage(JSON.stringify({ ...speakers, speakers: [{ speaker, name: null }] })), ProtocolError, text);
  }
});

test('a server that does not say how long it waits for the end of a sentence does not wait', () => {
  const { sentence_wait_sec: _gone, ...limits } = examples.session.limits;
  const message = parseMessage(JSON.stringify({ ...examples.session, limits }));
  assert.ok(message?.type === 'session' && message.limits.sentence_wait_sec === 0);
});
