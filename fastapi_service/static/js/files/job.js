// One file from the moment it is dropped to its last segment, through busy servers and lost connections. The server
// knows a file by its content, so a file that is sent again goes on where it was.

import { Backoff } from '../base/backoff.js';
import { Entries } from '../transcript/utterances.js';
import { readEvent } from './events.js';
import { meaningOf } from './refusals.js';

const LOST_TRIES = 5; // about half a minute, without a segment between them
const BUSY_SEC = 5; // where the server does not say for how long
const LONG_WAY_BYTES = 20 * 1024 * 1024; // a video from here on is sent without its picture, if it can be
const VIDEO = /^video\/|\.(3gp|m4v|mkv|mov|mp4|qt|webm)$/i;

/**
 * @typedef {import('./refusals.js').FailureCode} FailureCode
 * @typedef {import('./events.js').Warning} Warning
 *
 * `taking`: the sound out of a video; `share` is null where it is not known. `waiting`: all of it has arrived and nothing of it is recognised yet. `held`: live speech goes first just now.
 * @typedef {{ name: 'queued' } | { name: 'taking', share: number | null } | { name: 'sending', sent: number, total: number } | { name: 'waiting' }
 *   | { name: 'working', done_sec: number, total_sec: number | null, held: boolean }
 *   | { name: 'retrying', why: import('./refusals.js').Retried, at_ms: number }
 *   | { name: 'done', duration_sec: number, language: string, warnings: Warning[] } | { name: 'cancelled' }
 *   | { name: 'failed', code: FailureCode, message: string }} FileState
 *
 * @typedef {object} JobTools
 * @property {import('./transfer.js').Transfer} transfer
 * @property {typeof import('./sound/index.js').takeSound} takeSound
 * @property {(id: string) => void} forget tells the server
 * @property {() => number} largest_bytes
 * @property {() => Record<string, string>} asked what is asked of the recognition, as fields of the request
 * @property {(job: FileJob) => void} changed
 */

export class FileJob {
  /** @type {JobTools} */ #tools;
  /** @type {(() => void) | null} */ #abort = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  /** @type {string | null} */ #id = null;
  /** @type {File | null} what is sent instead of the file */ #sound = null;
  #whole = false; // it was tried, and nothing can be left out
  #backoff = new Backoff();
  #losses = 0;
  /** @type {FileState} */ state = { name: 'queued' };
  /** Its segments, in order. */ entries = new Entries();
  /** Counts the changes of `entries`. */ revision = 0;
  /** When the first progress of this try came, and how far it was. */ #began = { ms: NaN, done_sec: 0 };

  /**
   * @param {File} file
   * @param {JobTools} tools
   */
  constructor(file, tools) {
    this.file = file;
    this.#tools = tools;
    if (file.size === 0) this.state = { name: 'failed', code: 'empty', message: '' };
    else if (file.size > tools.largest_bytes() && !this.isVideo) this.state = { name: 'failed', code: 'too_large', message: '' };
  }

  /** Whether nothing more happens by itself. */
  get ended() {
    return this.state.name === 'done' || this.state.name === 'cancelled' || this.state.name === 'failed';
  }

  /** Whether it is being worked on, or waits for its next try. */
  get active() {
    return !this.ended && this.state.name !== 'queued';
  }

  /** Whether it has a picture that need not be sent. */
  get isVideo() {
    return VIDEO.test(this.file.type) || VIDEO.test(this.file.name);
  }

  /** Seconds until it is done, by what it took so far; null while that cannot be told. */
  get left_sec() {
    if (this.state.name !== 'working' || this.state.total_sec === null || this.state.held) return null;
    const took_sec = (Date.now() - this.#began.ms) / 1000;
    const done_sec = this.state.done_sec - this.#began.done_sec;
    if (!(took_sec >= 3) || done_sec <= 0) return null;
    return ((this.state.total_sec - this.state.done_sec) * took_sec) / done_sec;
  }

  /** Send it, for the first time or now instead of later. */
  start() {
    if (this.state.name === 'done' || this.#abort !== null) return;
    clearTimeout(this.#timer);
    const { size } = this.file;
    const far = size > Math.min(LONG_WAY_BYTES, this.#tools.largest_bytes());
    if (far && this.isVideo && this.#sound === null && !this.#whole) void this.#take();
    else if ((this.#sound?.size ?? size) > this.#tools.largest_bytes()) this.#set({ name: 'failed', code: 'too_large', message: '' });
    else this.#send(this.#sound ?? this.file);
  }

  /** The sound out of a video, then send it; where that cannot be done, the video, if it is not too large. */
  async #take() {
    const stop = new AbortController();
    this.#abort = () => stop.abort();
    this.#set({ name: 'taking', share: null });
    const progress = (/** @type {number} */ share) => stop.signal.aborted || this.#set({ name: 'taking', share });
    const sound = await this.#tools.takeSound(this.file, this.#tools.largest_bytes(), progress, stop.signal).catch(() => null);
    if (stop.signal.aborted) return;
    this.#abort = null;
    this.#sound = sound;
    this.#whole = sound === null;
    this.start();
  }

  /** @param {File} file */
  #send(file) {
    this.#began = { ms: NaN, done_sec: 0 };
    this.#set({ name: 'sending', sent: 0, total: file.size });
    this.#abort = this.#tools.transfer(file, this.#tools.asked(), {
      sent: (sent, total) => this.#sent(sent, total),
      named: (id) => this.#named(id),
      event: (data) => this.#event(data),
      ended: (reply) => this.#ended(reply),
    });
  }

  /** It waits for its turn, after it had ended. */
  queueAgain() {
    this.#advanced();
    this.#set({ name: 'queued' });
  }

  /** What is there stays; the server is told. */
  cancel() {
    if (this.ended) return;
    this.#stop();
    this.#forget();
    this.#set({ name: 'cancelled' });
  }

  /** It leaves the page, and the server's keeping. */
  discard() {
    this.#stop();
    this.#sound = null;
    this.#forget();
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#abort?.();
    this.#abort = null;
  }

  #forget() {
    if (this.#id !== null) this.#tools.forget(this.#id);
    this.#id = null;
  }

  /** @param {FileState} state */
  #set(state) {
    this.state = state;
    this.#tools.changed(this);
  }

  /**
   * @param {number} sent
   * @param {number} total
   */
  #sent(sent, total) {
    if (this.state.name !== 'sending') return;
    this.#set(sent >= total ? { name: 'waiting' } : { name: 'sending', sent, total });
  }

  /** @param {string} id */
  #named(id) {
    if (this.#id !== null && this.#id !== id) {
      this.entries.remove(() => true); // it is done anew
      this.revision++;
      this.#tools.changed(this);
    }
    this.#id = id;
    if (this.state.name === 'sending') this.#set({ name: 'waiting' });
  }

  /** @param {string} data */
  #event(data) {
    const event = readEvent(data);
    if (event === null) return;
    switch (event.type) {
      case 'progress': {
        if (event.id !== null && event.id !== this.#id) this.#named(event.id);
        this.#progress(event);
        break;
      }
      case 'segment':
        this.#add(event.outcome);
        this.#tools.changed(this);
        break;
      case 'turns':
        this.#spoken(event);
        break;
      case 'done':
        this.#stop();
        for (const outcome of event.failed) this.#add(outcome);
        this.#sound = null;
        this.#set({ name: 'done', duration_sec: event.duration_sec, language: event.language, warnings: event.warnings });
        break;
      case 'error':
        this.#stop();
        this.#refused(meaningOf(NaN, event.code), event.message, null);
        break;
    }
  }

  /** @param {import('./events.js').Progress} progress */
  #progress({ done_sec, total_sec, waiting }) {
    if (waiting && done_sec === 0) {
      this.#set({ name: 'waiting' });
      return;
    }
    if (Number.isNaN(this.#began.ms)) this.#began = { ms: Date.now(), done_sec };
    this.#set({ name: 'working', done_sec, total_sec, held: waiting });
  }

  /** @param {import('../stream/messages.js').Outcome} outcome */
  #add(outcome) {
    if (this.entries.find(outcome.utterance) !== undefined) return; // sent again after a lost connection
    const entry = this.entries.add(outcome.utterance, outcome.start_sec, null);
    Object.assign(entry, { outcome, state: outcome.type, revision: 1 });
    this.entries.trim();
    this.revision++;
    this.#advanced();
  }

  /** @param {import('./events.js').Turns} told */
  #spoken({ utterance, turns }) {
    const entry = this.entries.find(utterance);
    if (entry?.outcome?.type !== 'result') return;
    entry.outcome = { ...entry.outcome, turns };
    entry.revision++;
    this.revision++;
    this.#tools.changed(this);
  }

  /** The server gets on with it: what went wrong before counts no more. */
  #advanced() {
    this.#losses = 0;
    this.#backoff.reset();
  }

  /** @param {import('./transfer.js').Reply} reply */
  #ended({ status, code, message, retry_after_sec, unreadable }) {
    this.#abort = null;
    if (unreadable) this.#set({ name: 'failed', code: 'unreadable', message: '' });
    else this.#refused(meaningOf(status, code), message, retry_after_sec);
  }

  /**
   * @param {ReturnType<typeof meaningOf>} meaning
   * @param {string} message
   * @param {number | null} retry_after_sec
   */
  #refused(meaning, message, retry_after_sec) {
    if (meaning === 'busy') {
      this.#later(meaning, Math.max(1000 * (retry_after_sec ?? BUSY_SEC) + this.#backoff.jitter(), this.#backoff.next()));
    } else if (meaning === 'lost' && this.#losses < LOST_TRIES) {
      this.#losses++;
      this.#later(meaning, this.#backoff.next());
    } else {
      this.#set({ name: 'failed', code: meaning, message });
    }
  }

  /**
   * @param {import('./refusals.js').Retried} why
   * @param {number} wait_ms
   */
  #later(why, wait_ms) {
    this.#timer = setTimeout(() => this.start(), wait_ms);
    this.#set({ name: 'retrying', why, at_ms: Date.now() + wait_ms });
  }
}
