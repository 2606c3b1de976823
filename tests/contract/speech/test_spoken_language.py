"""A language as people write it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.speech.spoken_language import CODES, LANGUAGES, NAMES, language_code


def test_the_table_is_whispers() -> None:
    from whisper.tokenizer import LANGUAGES as THEIRS
    from whisper.tokenizer import TO_LANGUAGE_CODE

    assert list(LANGUAGES.items()) == list(THEIRS.items())
    assert {name: language_code(name) for name in TO_LANGUAGE_CODE} == TO_LANGUAGE_CODE
    assert set(NAMES.values()) | set(CODES.values()) <= set(THEIRS)
    assert not set(CODES) & set(THEIRS)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *[(text, "en") for text in ("en", "EN", " en ", "english", "English", "en-US", "en_US", "en-us", "eng")],
        *[(text, "en") for text in ("en_GB.UTF-8", "en_US.utf8", "en-Latn-GB", "en_DK@euro")],
        *[(text, "zh") for text in ("zh", "zh-CN", "zh-tw", "zh_HK", "zh-Hans-CN", "cmn", "Mandarin", "chi", "zho")],
        *[(text, "yue") for text in ("yue", "yue-HK", "zh-yue", "Cantonese")],
        *[(text, "pt") for text in ("pt-BR", "pt_PT", "Portuguese")],
        *[(text, "jw") for text in ("jw", "jv", "jav", "javanese")],
        *[(text, "he") for text in ("he", "iw", "iw-IL", "heb")],
        *[(text, "no") for text in ("no", "nb", "nb-NO", "nob", "norwegian")],
        *[(text, "tl") for text in ("tl", "fil", "fil-PH", "filipino", "tagalog")],
        *[(text, "ht") for text in ("ht", "Haitian Creole", "haitian  creole", "haitian")],
        ("in", "id"),
        ("ji", "yi"),
        ("nn-NO", "nn"),
        ("castilian", "es"),
        ("es-419", "es"),
        ("burmese", "my"),
        ("deu", "de"),
        ("ger", "de"),
        ("haw", "haw"),
        ("sr-Cyrl", "sr"),
        *[(text, None) for text in ("", "  ", "auto", "AUTO", "und", "multi")],
    ],
)
def test_what_people_write_is_understood(text: str, code: str | None) -> None:
    assert language_code(text) == code


@pytest.mark.parametrize(
    "text",
    ["xx", "xx-US", "e1", "e", "englisch", "en-", "-en", "en--us", "en US", "en/us", "de;DROP", "en\x00", "éé", "xyz"],
)
def test_what_is_no_language_is_quoted(text: str) -> None:
    with pytest.raises(ValueError, match="is no language that is known") as refused:
        language_code(text)
    assert ascii(text) in str(refused.value)


def test_a_long_one_is_quoted_in_part() -> None:
    with pytest.raises(ValueError, match="no language") as refused:
        language_code("en-" + "x" * 10_000)
    assert len(str(refused.value)) < 200


@given(st.text(max_size=80))
def test_any_text_is_a_language_or_refused_in_one_line(text: str) -> None:
    try:
        code = language_code(text)
    except ValueError as problem:
        assert str(problem).isprintable()
        assert str(problem).isascii()
    else:
        assert code is None or code in LANGUAGES


@given(st.sampled_from(sorted(LANGUAGES)), st.from_regex(r"([-_][A-Za-z]{4})?([-_][A-Z]{2})?", fullmatch=True))
def test_every_code_stays_itself_in_any_country(code: str, rest: str) -> None:
    assert language_code(code + rest) == code
