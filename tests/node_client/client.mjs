// A client of the WebSocket written from docs/protocol.md alone, to see whether that page is enough.
//
// Events: 'message' (every message, each outcome once), 'waiting' ({ code, words, sec }), 'refused' ({ code, words }).

import { EventEmitter } from 'node:events';

import WebSocket from 'ws';

import { KeptAudio } from './kept-audio.mjs';

const FRAME_BYTES = 3200;
const FINAL_CODES = [1003, 1007, 1008, 1009, 4001];
const ROUNDING_SAMPLES = 16;
const STEADY_MS = 10_000;

/**
 * @typedef {object} Options
 * @property {string} [token]
 * @property {string} [language]
 * @property {boolean} [speakers] who speaks is asked for
 * @property {number} [firstDelaySec] of the back-off; 1 in the protocol, less in tests
 *
 * @typedef {{ type: string, [field: string]: any }} Message
 */

export class Client extends EventEmitter {
  /** @type {WebSocket | null} */
  #socket = null;
  #kept = new KeptAudio();
  /** @type {string | null} */
  #session = null;
  #frameBytes = FRAME_BYTES;
  #after = 0;
  #gapAfter = -1;
  #rev = 0; // of what was told of who speaks
  /** @type {Map<number, number>} start to end of the utterances that have ended */
  #ended = new Map();
  #endedUntil = 0;
  #delaySec;
  #firstDelaySec;
  #openedMs = 0;
  /** @type {Message | null} */
  #farewell = null;
  #ready = false;
  #sending = false;
  #leaving = false;
  #url;
  #options;

  /**
   * @param {string} url ws:// or wss://, with the path /ws
   * @param {Options} options
   */
  constructor(url, options = {}) {
    super();
    this.#url = url;
    this.#options = options;
    this.#firstDelaySec = options.firstDelaySec ?? 1;
    this.#delaySec = this.#firstDelaySec;
  }

  open() {
    const url = new URL(this.#url);
    if (this.#options.language) url.searchParams.set('language', this.#options.language);
    if (this.#options.speakers) url.searchParams.set('speakers', '1');
    if (this.#rev) url.searchParams.set('speakers_after', String(this.#rev));
    const protocols = ['wta.v1'];
    if (this.#options.token) protocols.push(`token.${Buffer.from(this.#options.token).toString('base64url')}`);
    if (this.#session) {
      protocols.push(`session.${this.#session}`);
      url.searchParams.set('from', String(this.#kept.base));
      url.searchParams.set('after', String(this.#after));
    }
    this.#ready = false;
    this.#farewell = null;
    this.#openedMs = Date.now();
    const socket = new WebSocket(url, protocols, { perMessageDeflate: false });
    this.#socket = socket;
    /** @type {string[]} */
    const problems = [];
    socket.on('message', (data) => this.#take(JSON.parse(data.toString())));
    socket.on('error', (problem) => problems.push(problem.message));
    socket.on('close', (code, reason) => this.#closed(code, reason.toString() || problems.join(' ')));
  }

  /** @param {Buffer} pcm s16le, mono, 16 kHz; whole samples */
  send(pcm) {
    this.#kept.append(pcm);
    void this.#sendAll();
  }

  endUtterance() {
    this.#kept.endUtterance();
    void this.#sendAll();
  }

  /** Whether every utterance has its outcome: utterances follow each other without a hole. */
  get complete() {
    return this.#kept.base === this.#kept.end && this.#endedUntil + ROUNDING_SAMPLES >= this.#kept.end;
  }

  leave() {
    this.#leaving = true;
    this.#socket?.close(1000);
  }

  /** @param {Message} message */
  #take(message) {
    if (message.type === 'session') this.#begin(message);
    else if (message.type === 'accepted') {
      this.#kept.forget(message.position);
      this.#delaySec = this.#firstDelaySec;
    } else if (message.type === 'busy' || (message.type === 'error' && message.seq === 0)) {
      this.#farewell = message;
    } else if (['turns', 'speakers'].includes(message.type)) {
      if (message.rev <= this.#rev) return;
      this.#rev = message.rev;
    } else if (['result', 'dropped', 'error'].includes(message.type)) {
      if (!this.#isNext(message)) return;
      this.#after = message.seq;
      this.#delaySec = this.#firstDelaySec;
      const start = Number(message.utterance.split('-').at(-1));
      this.#ended.set(start, start + Math.round(message.duration_sec * 16_000));
      this.#advance();
    }
    this.emit('message', message);
  }

  /** @param {Message} message an outcome; false for one that came before, and after a gap, which is asked for once */
  #isNext(message) {
    if (message.seq <= this.#after) return false;
    if (message.seq === this.#after + 1 || this.#gapAfter === this.#after) return true;
    this.#gapAfter = this.#after;
    this.#socket?.terminate();
    return false;
  }

  #advance() {
    for (;;) {
      const start = [...this.#ended.keys()].find((begin) => begin <= this.#endedUntil + ROUNDING_SAMPLES);
      if (start === undefined) return;
      this.#endedUntil = Math.max(this.#endedUntil, this.#ended.get(start) ?? 0);
      this.#ended.delete(start);
    }
  }

  /** @param {Message} message */
  #begin(message) {
    if (message.session === this.#session) {
      this.#kept.resume(message.position);
    } else {
      this.#session = message.session;
      this.#kept.moveTo(message.position);
      this.#after = 0;
      this.#gapAfter = -1;
      this.#rev = 0;
      this.#ended.clear();
      this.#endedUntil = message.position;
    }
    this.#frameBytes = Math.min(FRAME_BYTES, message.limits.frame_bytes);
    this.#ready = true;
    void this.#sendAll();
  }

  async #sendAll() {
    if (this.#sending) return;
    this.#sending = true;
    const socket = this.#socket;
    while (this.#ready && socket === this.#socket) {
      const frame = this.#kept.nextFrame(this.#frameBytes);
      if (frame === null) break;
      const failed = await new Promise((written) => socket?.send(frame, written)); // back-pressure
      if (failed) break;
    }
    this.#sending = false;
    if (this.#ready && socket !== this.#socket) void this.#sendAll();
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #closed(code, reason) {
    this.#ready = false;
    if (this.#leaving) return;
    const words = this.#farewell?.message ?? reason;
    if (FINAL_CODES.includes(code)) {
      this.emit('refused', { code, words });
      return;
    }
    if (Date.now() - this.#openedMs > STEADY_MS) this.#delaySec = this.#firstDelaySec;
    const sec = Math.max(this.#delaySec, this.#farewell?.retry_after_sec ?? 0) * (1 + Math.random() / 4);
    this.#delaySec = Math.min(this.#delaySec * 2, 30);
    this.emit('waiting', { code, words, sec });
    setTimeout(() => this.open(), sec * 1000);
  }
}
