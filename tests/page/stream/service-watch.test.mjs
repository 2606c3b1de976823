import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';
import { progressOf } from '../../../fastapi_service/static/js/stream/service-downloads.js';
import { ServiceWatch } from '../../../fastapi_service/static/js/stream/service-watch.js';

const NONE = { speech: '', sentiment: '', demo: false };
const SPEECH = { speech: 'base', sentiment: '', demo: false };
const BOTH = { speech: 'base', sentiment: 'sst2', demo: false };

/** @type {string[]} */
let told = [];
let asked = 0;
let hidden = false;
/** @type {unknown} */
let answer = {};
let watch = makeWatch();

function makeWatch() {
  return new ServiceWatch(
    (state, models) => told.push(`${state} ${models.speech} ${models.sentiment}`.trim()),
    async () => {
      asked++;
      if (answer instanceof Error) throw answer;
      return answer;
    },
    () => hidden,
  );
}

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000_000 });
  told = [];
  asked = 0;
  hidden = false;
  answer = { models: NONE };
  watch = makeWatch();
});

/** Let time pass, with the answers that come meanwhile. @param {number} seconds */
async function pass(seconds) {
  for (let i = 0; i < seconds * 10; i++) {
    mock.timers.tick(100);
    for (let turn = 0; turn < 4; turn++) await Promise.resolve();
  }
}

test('with both models there nothing is asked and nothing is wrong', async () => {
  watch.session(BOTH);
  await pass(600);
  assert.deepEqual(told, ['ready base sst2']);
  assert.equal(asked, 0);
});

test('missing models are asked for until they are there', async () => {
  watch.session(NONE);
  assert.deepEqual(told, ['loading']);
  await pass(10);
  assert.ok(asked >= 2 && asked <= 5, `${asked}`);
  answer = { models: SPEECH };
  await pass(5);
  answer = { models: BOTH };
  await pass(6);
  assert.deepEqual(told, ['loading', 'loading base', 'ready base sst2']);
  asked = 0;
  await pass(600);
  assert.equal(asked, 0);
});

test('a download is told as it goes on, and as long as it does nothing is missing', async () => {
  /** @type {number[]} */
  const heard = [];
  watch = new ServiceWatch(
    (state, _models, downloads) => {
      told.push(state);
      heard.push(...downloads.map((/** @type {any} */ one) => one.done_bytes));
    },
    async () => answer,
    () => false,
  );
  watch.session(NONE);
  for (let done = 0; done < 200; done++) {
    const loading = [{ part: 'speech', model: 'base', done_bytes: done, total_bytes: 200 }];
    answer = { models: NONE, loading };
    await pass(2);
  }
  assert.ok(!told.includes('absent'));
  assert.ok(heard.length > 100 && heard.at(-1) === 199, `${heard}`);
  answer = { models: NONE, loading: [] };
  await pass(120);
  assert.equal(told.at(-1), 'absent');
});

test('a download is told in megabytes, and what is none is not', () => {
  const mega = 1_000_000;
  const speech = { part: 'speech', model: 'base', done_bytes: 45.9 * mega, total_bytes: 133.3 * mega };
  const unknown = { part: 'sentiment', model: 'x', done_bytes: 7 * mega, total_bytes: 0 };
  assert.equal(
    progressOf([speech, null, 'x', { part: 'other', done_bytes: 1, total_bytes: 2 }, { part: 'speech' }, unknown]),
    'The speech model is being loaded: 45 of 133 MB. The sentiment model is being loaded: 7 of ? MB.',
  );
  assert.equal(progressOf([]), '');
});

test('models that do not come for long are missing, and asked for more and more rarely', async () => {
  watch.session(NONE);
  await pass(120);
  assert.deepEqual(told, ['loading', 'absent']);
  asked = 0;
  await pass(600);
  assert.ok(asked >= 35 && asked <= 41, `${asked}`);
  answer = { models: BOTH };
  await pass(16);
  assert.equal(told.at(-1), 'ready base sst2');
});

test('a hidden page asks nothing, and asks at once when it is seen', async () => {
  watch.session(NONE);
  hidden = true;
  await pass(120);
  assert.equal(asked, 0);
  hidden = false;
  answer = { models: BOTH };
  await watch.look();
  assert.equal(told.at(-1), 'ready base sst2');
});

test('without a connection nothing is asked', async () => {
  watch.session(NONE);
  watch.disconnected();
  await pass(120);
  await watch.look();
  assert.equal(asked, 0);
  watch.session(NONE);
  assert.deepEqual(told, ['loading', 'absent'], 'each connection is told of anew, and the wait goes on');
  await pass(20);
  assert.ok(asked > 0);
});

test('an answer that comes after the connection is gone changes nothing', async () => {
  watch.session(NONE);
  answer = { models: BOTH };
  const looked = watch.look();
  watch.disconnected();
  await looked;
  assert.deepEqual(told, ['loading']);
});

for (const [name, nonsense] of /** @type {const} */ ([
  ['a failure', new Error('offline')],
  ['an answer without models', { ready: false }],
  ['no object', null],
  ['models of another kind', { models: { speech: 1 } }],
])) {
  test(`${name} changes nothing and it is asked again`, async () => {
    watch.session(NONE);
    answer = nonsense;
    await pass(10);
    const before = asked;
    assert.ok(before > 0);
    await pass(10);
    assert.ok(asked > before);
    assert.deepEqual(told, ['loading']);
  });
}

test('an utterance that waits long is reason to ask whether a worker is there', async () => {
  watch.session(BOTH);
  watch.accepted('u-1');
  await pass(14);
  assert.equal(asked, 0);
  await pass(2);
  assert.equal(asked, 1);
  assert.deepEqual(told, ['ready base sst2', 'loading']);
  answer = { models: BOTH };
  await pass(10);
  assert.equal(told.at(-1), 'ready base sst2');
});

test('one that ends in time is none, even where its end is told before its beginning', async () => {
  watch.session(BOTH);
  watch.accepted('u-1');
  await pass(5);
  watch.ended('u-1');
  watch.ended('u-2');
  watch.accepted('u-2');
  await pass(100);
  assert.equal(asked, 0);
});

test('those of a session that is lost wait for nothing', async () => {
  watch.session(BOTH);
  watch.accepted('u-1');
  watch.newSession();
  await pass(100);
  assert.equal(asked, 0);
});

test('one that waits on is asked about again and again, not more often', async () => {
  watch.session(BOTH);
  answer = { models: BOTH };
  watch.accepted('u-1');
  await pass(151);
  assert.ok(asked >= 8 && asked <= 11, `${asked}`);
});
