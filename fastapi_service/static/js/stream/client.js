// One session over as many connections as it takes (docs/protocol.md).
//
// Audio is kept until the server says that it is safe; after a lost connection the rest is sent again from the
// position that the server names. Outcomes are numbered, so each is handed on once.

import { SAMPLE_RATE_HZ } from '../base/audio-format.js';
import { Backoff } from '../base/backoff.js';
import { Liveness } from './liveness.js';
import { CLOSE_CODES, parseMessage, ProtocolError } from './protocol.js';
import { SpeechClock } from './speech-clock.js';
import { UnsafeAudio } from './unsafe-audio.js';

const SUBPROTOCOL = 'wta.v1';
const SESSION_PREFIX = 'session.';
const SESSION_KEY = 'wta.session';
const CLOCK_KEY = 'wta.clock';

const BUFFER_SEC = 600; // until the server names its limit
const HIGH_WATER_BYTES = 256 * 1024; // of the socket's own buffer, so that resending needs little memory
const PUMP_EVERY_MS = 50;
const CONNECT_TIMEOUT_MS = 15_000;
const WATCH_EVERY_MS = 5_000;
const FRESH_MS = 3_000; // a connection as young as this knows of no change before it
const EMPTY_FRAME = new ArrayBuffer(0);

/**
 * @typedef {import('./messages.js').ServerMessage} ServerMessage
 *
 * `waiting` and `busy` end at `retryAtMs` (epoch); `idle` ends when there is something to send; the last three end
 * only by `connect`.
 * @typedef {'connecting' | 'open' | 'waiting' | 'busy' | 'idle' | 'taken_over' | 'refused' | 'broken'} ConnectionName
 * @typedef {{ name: ConnectionName, retryAtMs: number | null }} ConnectionState
 *
 * @typedef {object} ClientHandlers
 * @property {(state: ConnectionState) => void} state
 * @property {(message: ServerMessage, replayed: boolean) => void} message each outcome once; `replayed` is true for
 *   those that were there before the page was
 * @property {() => void} sessionLost the server no longer knew the session; a new one began
 */

export class StreamClient {
  /** @type {string} */ #url;
  /** @type {Storage} */ #storage;
  /** @type {ClientHandlers} */ #handlers;
  /** @type {() => Record<string, string>} */ #options;
  #held = new UnsafeAudio();
  #clock = new SpeechClock();
  #backoff = new Backoff();
  #liveness = new Liveness();
  /** @type {ConnectionState} */ #state = { name: 'idle', retryAtMs: null };
  /** @type {WebSocket | null} */ #socket = null;
  #ready = false; // the session message has come
  /** @type {string | null} */ #session;
  #lastSeq = 0;
  #lastRev = 0; // of what was told of the speakers
  /** @type {number | null} */ #replayUntil = null;
  #positionsValid = true; // false once another page has sent audio to the session
  #bufferSec = BUFFER_SEC;
  #marksPauses = false; // an empty frame on the present connection need not end an utterance
  #openMs = 0; // so long it may leave one open
  /** @type {number | null} */ #retryAfterMs = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #connectTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #pumpTimer;
  /** @type {ReturnType<typeof setInterval> | undefined} */ #watchTimer;
  #startedMs = 0; // of the present attempt to connect

  /**
   * @param {string} url ws: or wss:, without a query
   * @param {Storage} storage keeps the session's id and its clock over a reload
   * @param {ClientHandlers} handlers
   * @param {() => Record<string, string>} [options] what else the query of the next connection says
   */
  constructor(url, storage, handlers, options = () => ({})) {
    this.#url = url;
    this.#storage = storage;
    this.#handlers = handlers;
    this.#options = options;
    this.#session = storage.getItem(SESSION_KEY);
    this.#clock.load(storage.getItem(CLOCK_KEY));
  }

  get state() {
    return this.#state;
  }

  /** The session's id, which is a secret; null before there is one. */
  get session() {
    return this.#session;
  }

  /** Seconds of speech that the server has not said are safe. */
  get heldSec() {
    return this.#held.seconds;
  }

  /** The stream position that the next sample gets. */
  get position() {
    return this.#held.end;
  }

  /**
   * Epoch milliseconds at which a moment of the stream was spoken, or null when that is not known.
   * @param {number} streamSec
   */
  spokenAt(streamSec) {
    return this.#clock.at(Math.round(streamSec * SAMPLE_RATE_HZ));
  }

  /** Connect now: at first, instead of waiting on, or from a state that does not end by itself. */
  connect() {
    this.#drop();
    this.#startedMs = Date.now();
    this.#setState('connecting');
    const url = new URL(this.#url);
    const options = this.#options();
    this.#marksPauses = options.sentences === '1';
    for (const [name, value] of Object.entries(options)) url.searchParams.set(name, value);
    url.searchParams.set('after', String(this.#lastSeq));
    if (options.speakers === '1') url.searchParams.set('speakers_after', String(this.#lastRev));
    const oldest = this.#held.oldest;
    if (oldest !== null && this.#positionsValid) url.searchParams.set('from', String(oldest));
    const offered = this.#session === null ? [SUBPROTOCOL] : [SUBPROTOCOL, SESSION_PREFIX + this.#session];
    const socket = new WebSocket(url.href, offered);
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onclose = (event) => this.#closed(event.code);
    this.#connectTimer = setTimeout(() => this.#closed(0), CONNECT_TIMEOUT_MS);
  }

  /**
   * The machine slept or its network changed: the connection may be dead without an event. WebSockets in browsers
   * cannot send pings, but connecting again costs little and resuming loses nothing.
   */
  revive() {
    const { name, retryAtMs } = this.#state;
    const stale = (name === 'open' || name === 'connecting') && Date.now() - this.#startedMs >= FRESH_MS;
    const overdue = name === 'busy' && Date.now() >= (retryAtMs ?? 0); // else the server has named the time
    if (name === 'waiting') this.#backoff.reset();
    if (stale || overdue || name === 'waiting') this.connect();
  }

  /**
   * Take a chunk of speech. False when no more can be kept: the caller must stop recording, visibly.
   * @param {Int16Array<ArrayBuffer>} pcm
   * @param {number} capturedMs epoch milliseconds of its first sample
   */
  push(pcm, capturedMs) {
    if (this.#held.seconds + pcm.length / SAMPLE_RATE_HZ > this.#bufferSec) return false;
    if (this.#clock.note(this.#held.end, capturedMs)) this.#storage.setItem(CLOCK_KEY, this.#clock.save());
    this.#held.push(pcm, capturedMs);
    if (this.#state.name === 'idle') this.connect();
    else this.#pump();
    return true;
  }

  /** The utterance is over: an empty frame goes out after what was pushed. */
  endUtterance() {
    this.#held.pushEmpty();
    this.#pump();
  }

  /** The speaker has paused: an empty frame here as well, and the one of the utterance's end is the second in a row. */
  pause() {
    this.#held.pushEmpty();
    this.#pump();
  }

  /** @param {unknown} data */
  #receive(data) {
    let message;
    try {
      message = parseMessage(data);
    } catch (problem) {
      if (!(problem instanceof ProtocolError)) throw problem;
      console.warn(`ignored a message: ${problem.message}`);
      return;
    }
    this.#liveness.heard();
    if (message === null) return;
    switch (message.type) {
      case 'session':
        this.#begin(message);
        break;
      case 'accepted':
        this.#backoff.reset();
        this.#held.forget(message.position);
        this.#liveness.accepted(this.#held.seconds === 0);
        break;
      case 'busy':
        this.#retryAfterMs = message.retry_after_sec * 1000;
        break;
      case 'result':
      case 'dropped':
      case 'error':
        if (message.seq === 0) break;
        if (message.seq <= this.#lastSeq) return; // shown before
        this.#lastSeq = message.seq;
        break;
      case 'turns':
      case 'speakers':
        if (message.rev > 0 && message.rev <= this.#lastRev) return; // told before
        this.#lastRev = Math.max(this.#lastRev, message.rev);
        break;
      default:
        break;
    }
    const replayed = 'seq' in message && message.seq > 0 && message.seq <= (this.#replayUntil ?? 0);
    this.#handlers.message(message, replayed);
  }

  /** @param {import('./messages.js').Session} message */
  #begin(message) {
    clearTimeout(this.#connectTimer);
    const known = message.session === this.#session;
    const lost = this.#session !== null && !known;
    if (!known) {
      this.#session = message.session;
      this.#lastSeq = 0;
      this.#lastRev = 0;
      this.#clock.clear();
      this.#storage.setItem(SESSION_KEY, message.session);
    }
    this.#replayUntil ??= known ? message.seq : 0;
    this.#bufferSec = message.limits.buffer_sec;
    this.#openMs = this.#marksPauses && message.limits.sentence_wait_sec > 0 ? message.limits.utterance_sec * 1000 : 0;
    this.#held.resume(message.position, known && this.#positionsValid);
    this.#positionsValid = true;
    for (const frame of this.#held.audio) this.#clock.note(frame.position, frame.captured_ms);
    this.#storage.setItem(CLOCK_KEY, this.#clock.save());
    if (lost) this.#handlers.sessionLost();
    this.#ready = true;
    this.#liveness.begin();
    this.#watchTimer = setInterval(() => this.#watch(), WATCH_EVERY_MS);
    this.#setState('open');
    this.#pump();
  }

  /** Send what is held and was not sent, as fast as the connection takes it. */
  #pump() {
    clearTimeout(this.#pumpTimer);
    const socket = this.#socket;
    if (socket === null || !this.#ready || socket.readyState !== WebSocket.OPEN) return;
    for (let frame = this.#held.peek(); frame !== null; frame = this.#held.peek()) {
      if (socket.bufferedAmount > HIGH_WATER_BYTES) {
        this.#pumpTimer = setTimeout(() => this.#pump(), PUMP_EVERY_MS);
        return;
      }
      socket.send(frame.pcm ?? EMPTY_FRAME); // every platform with a browser is little-endian
      this.#held.advance();
      if (frame.pcm === null) this.#liveness.asked(this.#openMs);
    }
  }

  /** Notice a connection that is dead but not closed. */
  #watch() {
    if (this.#liveness.dead(this.#socket?.bufferedAmount ?? 0)) this.#closed(0);
    else this.#backoff.reset(); // it has held for a while: the next loss is a new one
  }

  /** @param {number} code 0 when this side gave up */
  #closed(code) {
    this.#drop();
    const meaning = CLOSE_CODES[code] ?? 'waiting';
    switch (meaning) {
      case 'idle':
        if (this.#held.seconds > 0) this.#wait('waiting', this.#backoff.next());
        else this.#setState('idle');
        break;
      case 'taken_over':
        this.#held.forgetSent();
        this.#positionsValid = false;
        this.#setState('taken_over');
        break;
      case 'refused':
      case 'broken':
        this.#setState(meaning);
        break;
      case 'busy':
        this.#wait('busy', this.#retryAfterMs === null ? this.#backoff.next() : this.#retryAfterMs + this.#backoff.jitter());
        break;
      default:
        this.#wait('waiting', this.#backoff.next());
        break;
    }
  }

  /**
   * @param {ConnectionName} name
   * @param {number} ms
   */
  #wait(name, ms) {
    this.#setState(name, Date.now() + ms);
    this.#connectTimer = setTimeout(() => this.connect(), ms);
  }

  /** Let go of the socket and of every timer. */
  #drop() {
    clearTimeout(this.#connectTimer);
    clearTimeout(this.#pumpTimer);
    clearInterval(this.#watchTimer);
    this.#ready = false;
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null) return;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  }

  /**
   * @param {ConnectionName} name
   * @param {number | null} [retryAtMs]
   */
  #setState(name, retryAtMs = null) {
    if (name === 'open') this.#retryAfterMs = null;
    this.#state = { name, retryAtMs };
    this.#handlers.state(this.#state);
  }
}
