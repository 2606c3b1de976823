// Numbers and texts as they are shown.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parted } from '../../../fastapi_service/static/js/text/format.js';

test('a text is parted where the server counts, which counts no character twice', () => {
  assert.deepEqual(parted('I love this', 6), ['I love', ' this']);
  assert.deepEqual(parted('I love this', 0), ['', 'I love this']);
  assert.deepEqual(parted('🎬 movies', 1), ['🎬', ' movies']);
  assert.deepEqual(parted('𠮷野家で食べる', 3), ['𠮷野家', 'で食べる']);
  assert.deepEqual(parted('short', 99), ['short', '']);
});
