// The page's voice gate for tests in another language: a JSON object a line in, a JSON list a line out.
//
// In: `pcm` (s16le, Base64), `block` (samples pushed at once) and the gate's settings. Out: runs of samples that were
// let out as [first, end], marks as 'pause' and 'end', and last the threshold that is in force in the end.

import { createInterface } from 'node:readline';
import { VoiceGate } from '../../../fastapi_service/static/js/audio/worklet/voice-gate.js';

const FULL_SCALE = 32768;

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const { pcm, block, ...settings } = JSON.parse(line);
  const bytes = Buffer.from(pcm, 'base64');
  const samples = Float32Array.from({ length: bytes.length / 2 }, (_, n) => bytes.readInt16LE(2 * n) / FULL_SCALE);
  /** @type {(string | number | [number, number])[]} */
  const out = [];
  const gate = new VoiceGate(settings, {
    write: (_samples, begin, end, index) => {
      const last = out.at(-1);
      if (begin === end) return;
      if (Array.isArray(last) && last[1] === index) last[1] += end - begin;
      else out.push([index, index + end - begin]);
    },
    pause: () => out.push('pause'),
    end: () => out.push('end'),
  });
  for (let first = 0; first < samples.length; first += block) gate.push(samples.subarray(first, first + block));
  gate.flush();
  process.stdout.write(`${JSON.stringify([...out, gate.threshold])}\n`);
}
