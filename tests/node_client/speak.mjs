// Speaks WAV files (s16le, mono, 16 kHz) into the service, each as an utterance, and prints what happens as JSON lines.
//
// node speak.mjs --url ws://127.0.0.1:8000/ws [--speed 4] [--token …] [--first-delay-sec 1] [--speakers 1] one.wav two.wav
// --speed: times real time, 0 for as fast as it goes.

import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { Client } from './client.mjs';

const FRAME_MS = 100;
const FRAME_BYTES = 3200;

/** @param {string} path @returns {Buffer} the samples of a WAV file */
function samples(path) {
  const file = readFileSync(path);
  let place = 12;
  while (file.toString('latin1', place, place + 4) !== 'data') place += 8 + file.readUInt32LE(place + 4);
  return file.subarray(place + 8, place + 8 + file.readUInt32LE(place + 4));
}

/** @param {string} event @param {object} fields */
function tell(event, fields) {
  process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    url: { type: 'string', default: 'ws://127.0.0.1:8000/ws' },
    speed: { type: 'string', default: '1' },
    token: { type: 'string' },
    'first-delay-sec': { type: 'string', default: '1' },
    speakers: { type: 'string', default: '0' },
  },
});
const speed = Number(values.speed);
const client = new Client(values.url, {
  language: 'en',
  speakers: values.speakers === '1',
  firstDelaySec: Number(values['first-delay-sec']),
  ...(values.token === undefined ? {} : { token: values.token }),
});
const asksWho = values.speakers === '1';
/** @type {Set<string>} */
const heard = new Set(); // utterances with a text
/** @type {Set<string>} */
const told = new Set(); // utterances of which it was told who speaks
client.on('message', (message) => {
  if (message.type === 'result') heard.add(message.utterance);
  if (message.type === 'turns') told.add(message.utterance);
  tell('message', { message });
});
client.on('waiting', (state) => tell('waiting', state));
client.on('refused', (state) => {
  tell('refused', state);
  process.exit(1);
});
client.open();

let due = Date.now();
for (const path of positionals) {
  const pcm = samples(path);
  for (let first = 0; first < pcm.length; first += FRAME_BYTES) {
    client.send(pcm.subarray(first, first + FRAME_BYTES));
    if (speed > 0) {
      due += FRAME_MS / speed;
      await pause(Math.max(0, due - Date.now()));
    }
  }
  client.endUtterance();
  tell('spoken', { path });
}
while (!client.complete || (asksWho && [...heard].some((one) => !told.has(one)))) await pause(20);
client.leave();
tell('complete', {});
