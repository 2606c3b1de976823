// Marks the word that is said, where it stands in the document. The browser paints the mark over the text (CSS custom
// highlights), so that nothing is moved or made anew; one that cannot leaves the words as they are.

const NAME = 'spoken'; // as in css/listen.css

/**
 * @typedef {import('../stream/messages.js').Word} Word
 * @typedef {{ startSec: number, endSec: number, begin: number, end: number }} Place of a word: characters of a text
 */

/**
 * Where the words stand in a text, in their order. One that is not found, or not near, is left out.
 * @param {string} text
 * @param {readonly Word[]} words
 * @returns {Place[]}
 */
export function placesOf(text, words) {
  /** @type {Place[]} */
  const places = [];
  let from = 0;
  for (const { word, start_sec: startSec, end_sec: endSec } of words) {
    const plain = word.trim();
    const begin = plain === '' ? -1 : text.indexOf(plain, from);
    if (begin < 0 || begin - from > NEAR_CHARS) continue;
    from = begin + plain.length;
    places.push({ startSec, endSec, begin, end: from });
  }
  return places;
}

const NEAR_CHARS = 40; // further on it would be another one that reads the same

/**
 * The one that is said at a moment: the last that has begun, until it is over.
 * @param {readonly Place[]} places in order
 * @param {number} sec
 * @returns {number} its index, -1 between words
 */
export function placeAt(places, sec) {
  const index = places.findLastIndex(({ startSec }) => startSec <= sec);
  return index >= 0 && sec < places[index].endSec ? index : -1;
}

export class SpokenWords {
  /** @type {Place[]} */ #places;
  /** @type {Text[]} */ #nodes;
  #marked = -1;

  /**
   * @param {readonly Element[]} texts elements that hold the text, in order
   * @param {readonly Word[]} words
   */
  constructor(texts, words) {
    this.#nodes = texts.flatMap(textNodes);
    this.#places = offersMarks() ? placesOf(this.#nodes.map(({ data }) => data).join(''), words) : [];
  }

  /** @param {number} sec on the clock of the words */
  at(sec) {
    const index = placeAt(this.#places, sec);
    if (index === this.#marked) return;
    this.#marked = index;
    if (index < 0) return unmark();
    const { begin, end } = this.#places[index];
    const range = new Range();
    range.setStart(...this.#point(begin, false));
    range.setEnd(...this.#point(end, true));
    CSS.highlights.set(NAME, new Highlight(range));
  }

  /** Nothing is said any more. */
  end() {
    if (this.#marked >= 0) unmark();
    this.#marked = -1;
  }

  /**
   * @param {number} offset in characters of all the text
   * @param {boolean} ends the end of a node, not the beginning of the next
   * @returns {[Text, number]}
   */
  #point(offset, ends) {
    let left = offset;
    for (const node of this.#nodes) {
      if (left < node.length || (ends && left === node.length)) return [node, left];
      left -= node.length;
    }
    const last = this.#nodes[this.#nodes.length - 1];
    return [last, last.length];
  }
}

function offersMarks() {
  return typeof Highlight !== 'undefined' && 'highlights' in CSS;
}

function unmark() {
  CSS.highlights.delete(NAME);
}

/** @param {Element} element @returns {Text[]} */
function textNodes(element) {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  /** @type {Text[]} */
  const nodes = [];
  while (walker.nextNode()) nodes.push(/** @type {Text} */ (walker.currentNode));
  return nodes;
}
