"""Which sentences are splinters, and why; and that whole ones are none."""

from __future__ import annotations

import pytest

from analyzer_worker.sentences.splinters import neutral_reasons


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("Wonderful!", "too_short"),
        ("Okay.", "too_short"),
        ("Good morning.", "too_short"),
        ("is not.", "too_short"),
        ("I do.", "too_short"),
        ("It isn't.", "too_short"),
        ("Great movie.", "too_short"),
        ("And so my fellow Americans", "no_verb"),
        ("And so my fellow Americans,", "no_verb"),
        ("Because of the beautiful city on the river...", "no_verb"),
        # Two words can be a sentence.
        ("I'm happy.", None),
        ("Love it!", None),
        ("It's hopeless.", None),
        ("Thank you.", None),
        ("That hurts.", None),
        # Finished, and so meant as it is, also without a verb.
        ("What a mess.", None),
        ("A surprisingly funny movie.", None),
        ("One of the worst movies of the year!", None),
        # A word may be a verb, or is not known.
        ("And so my fellow Americans ask", None),
        ("the terrible service of the hotel,", None),
        ("the flurbish of the year,", None),
        ("What your country can do for you,", None),
        ("Ask not what your country can do for you.", None),
    ],
)
def test_english(sentence: str, reason: str | None) -> None:
    assert neutral_reasons([sentence], "en") == [reason]


@pytest.mark.parametrize(
    ("language", "sentence", "reason"),
    [
        ("es", "Bueno.", "too_short"),
        ("es", "Me encanta.", None),
        ("ko", "정말 좋아요.", None),
        ("de", "Und so meine lieben Mitbürger", None),
        ("zh", "好。", "too_short"),
        ("zh", "我喜欢。", None),
        ("ja", "好きです。", None),
        ("th", "ดีมาก", None),
    ],
)
def test_where_nothing_tells_verbs_only_one_word_is_too_short(language: str, sentence: str, reason: str | None) -> None:
    assert neutral_reasons([sentence], language) == [reason]


WHOLE = "I love this movie."


def test_what_the_length_limit_cut_is_the_unfinished_end() -> None:
    open_end = [WHOLE, "But I really hate that they always"]
    assert neutral_reasons(open_end, "en", cut_at_end=True) == [None, "cut"]
    assert neutral_reasons(open_end, "en") == [None, None], "it ended by itself"
    assert neutral_reasons([WHOLE, WHOLE], "en", cut_at_end=True) == [None, None], "the limit fell between sentences"


def test_what_goes_on_after_the_length_limit_begins_small() -> None:
    begun = ["come home late and are so noisy.", WHOLE]
    assert neutral_reasons(begun, "en", cut_at_start=True) == ["cut", None]
    assert neutral_reasons(begun, "en") == [None, None]
    assert neutral_reasons([WHOLE], "en", cut_at_start=True) == [None]
    assert neutral_reasons(["그래서 정말 좋아요."], "ko", cut_at_start=True) == [None], "no small letters there"


def test_cut_goes_before_the_other_reasons() -> None:
    assert neutral_reasons(["and so"], "en", cut_at_end=True) == ["cut"]


def test_a_script_without_marks_tells_no_end() -> None:
    assert neutral_reasons(["ฉันชอบหนังเรื่องนี้"], "th", cut_at_end=True) == [None]
