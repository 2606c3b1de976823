// The sound of films, made by FFmpeg here: what is taken out has every packet at its time, and nothing of the picture.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { NoFilmError, TooLargeError } from '../../../fastapi_service/static/js/files/sound/boxes.js';
import { wav } from '../../../fastapi_service/static/js/files/sound/decoded.js';
import { soundOfFilm } from '../../../fastapi_service/static/js/files/sound/film.js';
import { takeSound } from '../../../fastapi_service/static/js/files/sound/index.js';
import { random } from '../export/samples.mjs';

const folder = mkdtempSync(join(tmpdir(), 'film-'));
after(() => rmSync(folder, { recursive: true }));

const PICTURE = ['-f', 'lavfi', '-i', 'testsrc=size=160x120:rate=10:duration=4'];
const TONE = ['-f', 'lavfi', '-i', 'sine=frequency=300:duration=3'];
const LARGE = 10_000_000;

/** @param {string} program @param {string[]} options */
const run = (program, ...options) => execFileSync(program, ['-loglevel', 'error', ...options], { encoding: 'utf8' });

/** A film that FFmpeg makes of these options. @param {string} name @param {string[]} options */
function film(name, ...options) {
  const path = join(folder, name);
  run('ffmpeg', '-y', ...options, path);
  return { path, file: new File([readFileSync(path)], name) };
}

/** When each packet of sound is, and what is in it. @param {string} path */
const packets = (path) =>
  run('ffprobe', '-select_streams', 'a', '-show_entries', 'packet=stream_index,pts_time,size,data_hash', '-show_data_hash', 'MD5', '-of', 'csv', path)
    .split('\n')
    .filter((line) => line.startsWith('packet,'))
    .map((line) => line.replace(/,side_data.*/, ''));

/** Without the number of the track, which is another one. @param {string} path */
const sounds = (path) => packets(path).map((line) => line.replace(/^packet,\d+/, ''));

/** @param {Blob} sound @param {string} name */
async function kept(sound, name) {
  const path = join(folder, name);
  writeFileSync(path, new Uint8Array(await sound.arrayBuffer()));
  return path;
}

/** @param {File} file */
const taken = (file, largest = LARGE) => soundOfFilm(file, largest, () => {}, new AbortController().signal);

for (const [name, options] of /** @type {[string, string[]][]} */ ([
  ['phone.mp4', [...PICTURE, ...TONE, '-c:a', 'aac']],
  ['streamed.mp4', [...PICTURE, ...TONE, '-c:a', 'aac', '-movflags', '+faststart']],
  ['late.mp4', [...PICTURE, '-itsoffset', '0.7', ...TONE, '-c:a', 'aac']],
  ['camera.mov', [...PICTURE, ...TONE, '-c:a', 'pcm_s16le', '-ac', '2']],
  ['apple.mov', [...PICTURE, ...TONE, '-c:a', 'alac']],
  ['page.mp4', [...PICTURE, ...TONE, '-c:a', 'aac', '-movflags', 'frag_keyframe+empty_moov+default_base_moof', '-g', '10']],
  ['screen.mp4', [...PICTURE, ...TONE, '-c:a', 'aac', '-movflags', 'frag_keyframe', '-g', '10']],
  ['loose.mp4', [...PICTURE, ...TONE, '-c:a', 'aac', '-max_interleave_delta', '1', '-b:v', '4M']],
])) {
  test(`${name}: its sound is the same without the picture`, async () => {
    const { path, file } = film(name, ...options);
    /** @type {number[]} */
    const shares = [];
    const sound = await soundOfFilm(file, LARGE, (share) => shares.push(share), new AbortController().signal);
    assert.ok(sound !== null && sound.size < file.size);
    const out = await kept(sound, `${name}.m4a`);
    assert.deepEqual(sounds(out), sounds(path));
    assert.equal(run('ffprobe', '-select_streams', 'v', '-show_entries', 'stream=index', '-of', 'csv', out), '');
    assert.equal(shares[shares.length - 1], 1);
  });
}

test('all tracks with sound are kept: which of them is heard is decided where it is recognised', async () => {
  const other = ['-f', 'lavfi', '-i', 'sine=frequency=900:duration=3'];
  const { path, file } = film('two.mp4', ...PICTURE, ...TONE, ...other, '-map', '0:v', '-map', '1:a', '-map', '2:a', '-c:a', 'aac');
  const out = await kept(/** @type {Blob} */ (await taken(file)), 'two.m4a');
  assert.ok(sounds(out).length > 40);
  assert.deepEqual(sounds(out).sort(), sounds(path).sort());
  assert.equal(new Set(packets(out).map((line) => line.split(',')[1])).size, 2);
});

test('of a film of gigabytes only what is needed is read', async () => {
  const { file } = film('read.mp4', ...PICTURE, ...TONE, '-c:a', 'aac');
  let read = 0;
  const GIGABYTES = 5_000_000_000;
  const bytes = new Uint8Array(await file.arrayBuffer());
  const mdat = Buffer.from(bytes).indexOf('mdat') - 4;
  const moov = Buffer.from(bytes).indexOf('moov') - 4;
  assert.ok(moov > mdat);
  const grown = bytes.slice(mdat, mdat + 16); // the data, as large as it says, lies before the head
  new DataView(grown.buffer).setUint32(0, 1);
  new DataView(grown.buffer).setBigUint64(8, BigInt(GIGABYTES));
  const slow = {
    size: mdat + GIGABYTES + bytes.length - moov,
    /** @param {number} from @param {number} to */
    slice(from, to) {
      read += to - from;
      const part = new Uint8Array(to - from);
      for (let at = from; at < to; at++) {
        if (at < mdat) part[at - from] = bytes[at];
        else if (at < mdat + 16) part[at - from] = grown[at - mdat];
        else if (at < moov) part[at - from] = bytes[at];
        else if (at >= mdat + GIGABYTES) part[at - from] = bytes[moov + at - mdat - GIGABYTES];
      }
      return new Blob([part]);
    },
  };
  const sound = await soundOfFilm(/** @type {any} */ (slow), LARGE, () => {}, new AbortController().signal);
  assert.ok(sound !== null);
  assert.ok(read < bytes.length + 1000, `${read} bytes`);
});

test('what has no picture, is cut off or no film is left to others', async () => {
  assert.equal(await taken(film('sound.m4a', ...TONE, '-c:a', 'aac').file), null);
  assert.equal(await taken(film('dumb.mp4', ...PICTURE).file), null);
  const whole = film('whole.mp4', ...PICTURE, ...TONE, '-c:a', 'aac', '-movflags', '+faststart').file;
  const broken = [
    new File([whole.slice(0, Math.floor(whole.size / 2))], 'half.mp4'),
    film('screen.webm', ...PICTURE, ...TONE, '-c:v', 'libvpx', '-c:a', 'libopus').file,
    new File(['no film at all'], 'text.mp4'),
    new File([], 'empty.mp4'),
  ];
  for (const file of broken) await assert.rejects(taken(file), NoFilmError, file.name);
});

test('of a recording in fragments that broke off, what is whole is kept', async () => {
  const { file } = film('broken-off.mp4', ...PICTURE, ...TONE, '-c:a', 'aac', '-movflags', 'frag_keyframe+empty_moov', '-g', '10');
  const sound = /** @type {Blob} */ (await taken(new File([file.slice(0, Math.floor(0.6 * file.size))], 'broken-off.mp4')));
  const found = sounds(await kept(sound, 'broken-off.m4a'));
  assert.ok(found.length > 10);
});

test('sound that is too large itself is not taken, and what is cancelled stops', async () => {
  const { file } = film('much.mp4', ...PICTURE, ...TONE, '-c:a', 'aac');
  await assert.rejects(taken(file, 20_000), TooLargeError);
  assert.equal(await takeSound(file, 20_000, () => {}, new AbortController().signal), null);
  const stop = new AbortController();
  stop.abort();
  await assert.rejects(takeSound(file, LARGE, () => {}, stop.signal), { name: 'AbortError' });
});

for (const flags of ['+faststart', 'frag_keyframe']) test(`a head (${flags}) with any error in it ends in a sound or in words, and never runs on`, async () => {
  const { file } = film('odd.mp4', ...PICTURE, ...TONE, '-c:a', 'aac', '-movflags', flags);
  const bytes = new Uint8Array(await file.arrayBuffer());
  const head = flags === '+faststart' ? Buffer.from(bytes).indexOf('mdat') : bytes.length;
  const chance = random(7);
  for (let round = 0; round < 300; round++) {
    const damaged = bytes.slice();
    for (let byte = 0; byte < 1 + 4 * chance(); byte++) damaged[Math.floor(chance() * head)] = Math.floor(chance() * 256);
    try {
      const sound = await taken(new File([damaged], 'odd.mp4'));
      assert.ok(sound === null || sound.size < 2 * bytes.length);
    } catch (problem) {
      assert.ok(problem instanceof NoFilmError || problem instanceof TooLargeError || problem instanceof RangeError, String(problem));
    }
  }
});

test('what is decoded becomes a WAV of two channels, or of their mean where two are too many', async () => {
  const [left, right] = [new Float32Array([0, 1, -1, 0.5]), new Float32Array([0, 0, -1, -0.5])];
  const samples = async (/** @type {Blob} */ blob) => new Int16Array((await blob.arrayBuffer()).slice(44));
  assert.deepEqual([...(await samples(wav([left, right], 1000)))], [0, 0, 32767, 0, -32767, -32767, 16384, -16383]);
  assert.deepEqual([...(await samples(wav([left, right], 55)))], [0, 16384, -32767, 0]);
  assert.throws(() => wav([left, right], 51), TooLargeError);
  const path = await kept(wav([left], 1000), 'decoded.wav');
  assert.match(run('ffprobe', '-show_entries', 'stream=sample_rate,channels,duration_ts', '-of', 'csv', path), /16000,1,4/);
});
