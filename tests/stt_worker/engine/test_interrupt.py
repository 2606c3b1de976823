"""openai-whisper gives the model up in the middle of a partial, and what comes next is not changed by that."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import whisper as openai_whisper

from harness.processes import wait_until
from stt_worker.engine.decoder.decoding import WhisperDecoding
from stt_worker.engine.decoder.layer import DecoderLayer
from stt_worker.engine.protocol import Transcript, Utterance
from stt_worker.engine.whisper_engine import WhisperEngine
from stt_worker.partials.model_lock import PriorityModelLock, WorkAbortedError
from stt_worker.settings import SttSettings
from tests.stt_worker.conftest import Say, as_floats

AUDIO = (np.random.default_rng(5).standard_normal(16_000) * 0.1).astype(np.float32)
WAIT_SEC = 60.0
STEPS = ["encoder 0 attn", "encoder 0 mlp", "encoder 1 attn", "encoder 1 mlp", "decoder 0"]  # of a partial, at first


@pytest.fixture
def engine(multilingual_checkpoint: Path) -> WhisperEngine:
    model = openai_whisper.load_model(str(multilingual_checkpoint), device="cpu")
    return WhisperEngine(model, "random", False, SttSettings(logprob_threshold=-0.001))


def nothing(_layer: str) -> None:
    """Before a layer: nothing to do."""


@contextmanager
def layers_counted(
    engine: WhisperEngine, monkeypatch: pytest.MonkeyPatch, before: Callable[[str], None] = nothing
) -> Iterator[list[tuple[str, str]]]:
    """Which thread has finished which layer (of the encoder: which half), in order. `before` is called with each that
    begins."""
    finished: list[tuple[str, str]] = []
    layers = engine._decoding._greedy._layers
    run = DecoderLayer.run

    def noting_run(layer: DecoderLayer, *arguments: Any) -> torch.Tensor:
        name = f"decoder {layers.index(layer)}"
        before(name)
        done = run(layer, *arguments)
        finished.append((threading.current_thread().name, name))
        return done

    hooks = []
    halves = [
        (f"encoder {number} {half}", getattr(block, half))
        for number, block in enumerate(engine._model.encoder.blocks)
        for half in ("attn", "mlp")
    ]
    for name, half in halves:

        def note(*_: Any, name: str = name) -> None:
            finished.append((threading.current_thread().name, name))

        def begin(*_: Any, name: str = name) -> None:
            before(name)

        hooks += [half.register_forward_pre_hook(begin), half.register_forward_hook(note)]
    with monkeypatch.context() as patched:
        patched.setattr(DecoderLayer, "run", noting_run)
        yield finished
    for hook in hooks:
        hook.remove()


def test_a_partial_is_one_try_without_translation(engine: WhisperEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, ...]] = []
    greedy = WhisperDecoding.greedy

    def noting_greedy(decoding: Any, features: Any, languages: Any, task: str, *more: Any, **named: Any) -> Any:
        asked.append((task, *languages))
        return greedy(decoding, features, languages, task, *more, **named)

    monkeypatch.setattr(WhisperDecoding, "greedy", noting_greedy)
    with layers_counted(engine, monkeypatch) as finished:
        heard = engine.partial(Utterance(AUDIO, "ko"), lambda: None)
    assert asked == [("transcribe", "ko")]
    assert [layer for _, layer in finished if layer == STEPS[0]] == STEPS[:1]
    assert (heard.language, heard.temperature, heard.translation, heard.no_translation) == ("ko", 0.0, None, None)


@pytest.mark.parametrize(("text", "timed"), [("So. Then", True), ("So then.", False), ("So then", False)])
def test_a_partial_tells_times_where_a_sentence_may_end_inside_it(
    engine: WhisperEngine, monkeypatch: pytest.MonkeyPatch, text: str, timed: bool
) -> None:
    greedy = WhisperDecoding.greedy

    def said(decoding: Any, *args: Any, **named: Any) -> Any:
        (found,) = greedy(decoding, *args, **named)
        return [replace(found, text=text, tokens=decoding.tokens(text))]

    monkeypatch.setattr(WhisperDecoding, "greedy", said)
    asked = Utterance(AUDIO, "en", word_times=True)
    assert [word.word for word in engine.partial(asked, lambda: None).words] == (text.split() if timed else [])
    assert engine.partial(replace(asked, word_times=False), lambda: None).words == ()


def test_a_partial_of_all_the_speech_is_what_a_final_says(say: Say) -> None:
    settings = SttSettings()
    model = openai_whisper.load_model(str(settings.demo_speech_model), device="cpu")
    demo = WhisperEngine(model, "demo", True, settings)
    audio = as_floats(say("I love this movie."))
    final = demo.transcribe(Utterance(audio, None))
    assert demo.partial(Utterance(audio, None), lambda: None) == final
    assert final.text == "I love this movie."


@pytest.mark.parametrize("steps", [1, 5, 9, 40])
def test_what_interrupts_comes_through_and_leaves_the_model_as_it_was(engine: WhisperEngine, steps: int) -> None:
    before = engine.transcribe(Utterance(AUDIO, "en"))
    rest = iter(range(steps))

    def interrupt() -> None:
        if next(rest, None) is None:
            raise WorkAbortedError

    with pytest.raises(WorkAbortedError):
        engine.partial(Utterance(AUDIO, "en"), interrupt)
    assert engine.transcribe(Utterance(AUDIO, "en")) == before


@pytest.mark.parametrize("where", [STEPS[0], STEPS[1], STEPS[-1]])
def test_a_final_waits_for_no_more_than_a_step_of_a_partial(
    engine: WhisperEngine, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The partial is held in a step until a final is waiting: it may finish that step, but begin no other."""
    alone = engine.transcribe(Utterance(AUDIO, "en"))
    turns = PriorityModelLock()
    in_layer, go_on = threading.Event(), threading.Event()
    endings: list[BaseException | Transcript] = []

    def hold(layer: str) -> None:
        if layer == where and threading.current_thread().name == "partial":
            in_layer.set()
            assert go_on.wait(WAIT_SEC)

    def partial() -> None:
        try:
            with turns.partial(WAIT_SEC):
                endings.append(engine.partial(Utterance(AUDIO, "en"), turns.interrupt))
        except WorkAbortedError as aborted:
            endings.append(aborted)

    def final() -> None:
        with turns.final():
            endings.append(engine.transcribe(Utterance(AUDIO, "en")))

    threads = [threading.Thread(target=work, name=work.__name__) for work in (partial, final)]
    with layers_counted(engine, monkeypatch, hold) as finished:
        threads[0].start()
        assert in_layer.wait(WAIT_SEC)
        threads[1].start()
        wait_until(lambda: not turns.wait_for_no_final(0), WAIT_SEC, "the final is waiting")
        go_on.set()
        for thread in threads:
            thread.join(WAIT_SEC)
    aborted, transcript = endings
    assert isinstance(aborted, WorkAbortedError)
    assert transcript == alone
    partials_layers = [layer for name, layer in finished if name == "partial"]
    assert partials_layers == STEPS[: STEPS.index(where) + 1]


def test_no_partial_begins_while_a_final_has_the_models() -> None:
    turns = PriorityModelLock()
    with turns.final(), pytest.raises(WorkAbortedError), turns.partial(1):
        raise AssertionError("a partial has begun")
    with turns.partial(WAIT_SEC):
        turns.interrupt()
    turns.close()
    with pytest.raises(WorkAbortedError), turns.partial(1):
        raise AssertionError("a partial has begun")
    with turns.final():
        pass
