// The server's messages (docs/protocol.md) as types: for the checker alone, browsers never load this file.
// contract/messages.py has the same; contract/examples.json holds both to each other by tests.

/**
 * @typedef {'positive' | 'neutral' | 'negative'} Zone
 *
 * @typedef {object} Models
 * @property {string} speech
 * @property {string} sentiment
 * @property {boolean} demo
 *
 * @typedef {object} Limits
 * @property {number} frame_bytes
 * @property {number} utterance_sec
 * @property {number} idle_cut_sec
 * @property {number} idle_close_sec
 * @property {number} buffer_sec how much audio that is not safe yet to keep before recording stops
 * @property {number} sentence_wait_sec how long an utterance stays open after a pause; 0: every pause ends it
 * @property {number} upload_bytes size of the largest file that the server takes; 0: it takes none
 *
 * @typedef {object} Session
 * @property {'session'} type
 * @property {string} session
 * @property {number} position
 * @property {number} seq
 * @property {{ position: number, seq: number }[]} channels of a stream with several: each, in order
 * @property {Models} models
 * @property {Limits} limits
 *
 * @typedef {object} Accepted
 * @property {'accepted'} type
 * @property {string} utterance
 * @property {number} start
 * @property {number} position
 * @property {number | null} channel of a stream with several: which one, from 1
 *
 * @typedef {{ type: 'safe', position: number }} Safe of a stream with several channels
 *
 * @typedef {object} Partial
 * @property {'partial'} type
 * @property {string} utterance
 * @property {string} text
 * @property {number} settled so many characters (code points) of the text, from the first, will hardly change
 * @property {number | null} channel
 *
 * @typedef {object} Sentiment
 * @property {string} label
 * @property {number} score
 * @property {Record<string, number>} scores
 * @property {Zone} zone
 * @property {string | null} neutral_reason why a splinter of a sentence is neutral: `too_short`, `no_verb`, `cut`
 *
 * @typedef {{ text: string, sentiment: Sentiment }} Sentence of the text that was judged
 * @typedef {{ word: string, start_sec: number, end_sec: number }} Word in seconds of the stream
 * @typedef {{ start_sec: number, end_sec: number, reason: string }} Gap speech without words, in seconds of the stream
 *
 * `speaker`: from 1, null while nobody can tell who. `first_char` and `end_char` (exclusive) count code points of the
 * result's text. Turns are in order, and together are the text.
 * @typedef {{ speaker: number | null, start_sec: number, end_sec: number, first_char: number, end_char: number }} Turn
 * @typedef {{ type: 'turns', rev: number, utterance: string, turns: Turn[] }} Turns may come before their result, and again
 *
 * `same_as`: was found to be that other one, whose number and name hold for both.
 * @typedef {{ speaker: number, name: string | null, same_as: number | null }} Speaker
 * @typedef {{ type: 'speakers', rev: number, speakers: Speaker[] }} Speakers all of the session by now
 *
 * @typedef {object} UtteranceFields
 * @property {number} seq
 * @property {string} utterance
 * @property {number} start_sec
 * @property {number} duration_sec
 * @property {Record<string, number>} timings_ms
 *
 * @typedef {UtteranceFields & { type: 'result', text: string, language: string,
 *   language_probability: number | null, translation: string | null, sentiment: Sentiment | null,
 *   sentiment_reason: string | null, sentences: Sentence[], decoded_again: boolean, words: Word[] | null, doubtful: boolean,
 *   doubtful_reason: string | null, gaps: Gap[], avg_logprob: number | null, no_speech_prob: number | null,
 *   temperature: number | null, channel: number | null, speaker: number | null, turns: Turn[] }} Result
 * @typedef {UtteranceFields & { type: 'dropped', reason: string, detail: string, channel: number | null }} Dropped
 * @typedef {UtteranceFields & { type: 'error', code: string, message: string, channel: number | null }} ServerError
 * @typedef {Result | Dropped | ServerError} Outcome
 *
 * @typedef {object} SentimentShare
 * @property {number} count
 * @property {number} share 0 to 1
 * @property {number} mean_score 0 to 1
 *
 * @typedef {{ words: number, audio_sec: number, share: number, sentiment: Record<string, SentimentShare> }} SpeakerShare
 *
 * @typedef {object} StatsBlock
 * @property {number} utterances
 * @property {number} results
 * @property {number} dropped
 * @property {number} errors
 * @property {number} words
 * @property {number} audio_sec
 * @property {number} words_per_minute
 * @property {number} decoded_again results whose quick first text was doubtful
 * @property {number} unjudged results without a sentiment
 * @property {Record<string, SentimentShare>} sentiment of sentences
 * @property {Record<string, SpeakerShare>} speakers of a session, by the number that is shown
 * @property {{ p50: number | null, p95: number | null }} latency_ms
 *
 * @typedef {{ type: 'stats', session: StatsBlock, service: StatsBlock, channel: number | null }} Stats
 * @typedef {{ type: 'busy', code: string, message: string, retry_after_sec: number }} Busy
 * @typedef {Session | Accepted | Safe | Partial | Outcome | Turns | Speakers | Stats | Busy} ServerMessage
 */

export {};
