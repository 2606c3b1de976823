// Writes export files for tests in another language: a JSON object a line in, a JSON object a line out.

import { createInterface } from 'node:readline';
import { exported } from '../../../fastapi_service/static/js/export/index.js';

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const { format, entries, now } = JSON.parse(line);
  process.stdout.write(`${JSON.stringify({ file: exported(format, entries, new Date(now)) })}\n`);
}
