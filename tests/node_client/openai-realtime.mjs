// Plays a WAV file (16-bit mono, 24 kHz) to /v1/realtime through the npm package openai-realtime-api, unchanged, and
// prints what that package has made of the first turn that ends: one JSON line.
//   node openai-realtime.mjs ws://localhost:8000/v1/realtime speech.wav KEY server_vad|none
import { readFileSync } from 'node:fs';
import { RealtimeClient } from 'openai-realtime-api';

const [url = '', path = '', apiKey = '', detection = ''] = process.argv.slice(2);
const CHUNK = 2_400; // 100 ms
const CHUNK_MS = 25; // four times as fast as speech
const HEADER_BYTES = 44;

const client = new RealtimeClient({
  url,
  apiKey,
  model: 'gpt-4o-realtime-preview',
  sessionConfig: { turn_detection: detection === 'none' ? null : { type: 'server_vad', silence_duration_ms: 500 } },
});
let deltas = '';

/** @param {object} line */
const tell = (line) => console.log(JSON.stringify(line));

const over = new Promise((resolve) => {
  client.realtime.on('server.*', (/** @type {any} */ event) => {
    if (event.type === 'error') tell(event.error);
    if (event.type === 'conversation.item.input_audio_transcription.delta') deltas += event.delta;
    if (event.type === 'conversation.item.input_audio_transcription.completed') resolve(event);
  });
});

await client.connect();
await client.waitForSessionCreated();
const wav = readFileSync(path).subarray(HEADER_BYTES);
const samples = new Int16Array(wav.length >> 1);
samples.forEach((_, place) => (samples[place] = wav.readInt16LE(2 * place)));
for (let first = 0; first < samples.length; first += CHUNK) {
  client.appendInputAudio(samples.slice(first, first + CHUNK));
  await new Promise((resolve) => setTimeout(resolve, CHUNK_MS));
}
if (detection === 'none') client.realtime.send('input_audio_buffer.commit', {});
const completed = /** @type {any} */ (await over);
const { role, status, formatted } = /** @type {any} */ (client.conversation.getItem(completed.item_id));
tell({ role, status, transcript: formatted.transcript, deltas, sentiment: completed.sentiment });
client.disconnect();
