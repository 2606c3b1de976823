"""Which transcripts are kept, and what is cut out of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_worker.engine import quality
from stt_worker.engine.protocol import Refusal, Transcript
from stt_worker.engine.quality import compression_ratio, doubt, judge, needs_fallback, tidy, without_loops
from stt_worker.settings import SttSettings

SETTINGS = SttSettings()
WORDS = st.lists(st.sampled_from(["no", "very", "good", "the", "cat", "ran", "home", "Thank", "you."]), max_size=40)


def heard(text: str, avg_logprob: float = -0.3, no_speech_prob: float = 0.01) -> Transcript:
    return Transcript(text, "en", avg_logprob, no_speech_prob)


@pytest.mark.parametrize(
    "text",
    [
        "no no no",
        "No, no, no, no, no.",
        "very very good",
        "Thank you. Thank you. Thank you.",
        "bye bye bye bye bye bye",
        "that that is is that that is not is not",
        "I know, I know, I know.",
        "it was what it was and it is what it is",
        "one two three four five six seven eight nine ten",
        "감사합니다 정말 정말 감사합니다",
        "ありがとうございます",
        "",
    ],
)
def test_repetition_that_people_say_is_kept(text: str) -> None:
    assert without_loops(text, SETTINGS) == text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("no no no no no no no no", "no"),
        ("I said no no no no no no no no no again", "I said no again"),
        ("Thank you. Thank you. Thank you. Thank you.", "Thank you."),
        ("I love it, I love it. I love it! and then", "I love it, and then"),
        ("so we go home now we go home now we go home now we go", "so we go home now"),
        ("So. " + "This is a longer phrase that comes again. " * 12, "So. This is a longer phrase that comes again."),
        ("ha" * 100, "ha"),
        ("ご視聴ありがとうございました" * 15, "ご視聴ありがとうございました"),
    ],
)
def test_a_loop_is_cut_to_its_first_occurrence(text: str, left: str) -> None:
    assert without_loops(text, SETTINGS) == left


def test_loop_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    assert without_loops("no no no", SETTINGS) == "no no no"
    assert without_loops("a b c a b c a b c", SETTINGS) == "a b c"
    assert without_loops("a b c a b c a b c", SttSettings(loop_min_repeats=4)) == "a b c a b c a b c"
    monkeypatch.setattr(quality, "LOOP_WORDS", 3)
    assert without_loops("no no no", SETTINGS) == "no"
    monkeypatch.setattr(quality, "LOOP_PHRASE_WORDS", 1)
    assert without_loops("a b c a b c a b c", SETTINGS) == "a b c a b c a b c"


@given(WORDS)
def test_cutting_invents_nothing_and_is_stable(words: list[str]) -> None:
    text = " ".join(words)
    cut = without_loops(text, SETTINGS)
    rest = iter(words)
    assert all(word in rest for word in cut.split()), "the words left are not a subsequence"
    assert set(cut.split()) == set(words)


def test_confident_text_is_kept_as_it_is() -> None:
    assert judge(heard(" I love this movie. "), SETTINGS) == "I love this movie."


def test_no_speech_needs_both_signs() -> None:
    refused = judge(heard("Thank you.", avg_logprob=-1.3, no_speech_prob=0.8), SETTINGS)
    assert refused == Refusal(
        "no_speech", "no-speech probability 0.80 is above 0.60 and mean log-probability -1.30 is below -1.00"
    )
    assert judge(heard("Thank you.", avg_logprob=-0.2, no_speech_prob=0.8), SETTINGS) == "Thank you."


def test_unsure_text_is_dropped() -> None:
    refused = judge(heard("What a good app.", avg_logprob=-4.4), SETTINGS)
    assert refused == Refusal("low_confidence", "mean log-probability -4.40 is below -1.00")
    assert judge(heard("What a good app.", avg_logprob=-4.4), SttSettings(logprob_threshold=-5.0))


@pytest.mark.parametrize("text", ["", "  ", "...", "♪ ♪", "-"])
def test_text_without_words_is_dropped(text: str) -> None:
    verdict = judge(heard(text), SETTINGS)
    assert isinstance(verdict, Refusal)
    assert verdict.reason == "empty_text"


def test_what_still_repeats_after_the_cut_is_kept() -> None:
    stubborn = " ".join(["alpha beta alpha gamma alpha beta alpha delta"] * 2 + ["alpha beta alpha gamma"] * 2) * 8
    settings = SttSettings(loop_min_repeats=50)
    assert compression_ratio(stubborn) > settings.compression_ratio_threshold
    assert judge(heard(stubborn), settings) == stubborn
    assert doubt(heard(stubborn), settings) is None
    assert doubt(heard(stubborn), SETTINGS) == "repetition", "a loop is cut out"


def test_an_unsure_text_of_somebody_who_surely_spoke_is_doubtful() -> None:
    unsure = heard("What a good app.", avg_logprob=-1.4)
    assert judge(unsure, SETTINGS, clear_speech=True) == "What a good app."
    assert doubt(unsure, SETTINGS) == "low_confidence"
    assert doubt(heard("What a good app."), SETTINGS) is None
    silent = heard("Thank you.", avg_logprob=-1.3, no_speech_prob=0.8)
    assert isinstance(judge(silent, SETTINGS, clear_speech=True), Refusal), "the model hears silence, too"


def test_details_never_hold_the_transcript() -> None:
    word = "Zanzibar"
    cases = [
        heard(word, -3.0, 0.9),
        heard(word, -3.0),
    ]
    for case in cases:
        verdict = judge(case, SttSettings(loop_min_repeats=100))
        assert isinstance(verdict, Refusal)
        assert word not in verdict.detail
        assert any(character.isdigit() for character in verdict.detail)


def test_tidy() -> None:
    assert tidy(" a\n b\t c \ufffd") == "a b c"
    assert len(tidy("x" * 20_000)) == 8_000


def test_fallback_as_in_openai_whisper() -> None:
    assert not needs_fallback(1.0, -0.3, 0.0, SETTINGS)
    assert needs_fallback(3.0, -0.3, 0.0, SETTINGS)
    assert needs_fallback(1.0, -1.5, 0.0, SETTINGS)
    assert not needs_fallback(1.0, -1.5, 0.9, SETTINGS), "silence is silence at any temperature"
    assert needs_fallback(3.0, -1.5, 0.9, SETTINGS)


def test_compression_ratio_is_whispers() -> None:
    from whisper.utils import compression_ratio as theirs

    for text in ("a", "I love this movie.", "no " * 80):
        assert compression_ratio(text) == theirs(text)
    assert compression_ratio("") == 0


@pytest.mark.parametrize(
    "letters",
    [
        "абвгдежзиклмнопрстуфхцчш",
        "アイウエオカキクケコサシスセソタチツテトナニヌネ",
        "가나다라마바사아자차카타파하거너더러머버서어저처",
    ],
)
def test_compression_does_not_depend_on_the_script(letters: str) -> None:
    menu = "press one to listen to your messages, press two to send a message, press four or six to move back and on"
    other = str.maketrans("abcdefghijklmnopqrstuvwx", letters)
    assert compression_ratio(menu.translate(other)) == pytest.approx(compression_ratio(menu), rel=0.05)
    assert compression_ratio("no ".translate(other) * 80) > SETTINGS.compression_ratio_threshold
