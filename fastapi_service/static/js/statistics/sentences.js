// What statistics count of a result: its sentences.

/**
 * @typedef {import('../stream/messages.js').Result} Result
 * @typedef {import('../stream/messages.js').Sentiment} Sentiment
 */

/**
 * Each sentence's sentiment and where in the utterance it is said, from 0 (its begin) to 1, by the letters before it.
 * Of an older server's result, which tells no sentences, its own; nothing where there is no sentiment.
 * @param {Pick<Result, 'sentiment'> & { sentences?: Result['sentences'] }} result
 * @returns {{ sentiment: Sentiment, place: number }[]}
 */
export function countedSentences({ sentiment, sentences = [] }) {
  if (sentiment === null) return [];
  if (sentences.length === 0) return [{ sentiment, place: 0 }];
  const all = sentences.reduce((sum, { text }) => sum + text.length, 0);
  let before = 0;
  return sentences.map((sentence) => {
    const place = all > 0 ? before / all : 0;
    before += sentence.text.length;
    return { sentiment: sentence.sentiment, place };
  });
}
