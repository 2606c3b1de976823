// When each utterance was spoken, as a player counts: from the beginning of the first one, or of the file it is from.

/**
 * What of an utterance says when it was spoken.
 * @typedef {Pick<import('../transcript/utterances.js').Entry, 'session' | 'startSec' | 'spokenAtMs'> &
 *   { outcome: { duration_sec: number } | null }} Timed
 *
 * Whole milliseconds; `end_ms` is after `begin_ms`.
 * @typedef {{ begin_ms: number, end_ms: number }} Span
 */

/**
 * The spans of utterances in the order in which they were spoken. The first one begins at 0 (at its place in the file,
 * if they are of one), and none begins before the previous one has ended. Stream positions count speech, not time, so
 * the time of capture decides; where that is not known, the utterance follows the previous one as in the stream.
 * @param {readonly Timed[]} utterances
 * @param {boolean} [ofFile]
 * @returns {Span[]}
 */
export function timeline(utterances, ofFile = false) {
  /** @type {Span[]} */
  const spans = [];
  /** @type {number | null} */
  let shiftMs = null; // from the clock to the player's time
  utterances.forEach((utterance, index) => {
    const durationMs = Math.max(1, (utterance.outcome?.duration_sec ?? 0) * 1000);
    const before = index === 0 ? { begin_ms: 0, end_ms: 0 } : spans[index - 1];
    let begin = index === 0 ? 0 : following(utterances[index - 1], utterance, before);
    if (ofFile) begin = 1000 * utterance.startSec;
    if (utterance.spokenAtMs !== null) {
      shiftMs ??= begin - utterance.spokenAtMs;
      begin = utterance.spokenAtMs + shiftMs;
      if (begin < before.begin_ms) {
        shiftMs += before.end_ms - begin; // the clock was set back in between
      }
    }
    begin = Math.max(Math.round(begin), before.end_ms);
    spans.push({ begin_ms: begin, end_ms: begin + Math.max(1, Math.round(durationMs)) });
  });
  return spans;
}

/**
 * Where an utterance begins by its place in the stream alone.
 * @param {Timed} before
 * @param {Timed} utterance
 * @param {Span} span of the one before
 */
function following(before, utterance, span) {
  if (before.session !== utterance.session) return span.end_ms;
  return span.begin_ms + Math.max(0, utterance.startSec - before.startSec) * 1000;
}
