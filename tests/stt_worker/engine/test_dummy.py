"""The model that is none: what is around the models runs on it, without torch."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from contract.jobs import AnalyzeJob, UtteranceJob
from contract.messages import Dropped
from harness.processes import ROOT
from harness.speech import demo_clips
from stt_worker.engine.dummy import dummy_models, sentence_of
from stt_worker.engine.models import load_models
from stt_worker.engine.protocol import Utterance
from stt_worker.settings import SttSettings
from stt_worker.utterances.draft_cache import DraftCache
from stt_worker.utterances.recognition import Recognition, Recording

SESSION = "d" * 32
SETTINGS = SttSettings(whisper_model="dummy")


def recognition() -> Recognition:
    models = load_models(SETTINGS)
    return Recognition(SETTINGS, models.check, models.engine, DraftCache())


def job(pcm: bytes) -> UtteranceJob:
    return UtteranceJob(session=SESSION, start=0, end=len(pcm) // 2, word_times=True)


def test_the_same_audio_gives_the_same_sentence_and_another_another() -> None:
    clips = [clip.pcm for clip in demo_clips()]
    verdicts = recognition().verdicts([Recording(job(pcm), pcm) for pcm in [*clips, *clips]])
    texts = [verdict.text for verdict in verdicts if isinstance(verdict, AnalyzeJob)]
    assert texts[: len(clips)] == texts[len(clips) :]
    assert len(set(texts)) == len(clips)


def test_words_have_times_within_the_utterance() -> None:
    pcm = demo_clips()[0].pcm
    (verdict,) = recognition().verdicts([Recording(job(pcm), pcm)])
    assert isinstance(verdict, AnalyzeJob)
    assert verdict.words is not None
    assert [word.word for word in verdict.words] == verdict.text.split()
    times = [time for word in verdict.words for time in (word.start_sec, word.end_sec)]
    assert times == sorted(times)
    assert times[-1] <= len(pcm) / 32_000


@pytest.mark.parametrize("pcm", [bytes(32_000), bytes(2)])
def test_silence_is_refused(pcm: bytes) -> None:
    (verdict,) = recognition().verdicts([Recording(job(pcm), pcm)])
    assert isinstance(verdict, Dropped)
    assert verdict.reason == "no_speech"


def test_a_partial_can_be_interrupted() -> None:
    class StopError(Exception):
        pass

    def interrupt() -> None:
        raise StopError

    models = dummy_models()
    audio = np.ones(800, np.float32)
    assert models.engine.partial(Utterance(audio, None), lambda: None).text == sentence_of(audio)
    with pytest.raises(StopError):
        models.engine.partial(Utterance(audio, None), interrupt)


def test_a_worker_without_a_model_needs_no_torch(tmp_path: Path) -> None:
    program = (
        "import json, sys; from stt_worker.settings import SttSettings;"
        "from stt_worker.engine.models import load_models;"
        "models = load_models(SttSettings(whisper_model='dummy')); models.engine.warm_up(); models.check.warm_up();"
        "print(json.dumps([name for name in ('torch', 'whisper', 'silero_vad') if name in sys.modules]))"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout) == []
