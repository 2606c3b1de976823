// The subtitles that Python and the page share, byte for byte: tests/fastapi_service/subtitles holds the API to the same.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { exported } from '../../../fastapi_service/static/js/export/index.js';
import { entryOf } from './samples.mjs';

const EXAMPLES = JSON.parse(readFileSync(new URL('../../../contract/subtitle_examples.json', import.meta.url), 'utf8'));

for (const { name, results, srt, vtt } of EXAMPLES) {
  test(name, () => {
    const entries = results.map(entryOf);
    const recording = { name: 'talk.mp4', duration_sec: null };
    assert.deepEqual(exported('srt', entries, new Date(0), recording).split('\n'), srt);
    assert.deepEqual(exported('vtt', entries, new Date(0), recording).split('\n'), vtt);
  });
}
