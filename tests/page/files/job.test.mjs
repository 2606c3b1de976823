// A file through everything that can happen to it, against a transfer that the test plays.

import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';
import { FileQueue, MAX_FILES } from '../../../fastapi_service/static/js/files/queue.js';

/**
 * @typedef {import('../../../fastapi_service/static/js/files/transfer.js').TransferHandlers} Handlers
 * @typedef {{ file: File, asked: Record<string, string>, on: Handlers, aborted: boolean }} Sent
 */

/** @type {Sent[]} */ let sent = [];
/** @type {string[]} */ let forgotten = [];
/** @type {FileQueue} */ let queue;
/** @type {{ file: File, progress: (share: number) => void, signal: AbortSignal, end: (sound: File | null) => void }[]} */
let taking = [];

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  sent = [];
  forgotten = [];
  taking = [];
  queue = new FileQueue({
    transfer: (file, asked, on) => {
      const one = { file, asked, on, aborted: false };
      sent.push(one);
      return () => void (one.aborted = true);
    },
    takeSound: (file, _, progress, signal) => new Promise((end) => void taking.push({ file, progress, signal, end })),
    forget: (id) => void forgotten.push(id),
    asked: () => ({ language: 'ko' }),
    largest_bytes: () => 1000,
    changed: () => {},
  });
});

/** @param {string} name */
const file = (name, size = 10) => new File(['x'.repeat(size)], name);

/** @param {number} number @param {object} [more] */
const segment = (number, more = {}) =>
  JSON.stringify({
    type: 'transcript.text.segment', id: number, start: number * 3, end: number * 3 + 2, text: `text ${number}`, language: 'en',
    translation: null, sentiment: { label: 'POSITIVE', score: 0.9, scores: {}, zone: 'positive' }, ...more,
  });

/** @param {number} done_sec @param {object} [more] */
const progress = (done_sec, more = {}) =>
  JSON.stringify({ type: 'transcript.progress', done_sec, total_sec: 60, waiting: false, ...more });

const done = (more = {}) => JSON.stringify({ type: 'transcript.text.done', text: '', duration: 60, language: 'en', ...more });

/** @param {number} status @param {string} [code] @param {number | null} [retry_after_sec] */
const reply = (status, code = '', retry_after_sec = null) => ({ status, code, message: 'in words', retry_after_sec });

const DAMAGE_IN_WORDS = done({ warnings: [{ code: 'damaged', missing_parts: 'many' }] });

/** One file on its way. */
function begin() {
  const [job] = queue.add([file('a.wav')]);
  return { job, one: sent[0] };
}

/** @param {import('../../../fastapi_service/static/js/files/job.js').FileJob} job @returns {string} */
const nameOf = (job) => job.state.name;

/** @param {import('../../../fastapi_service/static/js/files/job.js').FileJob} job */
const texts = (job) => job.entries.list.map(({ outcome }) => (outcome?.type === 'result' ? outcome.text : outcome?.type));

test('from the first byte to the last segment', () => {
  const { job, one } = begin();
  assert.deepEqual(one.asked, { language: 'ko' });
  assert.deepEqual(job.state, { name: 'sending', sent: 0, total: 10 });
  one.on.sent(4, 12);
  assert.deepEqual(job.state, { name: 'sending', sent: 4, total: 12 });
  one.on.sent(12, 12);
  assert.equal(nameOf(job), 'waiting');
  one.on.named('id-1');
  one.on.event(progress(0, { waiting: true, total_sec: null }));
  assert.equal(nameOf(job), 'waiting');
  one.on.event(progress(0));
  assert.deepEqual(job.state, { name: 'working', done_sec: 0, total_sec: 60, held: false });
  one.on.event('{"type":"transcript.text.delta","delta":"text 0"}');
  one.on.event(segment(0));
  one.on.event(progress(30, { waiting: true }));
  assert.deepEqual(job.state, { name: 'working', done_sec: 30, total_sec: 60, held: true });
  one.on.event(segment(1));
  one.on.event(done({ failed_segments: [{ start: 9, end: 11, code: 'gave_up', reason: 'why' }] }));
  assert.deepEqual(job.state, { name: 'done', duration_sec: 60, language: 'en', warnings: [] });
  assert.deepEqual(texts(job), ['text 0', 'text 1', 'error']);
  assert.deepEqual(job.entries.list.map(({ startSec }) => startSec), [0, 3, 9]);
  assert.ok(job.entries.list.every(({ spokenAtMs }) => spokenAtMs === null));
  assert.ok(one.aborted, 'the connection is let go');
});

test('what could not be decoded is kept, also as an older server tells it', () => {
  const { job, one } = begin();
  const damaged = { code: 'damaged', message: 'in words', missing_parts: 2, first_missing_sec: 4.2, cut_off_sec: null };
  one.on.event(done({ warnings: [damaged, { code: 'damaged', message: 'old' }] }));
  const old = { code: 'damaged', message: 'old', missing_parts: 0, first_missing_sec: null, cut_off_sec: null };
  assert.ok(job.state.name === 'done');
  assert.deepEqual(job.state.warnings, [damaged, old]);
});

test('how long it will take is told once it can be told', () => {
  const { job, one } = begin();
  one.on.event(progress(0));
  assert.equal(job.left_sec, null);
  mock.timers.tick(10_000);
  one.on.event(progress(20));
  assert.equal(job.left_sec, 20);
  one.on.event(progress(20, { waiting: true }));
  assert.equal(job.left_sec, null, 'it stands still');
});

test('a busy server is asked again when it says, and never given up', () => {
  const { job, one } = begin();
  one.on.ended(reply(503, 'unavailable', 7));
  assert.ok(job.state.name === 'retrying' && job.state.why === 'busy');
  mock.timers.tick(6_900);
  assert.equal(sent.length, 1);
  for (let round = 2; round < 40; round++) {
    mock.timers.tick(40_000);
    assert.equal(sent.length, round);
    sent[round - 1].on.ended(reply(429, 'uploads_full', 1));
    assert.equal(nameOf(job), 'retrying');
  }
});

test('a lost connection is tried again a few times, and then offered', () => {
  const { job } = begin();
  for (let loss = 0; loss < 5; loss++) {
    sent[loss].on.ended(reply(0));
    assert.ok(job.state.name === 'retrying' && job.state.why === 'lost');
    mock.timers.tick(31_000);
    assert.equal(sent.length, loss + 2);
  }
  sent[5].on.ended(reply(0));
  assert.deepEqual(job.state, { name: 'failed', code: 'lost', message: 'in words' });
  mock.timers.tick(100_000);
  assert.equal(sent.length, 6);
  queue.retry(job);
  assert.equal(sent.length, 7);
  sent[6].on.ended(reply(0));
  assert.equal(nameOf(job), 'retrying', 'it has its tries again');
});

test('what was there stays, and comes only once when the file is sent again', () => {
  const { job, one } = begin();
  one.on.named('id-1');
  one.on.event(segment(0));
  one.on.event(segment(1));
  one.on.ended(reply(200)); // the stream ends without its last event
  assert.deepEqual(texts(job), ['text 0', 'text 1']);
  queue.retry(job); // now instead of later
  assert.equal(sent.length, 2);
  mock.timers.tick(100_000);
  assert.equal(sent.length, 2, 'the timer is gone');
  sent[1].on.named('id-1');
  for (const number of [0, 1, 2]) sent[1].on.event(segment(number));
  assert.deepEqual(texts(job), ['text 0', 'text 1', 'text 2']);
});

test('where the server begins anew, what it said before goes', () => {
  const { job, one } = begin();
  one.on.named('id-1');
  one.on.event(segment(0));
  one.on.event(JSON.stringify({ type: 'error', error: { code: 'file_lost', message: 'lost' } }));
  assert.equal(nameOf(job), 'retrying');
  mock.timers.tick(2_000);
  sent[1].on.named('id-2');
  assert.deepEqual(texts(job), []);
});

test('segments give a lost connection its tries back, answers alone do not', () => {
  const { job } = begin();
  for (let loss = 0; loss < 20; loss++) {
    sent[loss].on.named('id');
    sent[loss].on.event(segment(loss));
    sent[loss].on.ended(reply(0));
    assert.equal(nameOf(job), 'retrying');
    mock.timers.tick(1_500);
  }
  for (let loss = 20; loss < 24; loss++) {
    sent[loss].on.named('id');
    sent[loss].on.event(segment(0));
    sent[loss].on.ended(reply(0));
    mock.timers.tick(31_000);
  }
  sent[24].on.ended(reply(0));
  assert.equal(nameOf(job), 'failed');
});

test('refusals are over, each with its reason', () => {
  const cases = /** @type {const} */ ([
    [401, 'not_allowed', 'not_allowed'], [404, '', 'no_route'], [405, '', 'no_route'], [413, 'too_large', 'too_large'],
    [413, '', 'too_large'], [413, 'too_long', 'too_long'], [415, 'not_decodable', 'not_media'], [409, 'cancelled', 'cancelled'],
    [400, 'empty_file', 'empty'], [400, 'bad_value', 'refused'], [403, 'origin_not_allowed', 'refused'], [500, 'gave_up', 'server'],
    [500, '', 'server'],
  ]);
  for (const [status, code, wanted] of cases) {
    const [job] = queue.add([file(`${status}-${code}`)]);
    sent[sent.length - 1].on.ended(reply(status, code));
    assert.deepEqual(job.state, { name: 'failed', code: wanted, message: 'in words' });
  }
  for (const [code, wanted] of /** @type {const} */ ([['too_long', 'too_long'], ['not_decodable', 'not_media'], ['what', 'server']])) {
    const [job] = queue.add([file(code)]);
    const one = sent[sent.length - 1];
    one.on.event(JSON.stringify({ type: 'error', error: { code, message: 'in words' } }));
    assert.deepEqual(job.state, { name: 'failed', code: wanted, message: 'in words' });
    assert.ok(one.aborted);
  }
});

test('a proxy without its gateway is busy', () => {
  for (const status of [502, 503, 504]) {
    const [job] = queue.add([file(String(status))]);
    sent[sent.length - 1].on.ended(reply(status));
    assert.ok(job.state.name === 'retrying' && job.state.why === 'busy');
    queue.remove(job);
  }
});

test('a file that cannot be read, an empty one and one that is too large are not tried', () => {
  const [one] = queue.add([file('folder')]);
  sent[0].on.ended({ ...reply(0), unreadable: true });
  assert.ok(one.state.name === 'failed' && one.state.code === 'unreadable');
  const [empty, large] = queue.add([file('empty', 0), file('large', 1001)]);
  assert.ok(empty.state.name === 'failed' && empty.state.code === 'empty');
  assert.ok(large.state.name === 'failed' && large.state.code === 'too_large');
  assert.equal(sent.length, 1);
});

test('of a video that is too large the sound is sent, and kept for the next try', async () => {
  const [job] = queue.add([file('film.mp4', 5000)]);
  assert.deepEqual(job.state, { name: 'taking', share: null });
  assert.equal(sent.length, 0);
  taking[0].progress(0.5);
  assert.deepEqual(job.state, { name: 'taking', share: 0.5 });
  taking[0].end(file('film.m4a', 800));
  await Promise.resolve().then(() => {}).then(() => {});
  assert.deepEqual(job.state, { name: 'sending', sent: 0, total: 800 });
  assert.equal(sent[0].file.name, 'film.m4a');
  sent[0].on.ended(reply(0));
  queue.retry(job);
  assert.equal(sent[1].file.name, 'film.m4a');
  assert.equal(taking.length, 1);
});

test('a video whose sound cannot be taken out is sent whole, or refused where it is too large', async () => {
  const [job] = queue.add([file('film.mov', 5000)]);
  taking[0].end(null);
  await Promise.resolve().then(() => {}).then(() => {});
  assert.deepEqual(job.state, { name: 'failed', code: 'too_large', message: '' });
  assert.ok(job.isVideo);
  const [small] = queue.add([file('small.mp4', 900)]);
  assert.equal(nameOf(small), 'sending');
  assert.equal(taking.length, 1, 'it is short enough');
});

test('taking the sound out is cancelled like all else, and the next file begins', async () => {
  const [job, next] = queue.add([file('film.mp4', 5000), file('a.wav')]);
  assert.equal(nameOf(next), 'queued');
  job.cancel();
  assert.ok(taking[0].signal.aborted);
  taking[0].progress(0.7);
  taking[0].end(file('film.m4a', 800));
  await Promise.resolve().then(() => {}).then(() => {});
  assert.equal(nameOf(job), 'cancelled');
  assert.equal(queue.active, next);
  assert.deepEqual(sent.map((one) => one.file.name), ['a.wav']);
  next.cancel();
  queue.retry(job);
  assert.equal(taking.length, 2, 'it is taken out again');
});

test('cancelling lets the connection go, tells the server, and keeps what is there', () => {
  const { job, one } = begin();
  job.cancel();
  assert.ok(one.aborted);
  assert.deepEqual(forgotten, [], 'the server has not named it yet');
  queue.retry(job);
  sent[1].on.named('id-1');
  sent[1].on.event(segment(0));
  job.cancel();
  assert.deepEqual(forgotten, ['id-1']);
  assert.equal(nameOf(job), 'cancelled');
  assert.deepEqual(texts(job), ['text 0']);
  mock.timers.tick(100_000);
  assert.equal(sent.length, 2);
});

test('a try that waits is cancelled, too', () => {
  const { job, one } = begin();
  one.on.ended(reply(503, '', 5));
  job.cancel();
  mock.timers.tick(100_000);
  assert.equal(sent.length, 1);
  assert.equal(nameOf(job), 'cancelled');
});

test('an event that is none breaks off the try', () => {
  const { one } = begin();
  for (const data of ['{', '{"type":"transcript.text.segment","start":-1}', '{"type":"transcript.progress","done_sec":"1"}', DAMAGE_IN_WORDS]) {
    assert.throws(() => one.on.event(data));
  }
});

test('one file after the other; what ends, is cancelled or removed makes room for the next', () => {
  const [a, b, c, d] = queue.add(['a', 'b', 'c', 'd'].map((name) => file(name)));
  assert.deepEqual(sent.map(({ file: { name } }) => name), ['a']);
  assert.deepEqual([b, c, d].map(({ state }) => state.name), ['queued', 'queued', 'queued']);
  sent[0].on.event(done());
  assert.equal(queue.active, b);
  b.cancel();
  assert.equal(queue.active, c);
  queue.remove(c);
  assert.ok(sent[2].aborted);
  assert.equal(queue.active, d);
  sent[3].on.ended(reply(415));
  assert.equal(queue.active, undefined);
  assert.deepEqual(queue.jobs, [a, b, d]);
  queue.retry(a);
  assert.equal(nameOf(a), 'done', 'what is done is not done again');
});

test('removing what is done has the server forget it', () => {
  const { job, one } = begin();
  one.on.named('id-1');
  one.on.event(done());
  assert.deepEqual(forgotten, []);
  queue.remove(job);
  assert.deepEqual(forgotten, ['id-1']);
});

test('the list is bounded, and says by what it takes how many it did not', () => {
  const files = Array.from({ length: MAX_FILES + 3 }, (_, number) => file(String(number)));
  assert.equal(queue.add(files).length, MAX_FILES);
  assert.equal(queue.add(files).length, 0);
  queue.remove(queue.jobs[5]);
  assert.equal(queue.add(files).length, 1);
  assert.equal(queue.jobs.length, MAX_FILES);
});
