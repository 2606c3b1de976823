// A result in parts, one for each turn of a speaker: what everybody shows, counts and exports. Pure.
// contract/speakers/parts.py is the same: contract/part_examples.json holds both to each other. All counts are of code
// points.

/**
 * @typedef {import('../stream/messages.js').Result} Result
 * @typedef {import('../stream/messages.js').Turn} Turn
 * @typedef {import('../stream/messages.js').Sentence} Sentence
 *
 * What one speaker said of a result; `speaker` is null where nobody can tell who. Times are seconds of the stream. Where
 * a translation cannot be divided, all of it stands at the first part.
 * @typedef {{ speaker: number | null, start_sec: number, end_sec: number, text: string,
 *   words: import('../stream/messages.js').Word[] | null, sentences: Sentence[],
 *   sentiment: import('../stream/messages.js').Sentiment | null, translation: string | null }} Part
 */

// An end of a sentence, simply: the texts of two languages are only compared by how many they have.
const END = /[.!?…]+["'”’»)\]]*(?=\s)|[。！？｡؟۔।॥]+["'”’»)\]」』）]*/g;

/** @type {WeakMap<Result, Part[]>} results do not change */
const known = new WeakMap();

/** The parts of a result, at least one. One without turns is one part, of its own speaker. @param {Result} result */
export function partsOf(result) {
  const found = known.get(result) ?? divide(result);
  known.set(result, found);
  return found;
}

/** @param {Result} result @returns {Part[]} */
function divide(result) {
  const text = Array.from(result.text);
  const textOf = (/** @type {Turn} */ turn) => text.slice(turn.first_char, turn.end_char).join('').trim();
  const turns = result.turns.filter((turn) => textOf(turn) !== '');
  if (turns.length < 2) return [whole(result, turns[0])];
  const starts = turns.map((turn) => turn.first_char);
  /** @type {Sentence[][]} */
  const sentences = turns.map(() => []);
  const places = middles(result.text, result.sentences.map((sentence) => sentence.text));
  result.sentences.forEach((sentence, number) => sentences[lastBefore(starts, places[number])].push(sentence));
  const begins = turns.map((turn) => turn.start_sec);
  /** @type {import('../stream/messages.js').Word[][]} */
  const words = turns.map(() => []);
  for (const word of result.words ?? []) words[lastBefore(begins, (word.start_sec + word.end_sec) / 2)].push(word);
  const translations = divided(result, starts);
  return turns.map((turn, number) => ({
    speaker: turn.speaker,
    start_sec: turn.start_sec,
    end_sec: turn.end_sec,
    text: textOf(turn),
    words: result.words === null ? null : words[number],
    sentences: sentences[number],
    sentiment: felt(sentences[number]),
    translation: translations[number],
  }));
}

/**
 * @param {Result} result
 * @param {Turn} [turn]
 * @returns {Part}
 */
function whole(result, turn) {
  const { text, words, sentences, sentiment, translation, start_sec, duration_sec } = result;
  const end_sec = Math.round((start_sec + duration_sec) * 1000) / 1000;
  const { speaker, ...when } = turn ?? { speaker: result.speaker, start_sec, end_sec };
  const times = { start_sec: when.start_sec, end_sec: when.end_sec };
  return { speaker, ...times, text: text.trim(), words, sentences, sentiment, translation };
}

/**
 * The number of the last turn that begins at or before `place`; what is before all is the first one's.
 * @param {readonly number[]} starts
 * @param {number} place
 */
function lastBefore(starts, place) {
  return Math.max(0, starts.findLastIndex((start) => start <= place));
}

/**
 * Where in `text` the middle of each sentence is: they may be of its translation.
 * @param {string} text
 * @param {readonly string[]} sentences
 * @returns {number[]}
 */
function middles(text, sentences) {
  const found = [];
  let to = 0; // in units of the string, and
  let chars = 0; // in code points
  for (const sentence of sentences) {
    const begin = text.indexOf(sentence, to);
    if (begin < 0) break;
    const first = chars + length(text.slice(to, begin));
    to = begin + sentence.length;
    chars = first + length(sentence);
    found.push(Math.floor((first + chars) / 2));
  }
  if (found.length === sentences.length) return found;
  const own = ends(text).map((end) => length(text.slice(0, end)));
  if (own.length === sentences.length) return own.map((end, number) => Math.floor(((own[number - 1] ?? 0) + end) / 2));
  return shares(length(text), sentences.map(length));
}

/**
 * The same for sentences of so many characters, by their share of all.
 * @param {number} all characters of the text
 * @param {readonly number[]} lengths
 */
function shares(all, lengths) {
  const sum = Math.max(1, lengths.reduce((total, one) => total + one, 0));
  let before = 0;
  return lengths.map((one) => {
    const place = Math.floor((all * (2 * before + one)) / (2 * sum));
    before += one;
    return place;
  });
}

/** Where the sentences of a text end, in units of the string. @param {string} text */
function ends(text) {
  const found = [...text.matchAll(END)].map((mark) => mark.index + mark[0].length);
  return found.length > 0 && text.slice(found[found.length - 1]).trim() === '' ? found : [...found, text.length];
}

/**
 * The translation by turns, where it has as many sentences as the text; else all of it at the first turn.
 * @param {Result} result
 * @param {readonly number[]} starts
 * @returns {(string | null)[]}
 */
function divided({ text, translation }, starts) {
  if (translation === null) return starts.map(() => null);
  const found = ends(translation);
  if (found.length !== ends(text).length) return starts.map((_, number) => (number === 0 ? translation : null));
  const sentences = found.map((end, number) => translation.slice(found[number - 1] ?? 0, end));
  const texts = starts.map(() => '');
  middles(text, sentences).forEach((middle, number) => (texts[lastBefore(starts, middle)] += sentences[number]));
  return texts.map((one) => one.trim() || null);
}

/**
 * How several sentences felt: the zone of most of their characters, neutral where two zones have as many. Score: the
 * mean in that zone by characters; the rest is that of the longest sentence there.
 * @param {readonly Sentence[]} sentences
 */
function felt(sentences) {
  if (sentences.length < 2) return sentences[0]?.sentiment ?? null;
  /** @type {Map<import('../stream/messages.js').Zone, number>} */
  const lengths = new Map();
  for (const { text, sentiment } of sentences) lengths.set(sentiment.zone, (lengths.get(sentiment.zone) ?? 0) + length(text));
  const most = Math.max(...lengths.values());
  const leading = [...lengths].filter(([, chars]) => chars === most).map(([zone]) => zone);
  const zone = leading.length === 1 ? leading[0] : 'neutral';
  const inZone = sentences.filter(({ sentiment }) => sentiment.zone === zone);
  const counted = inZone.length > 0 ? inZone : sentences;
  const all = Math.max(1, counted.reduce((sum, { text }) => sum + length(text), 0));
  const score = counted.reduce((sum, { text, sentiment }) => sum + sentiment.score * length(text), 0) / all;
  const longest = counted.reduce((one, other) => (length(other.text) > length(one.text) ? other : one)).sentiment;
  return { ...longest, zone, score: Math.min(1, score) };
}

/** In code points. @param {string} text */
function length(text) {
  return Array.from(text).length;
}
