// A WebSocket without a network: tests play the server.

/** Every socket that was opened, oldest first. @type {FakeSocket[]} */
export const sockets = [];

export class FakeSocket {
  static CONNECTING = 0;
  static OPEN = 1;
  static CLOSED = 3;

  readyState = FakeSocket.CONNECTING;
  bufferedAmount = 0;
  binaryType = 'blob';
  /** What arrived: samples, or null for an empty frame. @type {(number[] | null)[]} */
  received = [];
  /** @type {((event: { data: string }) => void) | null} */ onmessage = null;
  /** @type {((event: { code: number }) => void) | null} */ onclose = null;

  /** @param {string} url @param {string[]} offered */
  constructor(url, offered) {
    this.query = new URL(url).searchParams;
    this.offered = offered;
    sockets.push(this);
  }

  /** @param {Int16Array | ArrayBuffer} data */
  send(data) {
    if (this.readyState !== FakeSocket.OPEN) throw new Error('not open');
    this.received.push(data.byteLength === 0 ? null : [.../** @type {Int16Array} */ (data)]);
  }

  close() {
    this.readyState = FakeSocket.CLOSED;
  }

  // What the server does:

  /** @param {object} message */
  says(message) {
    this.readyState = FakeSocket.OPEN;
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  /** @param {number} code */
  ends(code) {
    this.readyState = FakeSocket.CLOSED;
    this.onclose?.({ code });
  }

  /** @param {string} session @param {number} position @param {object} [more] */
  begins(session, position, more = {}) {
    this.says({
      type: 'session',
      session,
      position,
      seq: 0,
      models: { speech: 'm', sentiment: 'm', demo: false },
      limits: { frame_bytes: 65536, utterance_sec: 15, idle_cut_sec: 2, idle_close_sec: 3600, buffer_sec: 600 },
      ...more,
    });
  }
}

/** The socket that was opened last. */
export function latest() {
  const socket = sockets.at(-1);
  if (socket === undefined) throw new Error('no socket was opened');
  return socket;
}
