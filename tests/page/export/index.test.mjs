// Every file of the transcript is read back here as strictly as its standard says.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exported, fileName, FORMATS } from '../../../fastapi_service/static/js/export/index.js';
import { entry, failed, felt, nastyText, random, readCsv, readSrt, readVtt, refused, said, SPOKEN_AT_MS } from './samples.mjs';

const NOW = new Date(SPOKEN_AT_MS + 60_000);
const GERMAN = { language: 'de', translation: 'That was nice.' };
const ENTRIES = [
  refused(0, 'speech probability 0.03 is below 0.50'),
  said('I love this movie.', 1),
  said('Das war schön.', 4, {}, GERMAN),
  failed(7, 'It could not be processed.'),
  entry(9, {}, null),
  said('좋네요.', 10, {}, { language: 'ko', sentiment: null, sentiment_reason: 'This model cannot translate.' }),
  entry(12, { state: 'partial', text: 'And then' }, null),
];

/** @param {import('../../../fastapi_service/static/js/export/index.js').Format} format */
const file = (format, entries = ENTRIES) => exported(format, entries, NOW);

test('subtitles hold the results alone, from the first one on, in the time of capture', () => {
  const cues = [
    { begin_ms: 0, end_ms: 1500, text: 'I love this movie.' },
    { begin_ms: 6000, end_ms: 7500, text: 'Das war schön.' },
    { begin_ms: 18000, end_ms: 19500, text: '좋네요.' },
  ];
  assert.deepEqual(readSrt(file('srt')), cues);
  assert.deepEqual(readVtt(file('vtt')), cues);
  assert.ok(file('srt').startsWith('1\n00:00:00,000 --> 00:00:01,500\nI love this movie.\n\n2\n'));
  assert.ok(file('vtt').startsWith('WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nI love this movie.\n\n'));
});

/** The text of cues, without their ends of lines. @param {{ text: string }[]} cues */
const inLine = (cues) => cues.map(({ text }) => text.replaceAll('\n', ' ')).join(' ');

/** Words of `text` that take so many seconds each, from `startSec` of the stream on. @param {string} text @param {number} startSec @param {number} each */
function timed(text, startSec, each) {
  const words = text.split(' ');
  return words.map((word, at) => ({ word, start_sec: startSec + at * each, end_sec: startSec + (at + 0.9) * each }));
}

test('a long result becomes several cues where the times of its words are known', () => {
  const text = Array.from({ length: 30 }, (_, at) => `word${at}`).join(' ');
  const words = timed(text, 4, 0.5);
  const first = said('Before.', 0, { spokenAtMs: null });
  const long = said(text, 4, { spokenAtMs: null }, { duration_sec: 15.5, words });
  for (const cues of [readSrt(file('srt', [first, long])), readVtt(file('vtt', [first, long]))]) {
    const [before, ...rest] = cues;
    assert.equal(before.text, 'Before.');
    assert.equal(inLine(rest), text);
    assert.ok(rest.length >= 3);
    for (const cue of rest) {
      assert.ok(cue.text.split('\n').every((line) => line.length <= 42), cue.text);
      assert.ok(cue.end_ms - cue.begin_ms <= 7000);
      const word = words.find((one) => inLine([cue]).startsWith(`${one.word} `));
      assert.equal(cue.begin_ms, Math.round((word?.start_sec ?? 0) * 1000), 'it begins with its first word');
    }
    assert.equal(rest[rest.length - 1].end_ms, 18_950, 'it ends with its last word');
  }
});

test('without times of its words, or with those of another text, a long result is shared out by length', () => {
  const text = 'so long '.repeat(20).trim();
  for (const words of [null, [], timed('something else entirely', 0, 1)]) {
    const cues = readSrt(file('srt', [said(text, 0, {}, { duration_sec: 12, words })]));
    assert.equal(inLine(cues), text);
    assert.ok(cues.length >= 2);
    for (const [at, cue] of cues.entries()) {
      const before = inLine(cues.slice(0, at)).length;
      assert.ok(Math.abs(cue.begin_ms - (12_000 * before) / text.length) <= 200);
    }
  }
});

test('text without spaces is cut too, and loses nothing', () => {
  const text = '映画がとても好きです。'.repeat(10);
  const words = [...text].map((word, at) => ({ word, start_sec: at * 0.1, end_sec: at * 0.1 + 0.1 }));
  const cues = readVtt(file('vtt', [said(text, 0, {}, { duration_sec: 11, words })]));
  assert.equal(cues.map((cue) => cue.text).join('').replaceAll('\n', ''), text);
  assert.ok(cues.length >= 4);
});

test('times of words that cannot be give cues that are valid', () => {
  const text = Array.from({ length: 30 }, (_, at) => `word${at}`).join(' ');
  for (const each of [0, -1, 100]) {
    const cues = readVtt(file('vtt', [said(text, 0, {}, { duration_sec: 15, words: timed(text, 0, each) }), said('After.', 20)]));
    assert.equal(inLine(cues), `${text} After.`);
    for (const [at, cue] of cues.entries()) {
      assert.ok(cue.end_ms - cue.begin_ms >= 700);
      assert.ok(at === 0 || cue.begin_ms >= cues[at - 1].end_ms);
    }
  }
});

test('what players take for times, tags and line ends is made safe, and nothing else is changed', () => {
  const text = '1\n\n00:00:01,000 --> 00:00:02,000\r\n<b>bold</b> & a < b {\\an8}';
  const [cue] = readSrt(file('srt', [said(text, 0)]));
  assert.equal(inLine([cue]), '1 00:00:01,000 → 00:00:02,000 ‹b>bold‹/b> & a < b (\\an8)');
  assert.equal(inLine(readVtt(file('vtt', [said(text, 0)]))), '1 00:00:01,000 --> 00:00:02,000 <b>bold</b> & a < b {\\an8}');
});

test('random texts come through each subtitle and table', () => {
  const chance = random(4);
  for (let round = 0; round < 300; round++) {
    const entries = Array.from({ length: Math.floor(chance() * 6) }, (_, n) =>
      said(nastyText(chance), n * 3, { spokenAtMs: chance() < 0.3 ? null : SPOKEN_AT_MS + chance() * 20_000 }),
    );
    const texts = entries.map(({ outcome }) => (outcome?.type === 'result' ? outcome.text : ''));
    const spoken = texts.map((text) => text.replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ').trim()).filter(Boolean);
    const cues = readVtt(file('vtt', entries));
    assert.equal(readSrt(file('srt', entries)).length, cues.length);
    assert.equal(inLine(cues).replaceAll(' ', '').replace(/[\u202b\u202c]/g, ''), spoken.join('').replaceAll(' ', ''));
    cues.forEach((cue, index) => {
      assert.ok(cue.end_ms - cue.begin_ms >= 700 && cue.end_ms - cue.begin_ms <= 7000);
      assert.ok(index === 0 ? cue.begin_ms === 0 : cue.begin_ms >= cues[index - 1].end_ms);
    });
    const cells = readCsv(file('csv', entries)).map(({ text }) => text);
    cells.forEach((text) => assert.doesNotMatch(text, /^[=+\-@\t\r\n]/));
    assert.deepEqual(cells.map((text, index) => (text === `'${texts[index]}` ? texts[index] : text)), texts);
    assert.deepEqual(JSON.parse(file('json', entries)).utterances.map((/** @type {any} */ { text }) => text), texts);
  }
});

test('the table has a row for each utterance that has ended', () => {
  const rows = readCsv(file('csv'));
  assert.deepEqual(rows.map(({ type }) => type), ['dropped', 'result', 'result', 'error', 'error', 'result']);
  assert.deepEqual(rows.map(({ number }) => number), ['1', '2', '3', '4', '5', '6']);
  assert.deepEqual(rows.map(({ offset_sec }) => offset_sec), ['0', '2', '8', '14', '18', '20']);
  assert.deepEqual(rows.map(({ reason }) => reason), ['no_speech', '', '', 'gave_up', 'lost', '']);
  const { spoken_at, ...german } = rows[2];
  assert.match(spoken_at, /^2025-11-2\d \d\d:\d3:15\.120$/);
  assert.deepEqual(german, {
    number: '3', type: 'result', offset_sec: '8', duration_sec: '1.5', language: 'de', text: 'Das war schön.',
    translation: 'That was nice.', sentiment: 'positive', score: '0.998', reason: '', detail: '', server_ms: '152',
    neutral_reason: '', sentences: '', speaker: '', speaker_name: '',
  });
  assert.equal(rows[5].detail, 'This model cannot translate.');
  assert.equal(rows[5].score, '');
});

test('a formula is text to a spreadsheet', () => {
  for (const begin of ['=', '+', '-', '@', '\t', '\r', '＝']) {
    const [row] = readCsv(file('csv', [said(`${begin}HYPERLINK("http://x";"y")`, 0)]));
    assert.equal(row.text, `'${begin}HYPERLINK("http://x";"y")`);
  }
});

test('the JSON has everything, in UTC', () => {
  const read = JSON.parse(file('json', [...ENTRIES, said('Felt', 20, { pageStages: { wait_ms: 400, network_ms: 9 } })]));
  assert.equal(read.format, 'whisper-text-analyzer.transcript');
  assert.equal(read.version, 1);
  assert.equal(read.exported_at, '2025-11-24T05:04:07.120Z');
  assert.equal(read.utterances.length, 7);
  assert.deepEqual(read.utterances[2], {
    type: 'result', session: 1, spoken_at: '2025-11-24T05:03:15.120Z', offset_sec: 8, utterance: '5f1d7c0a-64000',
    start_sec: 4, duration_sec: 1.5, text: 'Das war schön.', language: 'de', translation: 'That was nice.',
    sentiment: { label: 'POSITIVE', score: 0.998, scores: { POSITIVE: 0.998 }, zone: 'positive', neutral_reason: null },
    sentiment_reason: null, sentences: [], decoded_again: false, language_probability: null, words: null, doubtful: false, doubtful_reason: null,
    gaps: [], avg_logprob: null, no_speech_prob: null, temperature: null, channel: null, speaker: null, speaker_name: null, turns: [], timings_ms: { queue: 12.25, speech: 140 },
  });
  assert.equal(read.utterances[4].code, 'lost');
  assert.deepEqual(read.utterances[6].page_ms, { wait_ms: 400, network_ms: 9 });
});

test('the text is for reading: a line for each result, its translation below, each day before its first', () => {
  const later = said('Good\nmorning.', 90_000);
  const lines = file('txt', [...ENTRIES, later, said('Unknown', 95_000, { spokenAtMs: null })]).split('\n');
  assert.equal(lines.pop(), '');
  assert.match(lines[0], /2025/);
  assert.equal(lines[1], '');
  assert.match(lines[2], /^\[.+\] I love this movie\. \(Positive, 99\.8%\)$/);
  assert.match(lines[3], /^\[.+\] Das war schön\. \(Positive, 99\.8%\)$/);
  assert.equal(lines[4], '    In English: That was nice.');
  assert.match(lines[5], /^\[.+\] 좋네요\.$/);
  assert.equal(lines[6], '');
  assert.match(lines[7], /2025/);
  assert.match(lines[9], /^\[.+\] Good morning\. /);
  assert.match(lines[10], /^\[at 1583:20 of speech\] Unknown /);
  assert.equal(lines.length, 11);
});

const PARTS = said('I love it. No, it is awful!', 1, { speakers: { list: [{ speaker: 1, name: 'Anna', same_as: null }] } }, {
  duration_sec: 4,
  sentences: [{ text: 'I love it.', sentiment: felt('positive', 0.9) }, { text: 'No, it is awful!', sentiment: felt('negative', 0.8) }],
  turns: [
    { speaker: 1, start_sec: 1, end_sec: 2, first_char: 0, end_char: 11 },
    { speaker: 2, start_sec: 2.5, end_sec: 5, first_char: 11, end_char: 27 },
  ],
});

test('several who speak in one result have a row, a line, a cue and a part each', () => {
  const rows = readCsv(file('csv', [said('Before.', 0), PARTS]));
  assert.deepEqual(rows.map((row) => [row.number, row.speaker, row.speaker_name, row.text, row.sentiment]), [
    ['1', '', '', 'Before.', 'positive'],
    ['2', '1', 'Anna', 'I love it.', 'positive'],
    ['2', '2', 'Speaker 2', 'No, it is awful!', 'negative'],
  ]);
  assert.deepEqual(rows.map((row) => [row.offset_sec, row.duration_sec, row.server_ms]), [['0', '1.5', '152'], ['2', '1', '152'], ['3.5', '2.5', '']]);
  assert.equal(rows[2].spoken_at.slice(-7), ':10.620');
  const lines = file('txt', [PARTS]).split('\n').filter((line) => line.startsWith('['));
  assert.match(lines[0], /\] Anna: I love it\. \(Positive, 90%\)$/);
  assert.match(lines[1], /\] Speaker 2: No, it is awful! \(Negative, 80%\)$/);
  const [{ parts, speaker, speaker_name, text }] = JSON.parse(file('json', [PARTS])).utterances;
  assert.deepEqual([speaker, speaker_name, text], [null, null, 'I love it. No, it is awful!']);
  assert.deepEqual(parts.map((/** @type {any} */ part) => [part.speaker, part.speaker_name, part.text, part.start_sec]), [[1, 'Anna', 'I love it.', 1], [2, 'Speaker 2', 'No, it is awful!', 2.5]]);
  assert.ok(file('vtt', [PARTS]).includes('00:00:00.000 --> 00:00:01.000\n<v Anna>I love it.\n\n00:00:01.500 --> 00:00:04.000\n<v Speaker 2>No'));
  assert.ok(file('srt', [PARTS]).includes('\nSpeaker 2: No, it is awful!\n'));
});

test('two that were found to be one are one line with one name', () => {
  const speakers = { list: [{ speaker: 1, name: 'Anna', same_as: null }, { speaker: 2, name: 'Bob', same_as: 1 }] };
  const one = { ...PARTS, speakers };
  assert.deepEqual(readCsv(file('csv', [one])).map((row) => [row.speaker, row.speaker_name, row.text]), [['1', 'Anna', 'I love it. No, it is awful!']]);
  assert.match(file('txt', [one]), /\] Anna: I love it\. No, it is awful!/);
  const [{ speaker, speaker_name, parts }] = JSON.parse(file('json', [one])).utterances;
  assert.deepEqual([speaker, speaker_name, parts], [1, 'Anna', undefined]);
});

const SENTENCES = [
  { text: 'I love it.', sentiment: felt('positive', 0.998) },
  { text: '=Great, "really"!', sentiment: felt('neutral', 0.97, 'too_short') },
];
const SEVERAL = said('I love it. =Great, "really"!', 1, {}, { sentences: SENTENCES });
const SPLINTER = said('is not.', 4, {}, { sentiment: felt('neutral', 0.96, 'too_short'), sentences: [
  { text: 'is not.', sentiment: felt('neutral', 0.96, 'too_short') },
] });

test('each of several sentences is in the table, and why a splinter is neutral', () => {
  const [several, splinter] = readCsv(file('csv', [SEVERAL, SPLINTER]));
  assert.equal(several.sentences, 'positive 0.998 I love it.\nneutral too_short =Great, "really"!');
  assert.deepEqual([several.sentiment, several.neutral_reason], ['positive', '']);
  assert.deepEqual([splinter.sentiment, splinter.neutral_reason, splinter.sentences], ['neutral', 'too_short', '']);
});

test('each of several sentences has a line to read below the whole', () => {
  const lines = file('txt', [SEVERAL, SPLINTER]).split('\n').slice(2, -1);
  assert.match(lines[0], /^\[.+\] I love it\. =Great, "really"! \(Positive, 99\.8%\)$/);
  assert.equal(lines[1], '    I love it. (Positive, 99.8%)');
  assert.equal(lines[2], '    =Great, "really"! (Neutral, Too short to tell)');
  assert.match(lines[3], /^\[.+\] is not\. \(Neutral, Too short to tell\)$/);
  assert.equal(lines.length, 4);
});

test('sentences are in the JSON as they came', () => {
  const [several] = JSON.parse(file('json', [SEVERAL])).utterances;
  assert.deepEqual(several.sentences, SENTENCES);
});

test('no utterance gives files that are valid', () => {
  assert.equal(file('srt', []), '');
  assert.deepEqual(readVtt(file('vtt', [])), []);
  assert.deepEqual(readCsv(file('csv', [])), []);
  assert.deepEqual(JSON.parse(file('json', [])).utterances, []);
  assert.equal(file('txt', []), '');
});

test('file names say when, and each format its kind', () => {
  assert.equal(fileName('srt', new Date(2025, 0, 2, 3, 4)), 'transcript-2025-01-02-0304.srt');
  assert.deepEqual(Object.keys(FORMATS), ['txt', 'srt', 'vtt', 'json', 'csv']);
});

test('what is from a file has the times of the file, and its name', () => {
  const segments = [
    said('First.', 3.25, { spokenAtMs: null }),
    failed(6, 'It could not be processed.'),
    said('Second.', 3725, { spokenAtMs: null }),
  ];
  segments[1].spokenAtMs = null;
  const recording = { name: 'talk.mp3', duration_sec: 4000 };
  /** @param {import('../../../fastapi_service/static/js/export/index.js').Format} format */
  const of = (format) => exported(format, segments, NOW, recording);
  const cues = [
    { begin_ms: 3250, end_ms: 4750, text: 'First.' },
    { begin_ms: 3_725_000, end_ms: 3_726_500, text: 'Second.' },
  ];
  assert.deepEqual(readSrt(of('srt')), cues);
  assert.deepEqual(readVtt(of('vtt')), cues);
  assert.deepEqual(readCsv(of('csv')).map(({ offset_sec, spoken_at }) => [offset_sec, spoken_at]), [['3.25', ''], ['6', ''], ['3725', '']]);
  assert.match(of('txt'), /^\[0:03\] First\. \(.+\)\n\[1:02:05\] Second\. \(.+\)\n$/);
  const read = JSON.parse(of('json'));
  assert.deepEqual(read.recording, recording);
  assert.deepEqual(read.utterances.map((/** @type {any} */ { offset_sec }) => offset_sec), [3.25, 6, 3725]);
  assert.equal(JSON.parse(file('json')).recording, undefined);
});
