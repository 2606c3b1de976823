// Writes export files for tests in another language: a JSON object a line in, a JSON object a line out. `heard`: the
// results of a file, instead of entries.

import { createInterface } from 'node:readline';
import { exported } from '../../../fastapi_service/static/js/export/index.js';
import { entryOf } from './samples.mjs';

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const { format, entries, heard, now } = JSON.parse(line);
  const file = heard
    ? exported(format, heard.map(entryOf), new Date(now), { name: 'talk.mp4', duration_sec: null })
    : exported(format, entries, new Date(now));
  process.stdout.write(`${JSON.stringify({ file })}\n`);
}
