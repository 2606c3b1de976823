"""Where sentences end, in several languages and scripts."""

# ruff: noqa: RUF001  # punctuation of all scripts

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.text.sentences import SENTENCES_MAX, is_finished, sentences_of

# A bar stands where a sentence ends.
CASES = [
    ("en", "I love it. |The room was dirty! |Was it? |Yes."),
    ("en", "It costs 3.5 dollars. |Version 2.0.1 of example.com is out."),
    ("en", "J. F. Kennedy spoke. |J.F. Kennedy spoke. |He was young."),
    ("en", "Mr. Smith met Dr. Jones and St. John, e.g. at noon. |Fine."),
    ("en", "Sammy Davis Jr. sang. |Sammy Davis Jr. |He sang."),
    ("en", "Martin Luther King Jr. Day is today. |We meet at 5 p.m. Eastern time."),
    ("en", "It was in the U.S. |We left. |The U.S. Senate voted."),
    ("en", "Well... I think so. |I don't know... |Maybe later."),
    ("en", "And then… so it goes. |End."),
    ("en", '"Stop!" he said. |"Go on." |She went. |He asked, “Why?” |Nobody knew.'),
    ("en", "(It was bad.) |We left. |That's all.) |Good."),
    ("en", "1. Open the door. |2. Close it. |It has room no. 7. |No. |Wednesday is better."),
    ("en", "What?! |No way!! |Really?"),
    ("en", "wow! |that is great. |i love it. |see e.g. this one."),
    ("en", "no marks at all here"),
    ("en", "Yahoo!'s page. |Done."),
    ("en", "..."),
    ("en", "Hello. ..."),
    ("en", ""),
    ("de", "Am 3. Mai kommt Hr. Müller z.B. nach Berlin. |Das ist gut."),
    ("fr", "« Ça va ? » |Oui ! |M. Dupont est là. |Très bien."),
    ("es", "¡Hola! |¿Qué tal? |El Sr. García llegó. |Bien."),
    ("ru", "Я люблю этот фильм. |А ты? |«Да!» — сказал он. |Хорошо."),
    ("el", "Μου αρέσει. |Είναι καλό!"),
    ("ko", "이 영화 정말 좋아요. |방은 더러웠어요! |그래요? |네."),
    ("zh", "我喜欢这部电影。|房间很脏！|真的吗？|是的。"),
    ("zh", "他说：“你好。”|我走了。|价格是3.5元。"),
    ("zh", "今天很好.|我去了."),
    ("ja", "「好きです。」と言った。|とても良かったです！|「はい。」|彼は笑った。"),
    ("ar", "أحب هذا الفيلم. |هل أنت متأكد؟ |نعم!"),
    ("ur", "یہ اچھا ہے۔ |کیا آپ ٹھیک ہیں؟ |ہاں۔"),
    ("hi", "मुझे यह फिल्म पसंद है। |क्या आप ठीक हैं? |हाँ॥"),
    ("hy", "Ես սիրում եմ։ |Լավ է։"),
    ("am", "እወዳለሁ። |ጥሩ ነው።"),
    ("my", "ကောင်းတယ်။ |မကောင်းဘူး။"),
    ("th", "ฉันชอบหนังเรื่องนี้ ห้องสกปรกมาก"),
]


@pytest.mark.parametrize(("language", "marked"), CASES)
def test_where_sentences_end(language: str, marked: str) -> None:
    assert sentences_of(marked.replace("|", ""), language) == marked.split("|")


PIECES = st.sampled_from([*"abIJ39.!?…。！？۔।\"'”»)」 -«“(と我", " Mr.", "e.g.", "...", " I ", "x. Y", "\n"])


@given(st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=60), st.sampled_from(["en", "de", "ja"]))
def test_no_character_is_lost(text: str, language: str) -> None:
    found = sentences_of(text, language)
    assert "".join(found) == text
    assert 1 <= len(found) <= SENTENCES_MAX
    if len(found) > 1:
        assert all(any(map(str.isalnum, sentence)) for sentence in found), "none is of marks alone"


def test_the_last_takes_the_rest() -> None:
    text = "Hi there. " * 100
    found = sentences_of(text)
    assert len(found) == SENTENCES_MAX
    assert found[:-1] == ["Hi there. "] * (SENTENCES_MAX - 1)
    assert "".join(found) == text


@pytest.mark.parametrize("piece", ["Mr. ", "J. ", "?", '" ', "a?", "a。」と", "« ! » ", "1. "])
def test_no_text_takes_long(piece: str) -> None:
    began = time.process_time()
    sentences_of(piece * (8_000 // len(piece)))
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    ("sentence", "finished"),
    [
        ("I love it.", True),
        ("Really?! ", True),
        ('He said "no."', True),
        ("我喜欢。", True),
        ("And so my fellow Americans", False),
        ("And so my fellow Americans,", False),
        ("And so...", False),
        ("And so…”", False),
        ("", False),
    ],
)
def test_a_finished_sentence_has_a_mark(sentence: str, finished: bool) -> None:
    assert is_finished(sentence) is finished
