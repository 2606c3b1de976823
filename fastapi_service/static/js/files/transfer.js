// One file on its way: the upload with its progress, and the answer's events while they come. XMLHttpRequest, because
// fetch reports no progress of an upload.

import { EventStreamParser } from './event-stream.js';

const UPLOAD_URL = 'v1/audio/transcriptions'; // of the page's address, whatever path it is served under
const SILENT_MS = 45_000; // the server says something every 10 s: after so long without a byte nobody is there

/**
 * Why there was an answer without events, or none. `status` is 0 for a connection that broke, 200 for a stream that
 * ended; `unreadable`: the file itself cannot be read (any more).
 * @typedef {{ status: number, code: string, message: string, retry_after_sec: number | null, unreadable?: boolean }} Reply
 *
 * @typedef {object} TransferHandlers
 * @property {(bytes: number, total: number) => void} sent of the request's body
 * @property {(id: string) => void} named the server's id of the transcription
 * @property {(data: string) => void} event
 * @property {(reply: Reply) => void} ended once, unless aborted
 *
 * `asked`: fields of the request beside the file; empty ones are left out.
 * @typedef {(file: File, asked: Record<string, string>, handlers: TransferHandlers) => () => void} Transfer returns what aborts it
 */

/** @type {Transfer} */
export function transfer(file, asked, { sent, named, event, ended }) {
  const request = new XMLHttpRequest();
  const parser = new EventStreamParser();
  let read = 0;
  let over = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => end(0), SILENT_MS);
  };
  const streams = () =>
    request.status === 200 && (request.getResponseHeader('Content-Type') ?? '').startsWith('text/event-stream');
  const take = () => {
    if (!streams()) return;
    const text = request.responseText;
    const piece = text.slice(read);
    read = text.length;
    for (const data of parser.feed(piece)) {
      if (!over) event(data);
    }
  };
  /** @param {number} status */
  const end = (status) => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    const reply = { status, ...(status === 0 ? NOTHING : refusal(request)) };
    request.abort();
    if (status !== 0) ended(reply);
    else void readable(file).then((can) => ended({ ...reply, unreadable: !can }));
  };
  request.upload.onprogress = ({ loaded, total }) => {
    heard();
    if (!over) sent(loaded, total);
  };
  request.onreadystatechange = () => {
    const id = request.readyState === request.HEADERS_RECEIVED ? request.getResponseHeader('X-Transcription-Id') : null;
    if (id && !over) named(id);
  };
  request.onprogress = () => {
    heard();
    guarded(take, () => end(0));
  };
  request.onload = () => {
    guarded(take, () => end(0));
    end(request.status);
  };
  request.onerror = () => end(0);
  request.open('POST', UPLOAD_URL);
  request.send(form(file, asked));
  heard();
  return () => {
    over = true;
    clearTimeout(timer);
    request.abort();
  };
}

/** Have the server cancel a transcription or forget its result; what it answers changes nothing here. @param {string} id */
export function forget(id) {
  void fetch(`${UPLOAD_URL}/${encodeURIComponent(id)}`, { method: 'DELETE', keepalive: true }).catch(() => {});
}

const NOTHING = Object.freeze({ code: '', message: '', retry_after_sec: null });

/**
 * @param {File} file
 * @param {Record<string, string>} asked
 */
function form(file, asked) {
  const fields = new FormData();
  fields.append('model', 'whisper-1');
  fields.append('response_format', 'verbose_json');
  fields.append('stream', 'true');
  fields.append('progress', 'true');
  for (const [name, value] of Object.entries(asked)) {
    if (value !== '') fields.append(name, value);
  }
  fields.append('file', file); // last, so that the server knows what is asked before it comes
  return fields;
}

/** What an answer that is no stream says. @param {XMLHttpRequest} request */
function refusal(request) {
  const after = Number(request.getResponseHeader('Retry-After') ?? NaN);
  const retry_after_sec = Number.isFinite(after) && after >= 0 ? after : null;
  try {
    const { error } = JSON.parse(request.responseText);
    return { code: String(error.code ?? ''), message: String(error.message ?? ''), retry_after_sec };
  } catch {
    return { ...NOTHING, retry_after_sec }; // a proxy's own page, or events
  }
}

/** Whether the file is there: folders are none, and what was chosen may have been moved. @param {File} file */
async function readable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {() => void} act
 * @param {() => void} otherwise
 */
function guarded(act, otherwise) {
  try {
    act();
  } catch {
    otherwise(); // no events, or an event without an end
  }
}
