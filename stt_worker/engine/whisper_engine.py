"""openai-whisper behind `SpeechEngine`: its own modules and weights, used with as little work as they allow.

One encoder pass an utterance serves language, text and translation (openai-whisper's `transcribe` encodes again for
each, and for every temperature). It sees the utterance and a margin instead of always 30 s; where the result is then
doubtful, the utterance is encoded and decoded again with the whole window (engine.fallback). Utterances that wait
together go through encoder and decoder together; segments of files on a CPU are dealt to its cores first
(engine.side_by_side). There is no text of earlier utterances in the prompt: each is decoded alone.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain

import numpy as np
import torch
import whisper as openai_whisper  # the distribution is openai-whisper; `whisper` on PyPI is another program
from numpy.typing import NDArray
from whisper.audio import HOP_LENGTH, N_FRAMES
from whisper.tokenizer import LANGUAGES

from contract.audio import SAMPLE_RATE_HZ
from stt_worker.engine.cover import surely_speech
from stt_worker.engine.decoder.decoding import Attempt, WhisperDecoding
from stt_worker.engine.decoder.encoded import EncodedAudio
from stt_worker.engine.decoder.encoder import POSITION_SAMPLES, encode, spectrogram, window_frames
from stt_worker.engine.decoder.growing import EncodedBefore, tail_start
from stt_worker.engine.decoder.sentence_end import has_mark_inside
from stt_worker.engine.fallback import Fallback, transcript
from stt_worker.engine.hints import repeats
from stt_worker.engine.phrase_end import PhraseEnd
from stt_worker.engine.protocol import NO_DRAFT, Draft, Refusal, Transcript, Utterance, WordTime, WorkInterruptedError
from stt_worker.engine.quality import judge
from stt_worker.engine.row import Row
from stt_worker.engine.side_by_side import SideBySide, dealt
from stt_worker.engine.weights.precision import DTYPES, choose_precision, set_precision
from stt_worker.settings import SttSettings

logger = logging.getLogger(__name__)

WARM_UP_SEC = 1.0
SURE_LANGUAGE = 0.9  # these three by 146 prompts in five languages; of 232 others 12 instead of 17 come out wrong
SHORT_SEC = 6.0
PAUSE_SEC = 0.3
# On the average. By bench/engine/together.py segments of files gain up to a quarter by a core each, or lose 3 %; what
# people say live is decoded again too often: Italian loses up to a fifth, as a core waits for another's second try.
LONG_SEC = 15.0

Samples = NDArray[np.float32]


class WhisperEngine:
    """A loaded openai-whisper model, which it takes over: its weights are changed to the precision in use."""

    def __init__(self, model: openai_whisper.Whisper, name: str, demo: bool, settings: SttSettings) -> None:
        """Raises PrecisionError when WHISPER_PRECISION cannot be had on the model's device."""
        self._name = name
        self._demo = demo
        self._settings = settings
        self.precision = choose_precision(settings.whisper_precision, model.device)
        set_precision(model, self.precision)
        self._model = model.eval()
        self._beside = SideBySide()
        self._phrase_end = PhraseEnd.of(model)
        self._dtype = DTYPES[self.precision]
        self._decoding = WhisperDecoding(model, self.precision, settings)
        self._fallback = Fallback(self._decoding, self._encode, settings)
        self._languages = tuple(LANGUAGES)[: model.num_languages] if model.is_multilingual else ("en",)
        # What has a smaller decoder (turbo: 4 layers of 32, distil-whisper: 2) was trained without translations, as
        # openai-whisper's README says of turbo. All others have as many layers in the decoder as in the encoder.
        cut_down = model.dims.n_text_layer < model.dims.n_audio_layer
        self._can_translate = bool(model.is_multilingual) and not cut_down

    @property
    def model(self) -> openai_whisper.Whisper:
        """The one that it took over."""
        return self._model

    @property
    def name(self) -> str:
        """The model's name."""
        return self._name

    @property
    def demo(self) -> bool:
        """Whether it is the demo model."""
        return self._demo

    @property
    def can_translate(self) -> bool:
        """Whether it has Whisper's translate task: not for English-only models, turbo, and others cut down like it."""
        return self._can_translate

    @torch.inference_mode()
    def warm_up(self) -> None:
        """Transcribe a second of faint noise, with each of the windows there are."""
        noise = np.random.default_rng(0).standard_normal(int(WARM_UP_SEC * SAMPLE_RATE_HZ)).astype(np.float32) * 0.01
        for frames in (self._frames(len(noise)), N_FRAMES):
            features = self._encode([noise], frames)
            spoken = [language for language, _ in self._spoken(features, [None])]
            self._decoding.greedy(features, spoken, "transcribe", [8])

    def transcribe(
        self, utterance: Utterance, draft: Sequence[int] = (), interrupt: Callable[[], None] | None = None
    ) -> Transcript:
        """See `SpeechEngine.transcribe`."""
        with self._interrupted_by(interrupt):
            return self.transcribe_all([utterance], draft)[0]

    def transcribe_all(self, utterances: Sequence[Utterance], draft: Sequence[int] = ()) -> list[Transcript]:
        """See `SpeechEngine.transcribe_all`. A language that the model does not know is detected instead (an
        English-only model takes all for English). The demo model was trained neither with prompts nor with timestamps
        and gets none; nor does its attention tell when a word is said."""
        if self._demo:
            utterances = [replace(one, prompt="", speech=()) for one in utterances]
        samples = [len(one.audio) for one in utterances]
        threads = torch.get_num_threads()
        long = sum(samples) > LONG_SEC * SAMPLE_RATE_HZ * len(samples)
        if long and self._model.device.type == "cpu" and 1 < threads < len(samples):
            return self.side_by_side(utterances, threads)
        return self.together(utterances, draft)

    def side_by_side(self, utterances: Sequence[Utterance], threads: int) -> list[Transcript]:
        """`transcribe_all` in so many threads: each computes with one core."""
        hands = dealt([len(one.audio) for one in utterances], threads)
        heard = self._beside.each(self.together, [[utterances[place] for place in hand] for hand in hands])
        by_place = dict(zip(chain(*hands), chain(*heard), strict=True))
        return [by_place[place] for place in range(len(utterances))]

    @torch.inference_mode()
    def together(self, utterances: Sequence[Utterance], draft: Sequence[int] = ()) -> list[Transcript]:
        """`transcribe_all` in the calling thread: all of them go through encoder and decoder at once."""
        frames = max(self._frames(len(one.audio)) for one in utterances)
        features = self._encode([one.audio for one in utterances], frames)
        spoken = self._spoken(features, [one.language for one in utterances], [one.audio for one in utterances])
        languages = [language for language, _ in spoken]
        limits = [self._decoding.token_limit(len(one.audio), SAMPLE_RATE_HZ) for one in utterances]
        prompts = [one.prompt for one in utterances]
        first = self._decoding.greedy(features, languages, "transcribe", limits, draft=draft, prompts=prompts)
        heard = []
        for at, (one, (language, probability), attempt) in enumerate(zip(utterances, spoken, first, strict=True)):
            row = Row(one, features[at : at + 1], frames, language, limits[at])
            row.probability = probability
            heard.append(self._heard(row, attempt))
        return heard

    @torch.inference_mode()
    def encoded(self, audio: Samples) -> torch.Tensor:
        """The encoder's output, (positions, n_audio_state), for `audio` (samples at 16 kHz, -1 to 1, shape (n,))."""
        return self._encode([audio], self._frames(len(audio))).features[0]

    @torch.inference_mode()
    def partial(self, utterance: Utterance, interrupt: Callable[[], None], before: Draft = NO_DRAFT) -> Transcript:
        """See `SpeechEngine.partial`. A text that only repeats its prompt is none; what is doubtful where only the end
        was heard anew is done again with all of it."""
        audio, prompt = utterance.audio, "" if self._demo else utterance.prompt
        limits = [self._decoding.token_limit(len(audio), SAMPLE_RATE_HZ)]
        with self._interrupted_by(interrupt):
            for features in self._growing(audio, before.encoded):
                ((language, probability),) = self._spoken(features, [utterance.language])
                (found,) = self._decoding.greedy(features, [language], "transcribe", limits, before.tokens, [prompt])
                if not self._decoding.is_doubtful(found):
                    break
            text = "" if repeats(found.text, prompt) else found.text
            words: tuple[WordTime, ...] = ()
            if utterance.word_times and not self._demo and has_mark_inside(text):
                interrupt()
                words = self._times(features, language, found, len(audio))
        heard = transcript(found, language)
        probability = probability or heard.language_probability
        encoded = EncodedBefore(features.features[0], len(audio))
        return replace(heard, text=text, language_probability=probability, words=words, encoded=encoded)

    def recover(self) -> None:
        """Give memory back. Nothing is kept between calls."""
        gc.collect()
        if self._model.device.type == "cuda":
            torch.cuda.empty_cache()

    @contextmanager
    def _interrupted_by(self, interrupt: Callable[[], None] | None) -> Iterator[None]:
        self._decoding.interrupt = interrupt
        try:
            yield
        finally:
            self._decoding.interrupt = None

    def _frames(self, samples: int) -> int:
        """How many frames of the spectrogram the encoder sees of an utterance."""
        if self._settings.whisper_window == "full":
            return int(N_FRAMES)
        return window_frames(samples, self._settings.whisper_window_floor_sec, self._settings.whisper_window_margin_sec)

    def _encode(self, audio: Sequence[Samples], frames: int, first: int = 0) -> EncodedAudio:
        mels, device = self._model.dims.n_mels, self._model.device
        mel = torch.stack([spectrogram(samples, mels, frames, device) for samples in audio])
        return EncodedAudio(encode(self._model.encoder, mel.to(self._dtype), self._decoding.interrupt, first))

    def _growing(self, audio: Samples, before: object | None) -> Iterator[EncodedAudio]:
        """`audio` with only its end heard anew, where that will do; then all of it. The demo model knows no text but at
        the beginning of its window."""
        in_parts = not self._demo and self._settings.whisper_window == "adaptive"
        if in_parts and isinstance(before, EncodedBefore) and (first := tail_start(len(audio), before)) is not None:
            tail = audio[first * POSITION_SAMPLES :]
            frames = min(self._frames(len(tail)), int(N_FRAMES) - 2 * first)
            yield EncodedAudio(before.joined(self._encode([tail], frames, first).features[0], first)[None])
        yield self._encode([audio], self._frames(len(audio)))

    def _spoken(
        self, features: EncodedAudio, wanted: Sequence[str | None], audio: Sequence[Samples] = ()
    ) -> list[tuple[str, float | None]]:
        """The language of each row, and how probable it is where it had to be detected. Where `audio` is given, short
        audio of which that is unsure is looked at twice."""
        if not self._model.is_multilingual:
            return [("en", None)] * len(wanted)
        for language in wanted:
            if language is not None and language not in self._languages:
                logger.warning("the model %s does not know the language %r that was asked for", self._name, language)
        open_rows = [row for row, language in enumerate(wanted) if language not in self._languages]
        found = self._decoding.spoken(features) if open_rows else []  # of all: the decode needs their keys as well
        detected = {
            row: self._decoding.likeliest(self._looked_again(audio[row], found[row]) if audio else found[row])
            for row in open_rows
        }
        return [detected.get(row) or (str(language), None) for row, language in enumerate(wanted)]

    def _looked_again(self, audio: Samples, first: list[float]) -> list[float]:
        """`first`, or where that is unsure its mean with what is found where `audio` fills a window, over and over: a
        short sentence before much silence tells less of its language."""
        if max(first) >= SURE_LANGUAGE or len(audio) > SHORT_SEC * SAMPLE_RATE_HZ:
            return first
        once = np.concatenate([audio, np.zeros(int(PAUSE_SEC * SAMPLE_RATE_HZ), np.float32)])
        frames = self._frames(0)
        (second,) = self._decoding.spoken(self._encode([np.resize(once, frames * HOP_LENGTH)], frames))
        return [(one + other) / 2 for one, other in zip(first, second, strict=True)]

    def _heard(self, row: Row, first: Attempt) -> Transcript:
        best = self._fallback.transcribe(row, first)
        heard = replace(
            transcript(best, row.language),
            decoded_again=row.decoded_again,
            language_probability=row.probability,
            gaps=row.gaps,
            phrase_end=self._phrase_ends(row),
        )
        if isinstance(judge(heard, self._settings, surely_speech(row.speech)), Refusal):
            return heard
        if row.word_times:
            heard = replace(heard, words=self._words(row, best))
        return heard if row.language == "en" else self._translated(heard, row)

    def _phrase_ends(self, row: Row) -> float | None:
        listener = self._phrase_end
        return None if listener is None else listener.probability(row.features.features[0], row.audio)

    def _words(self, row: Row, best: Attempt) -> tuple[WordTime, ...]:
        if row.words is not None:
            return row.words
        return self._times(row.features, row.language, best, len(row.audio))

    def _times(self, features: EncodedAudio, language: str, said: Attempt, samples: int) -> tuple[WordTime, ...]:
        """The times of the words; none where that fails, which is no reason to lose the text."""
        try:
            return self._decoding.word_times(features, language, said, samples)
        except WorkInterruptedError:
            raise
        except Exception:
            logger.exception("no times of the words")
            return ()

    def _translated(self, heard: Transcript, row: Row) -> Transcript:
        """`heard` with its English, from the features that are already there."""
        spoken = LANGUAGES[row.language].title()
        unread = f"The sentiment model does not read {spoken}"
        if not self._settings.stt_translate:
            return replace(heard, no_translation=f"{unread}, and translation is turned off.")
        if not self._can_translate:
            reason = f"{unread}, and the speech model {self._name} cannot translate {spoken}."
            return replace(heard, no_translation=reason)
        english = transcript(self._fallback.translated(row), "en")
        heard = replace(heard, decoded_again=row.decoded_again)
        verdict = judge(english, self._settings, surely_speech(row.speech))
        if isinstance(verdict, Refusal):
            return replace(heard, no_translation=f"There is no reliable English translation: {verdict.detail}.")
        unsure = english.avg_logprob < self._settings.logprob_threshold
        return replace(heard, translation=verdict, unsure_translation=unsure)
