// The parts that Python and the page share: tests/contract/speakers holds contract/speakers/parts.py to the same.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { partsOf } from '../../../fastapi_service/static/js/transcript/parts.js';
import { parseMessage } from '../../../fastapi_service/static/js/stream/protocol.js';

const EXAMPLES = JSON.parse(readFileSync(new URL('../../../contract/part_examples.json', import.meta.url), 'utf8'));

test('there are examples', () => assert.ok(EXAMPLES.length >= 10));

for (const { name, result, parts } of EXAMPLES) {
  test(name, () => {
    const message = parseMessage(JSON.stringify({ type: 'result', utterance: 'u-0', ...result }));
    assert.ok(message?.type === 'result');
    const found = partsOf(message);
    const near = (/** @type {any} */ part) => ({ ...part, sentiment: part.sentiment && { ...part.sentiment, score: Number(part.sentiment.score.toFixed(6)) } });
    assert.deepEqual(found.map(near), parts.map(near));
    assert.equal(partsOf(message), found, 'worked out once');
  });
}
