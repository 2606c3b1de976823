// Server-sent events, cut in every place where a network may cut them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventStreamParser } from '../../../fastapi_service/static/js/files/event-stream.js';
import { random } from '../export/samples.mjs';

const STREAM =
  '\ufeffdata: {"a":1}\n\n: keep-alive\n\nevent: x\nid: 7\ndata:no space\n\ndata: two\r\ndata: lines\r\n\r\ndata: 좋네요 😀\r\r' +
  'data\n\nretry: 5\n\ndata:  kept space\n\ndata: unfinished\n';
const EVENTS = ['{"a":1}', 'no space', 'two\nlines', '좋네요 😀', '', ' kept space'];

/** @param {string[]} pieces */
function read(pieces) {
  const parser = new EventStreamParser();
  return pieces.flatMap((piece) => parser.feed(piece));
}

test('the data of each event, without comments, names, and what is not finished', () => {
  assert.deepEqual(read([STREAM]), EVENTS);
});

test('cut in two at any place it is the same', () => {
  for (let at = 0; at <= STREAM.length; at++) {
    assert.deepEqual(read([STREAM.slice(0, at), STREAM.slice(at)]), EVENTS, `cut at ${at}`);
  }
});

test('cut into random pieces, and into single characters, it is the same', () => {
  const chance = random(11);
  for (let round = 0; round < 500; round++) {
    const pieces = [];
    for (let at = 0; at < STREAM.length; ) {
      const length = Math.floor(chance() * 9);
      pieces.push(STREAM.slice(at, at + length));
      at += length;
    }
    assert.deepEqual(read(pieces), EVENTS);
  }
  assert.deepEqual(read([...STREAM]), EVENTS);
});

test('an event comes as soon as its empty line does', () => {
  const parser = new EventStreamParser();
  assert.deepEqual(parser.feed('data: 1\n'), []);
  assert.deepEqual(parser.feed('\n'), ['1']);
  assert.deepEqual(parser.feed('data: 2\r\n\r'), ['2']);
  assert.deepEqual(parser.feed('\ndata: 3\n\n'), ['3']);
});

test('an event without an end is refused before it fills the memory', () => {
  const parser = new EventStreamParser();
  const piece = `data: ${'x'.repeat(999_990)}\n`;
  assert.throws(() => {
    for (let count = 0; count < 20; count++) parser.feed(piece);
  }, RangeError);
  const line = new EventStreamParser();
  assert.throws(() => {
    for (let count = 0; count < 20; count++) line.feed('y'.repeat(1_000_000));
  }, RangeError);
});
