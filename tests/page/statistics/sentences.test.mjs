// What statistics count of a result.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countedSentences } from '../../../fastapi_service/static/js/statistics/sentences.js';
import { felt } from '../export/samples.mjs';

test('each sentence has its place in the utterance', () => {
  const [love, hate] = [felt('positive', 0.9), felt('negative', 0.8)];
  const sentences = [{ text: 'I love this.', sentiment: love }, { text: 'Not.', sentiment: hate }];
  assert.deepEqual(countedSentences({ sentiment: love, sentences }), [
    { sentiment: love, place: 0 },
    { sentiment: hate, place: 0.75 },
  ]);
});

test('without sentences the result counts as one, and without a sentiment not at all', () => {
  const sentiment = felt('positive', 0.9);
  assert.deepEqual(countedSentences({ sentiment, sentences: [] }), [{ sentiment, place: 0 }]);
  assert.deepEqual(countedSentences({ sentiment: null, sentences: [] }), []);
  assert.deepEqual(countedSentences({ sentiment, sentences: [{ text: '', sentiment }] }), [{ sentiment, place: 0 }]);
});
