// Reads server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) out of a text that comes in
// pieces, cut anywhere. EventSource cannot be used where the events answer a POST.

const MAX_EVENT_CHARS = 8_000_000; // the last event repeats the whole text of hours

export class EventStreamParser {
  #line = ''; // without its end yet
  /** @type {string[]} */ #data = [];
  #chars = 0;
  #begun = false;
  #afterReturn = false; // the piece before ended in a carriage return: a line feed now belongs to it

  /**
   * The data of each event that `text` completes. Comments, names and ids are left out.
   * @param {string} text the next piece
   * @returns {string[]}
   * @throws {RangeError} when an event has no end
   */
  feed(text) {
    let piece = text;
    if (piece === '') return [];
    if (!this.#begun && piece.startsWith('\ufeff')) piece = piece.slice(1);
    this.#begun = true;
    if (this.#afterReturn && piece.startsWith('\n')) piece = piece.slice(1);
    this.#afterReturn = text.endsWith('\r');
    const [first, ...others] = piece.split(/\r\n|\r|\n/);
    this.#line += first;
    /** @type {string[]} */
    const events = [];
    for (const next of others) {
      this.#endLine(events);
      this.#line = next;
    }
    if (this.#chars + this.#line.length > MAX_EVENT_CHARS) throw new RangeError('an event has no end');
    return events;
  }

  /** @param {string[]} events */
  #endLine(events) {
    const line = this.#line;
    if (line === '') {
      if (this.#data.length > 0) events.push(this.#data.join('\n'));
      this.#data = [];
      this.#chars = 0;
    } else if (line === 'data' || line.startsWith('data:')) {
      const value = line.slice(5);
      this.#data.push(value.startsWith(' ') ? value.slice(1) : value);
      this.#chars += value.length;
    }
  }
}
