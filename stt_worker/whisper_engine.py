"""openai-whisper behind `SpeechEngine`: its own modules and its own `decode`, the audio encoded once an utterance.

openai-whisper's `transcribe` encodes again to detect the language and for every temperature; `decode` and
`detect_language` take features that are already encoded, so language, fallback and translation share one pass.
There is no text of earlier utterances in the prompt: each is decoded alone.
"""

from __future__ import annotations

import gc
import logging
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import torch
import whisper as openai_whisper  # the distribution is openai-whisper; `whisper` on PyPI is another program
from numpy.typing import NDArray
from speech_engine import SpeechEngineError, Transcript
from speech_quality import Refusal, judge, needs_fallback
from stt_settings import SttSettings
from whisper.audio import HOP_LENGTH, N_FFT, N_FRAMES
from whisper.tokenizer import LANGUAGES

from contract.names import SAMPLE_RATE_HZ

logger = logging.getLogger(__name__)

WARM_UP_SEC = 1.0
WARM_UP_TOKENS = 8
SPARE_TOKENS = 16  # beside `tokens_per_sec_max`, for very short utterances
TURBO_LAYERS = (32, 4)  # large-v3-turbo: trained without translation data (openai-whisper, README, "turbo")
SEED = 0  # sampling above temperature 0 gives the same text for the same audio


class WhisperEngine:
    """A loaded openai-whisper model."""

    def __init__(self, model: openai_whisper.Whisper, name: str, demo: bool, settings: SttSettings) -> None:
        self._model = model.eval()
        self._name = name
        self._demo = demo
        self._settings = settings
        self._on_gpu = model.device.type == "cuda"
        self._languages = tuple(LANGUAGES)[: model.num_languages] if model.is_multilingual else ("en",)
        turbo = (model.dims.n_audio_layer, model.dims.n_text_layer) == TURBO_LAYERS
        self._can_translate = bool(model.is_multilingual) and not turbo

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
        """Whether it has Whisper's translate task: not for English-only models and turbo."""
        return self._can_translate

    @torch.inference_mode()
    def warm_up(self) -> None:
        """Encode and decode a second of faint noise."""
        noise = np.random.default_rng(SEED).standard_normal(int(WARM_UP_SEC * SAMPLE_RATE_HZ)).astype(np.float32)
        features = self._encode(noise * 0.01)
        if self._model.is_multilingual:
            self._detect(features)
        self._decode_once(features, "en", "transcribe", 0.0, WARM_UP_TOKENS)

    @torch.inference_mode()
    def transcribe(self, audio: NDArray[np.float32], language: str | None) -> Transcript:
        """See `SpeechEngine.transcribe`. A language that the model does not know is detected instead (an English-only
        model takes all for English)."""
        torch.manual_seed(SEED)
        tokens = self._token_limit(len(audio))
        features = self._encode(audio)
        spoken = self._spoken(features, language)
        best = self._decode(features, spoken, "transcribe", tokens)
        heard = Transcript(
            text=best.text,
            language=spoken,
            avg_logprob=best.avg_logprob,
            no_speech_prob=best.no_speech_prob,
            temperature=best.temperature,
        )
        if spoken == "en" or isinstance(judge(heard, self._settings), Refusal):
            return heard
        return self._translated(heard, features, tokens)

    @torch.inference_mode()
    def partial(self, audio: NDArray[np.float32], language: str | None, interrupt: Callable[[], None]) -> Transcript:
        """See `SpeechEngine.partial`."""
        with self._interrupted_by(interrupt):
            features = self._encode(audio)
            spoken = self._spoken(features, language)
            best = self._decode_once(features, spoken, "transcribe", 0.0, self._token_limit(len(audio)))
        return Transcript(best.text, spoken, best.avg_logprob, best.no_speech_prob)

    @contextmanager
    def _interrupted_by(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """Have `interrupt` called before each part of each layer; a final's layers, outside, have no such hook."""
        blocks = [*self._model.encoder.blocks, *self._model.decoder.blocks]
        parts = [part for block in blocks for part in (block.attn, block.cross_attn, *block.mlp) if part is not None]
        hooks = [part.register_forward_pre_hook(lambda *_: interrupt()) for part in parts]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def recover(self) -> None:
        """Give memory back. `decode` keeps nothing between calls: it removes its hooks even when it raises."""
        gc.collect()
        if self._on_gpu:
            torch.cuda.empty_cache()

    def _encode(self, audio: NDArray[np.float32]) -> torch.Tensor:
        """The encoder's output for `audio`, shape (n_audio_ctx, n_audio_state).

        Padded as `transcribe` does it: the spectrogram to 30 s with zeros, not the audio with silence. There the
        spectrogram is made with 30 s of silence after the audio, of which only the last window's part matters.
        """
        dims = self._model.dims
        frames = len(audio) // HOP_LENGTH
        mel = openai_whisper.log_mel_spectrogram(np.pad(audio, (0, N_FFT)), dims.n_mels, device=self._model.device)[
            :, :frames
        ]
        mel = openai_whisper.pad_or_trim(mel, N_FRAMES)
        features: torch.Tensor = self._model.encoder((mel.half() if self._on_gpu else mel)[None])[0]
        return features

    def _spoken(self, features: torch.Tensor, language: str | None) -> str:
        if language in self._languages:
            return str(language)
        if language is not None:
            logger.warning("the model %s does not know the language %r that was asked for", self._name, language)
        return self._detect(features) if self._model.is_multilingual else "en"

    def _detect(self, features: torch.Tensor) -> str:
        _, probabilities = openai_whisper.detect_language(self._model, features)
        return str(max(probabilities, key=lambda code: float(probabilities[code])))

    def _token_limit(self, samples: int) -> int:
        wanted = SPARE_TOKENS + math.ceil(samples / SAMPLE_RATE_HZ * self._settings.tokens_per_sec_max)
        return min(int(self._model.dims.n_text_ctx) // 2, wanted)  # half of the context, as in openai-whisper

    def _decode(self, features: torch.Tensor, language: str, task: str, tokens: int) -> Any:
        """Decode at one temperature after the other until the result will do, else the best of them.

        The best is the most confident that is not repetitive (openai-whisper's `transcribe` takes the last).
        """
        results: list[Any] = []
        for temperature in self._settings.whisper_temperatures:
            result = self._decode_once(features, language, task, temperature, tokens)
            if not needs_fallback(result.compression_ratio, result.avg_logprob, result.no_speech_prob, self._settings):
                return result
            results.append(result)
        limit = self._settings.compression_ratio_threshold
        return max(results, key=lambda result: (result.compression_ratio <= limit, result.avg_logprob))

    def _decode_once(self, features: torch.Tensor, language: str, task: str, temperature: float, tokens: int) -> Any:
        options = openai_whisper.DecodingOptions(
            task=task,
            language=language,
            temperature=temperature,
            sample_len=tokens,
            without_timestamps=True,
            fp16=self._on_gpu,
        )
        result = openai_whisper.decode(self._model, features, options)
        if not math.isfinite(result.avg_logprob):
            raise SpeechEngineError(f"the model's log-probability is {result.avg_logprob}: its numbers overflowed")
        return result

    def _translated(self, heard: Transcript, features: torch.Tensor, tokens: int) -> Transcript:
        """`heard` with its English, from the features that are already there."""
        if not self._can_translate:
            spoken = LANGUAGES[heard.language].title()
            reason = (
                f"The sentiment model reads English only, and the speech model {self._name} cannot translate {spoken}."
            )
            return replace(heard, no_translation=reason)
        result = self._decode(features, heard.language, "translate", tokens)
        english = Transcript(result.text, "en", result.avg_logprob, result.no_speech_prob, result.temperature)
        verdict = judge(english, self._settings)
        if isinstance(verdict, Refusal):
            return replace(heard, no_translation=f"There is no reliable English translation: {verdict.detail}.")
        return replace(heard, translation=verdict)
