// The page's scripts as one text, without the tables of words: those have every word and say none.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';

const JS = new URL('../../../fastapi_service/static/js/', import.meta.url);
const TABLES = ['text/en.js', 'text/files-en.js', 'text/files-ko.js', 'text/ko.js'];

const found = readdirSync(JS, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.js'));
const read = found.filter((name) => !TABLES.includes(name));
assert.equal(found.length - read.length, TABLES.length);
assert.ok(read.length > 70, 'those in the folders too');

export const scripts = read.map((name) => readFileSync(new URL(name, JS), 'utf8')).join('\n');
