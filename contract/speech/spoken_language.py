"""The languages that Whisper knows, and what people write when they mean one.

Codes and names are those of openai-whisper 20250625, whisper/tokenizer.py (LANGUAGES and TO_LANGUAGE_CODE; a test holds
them to it), which not every service has. Three-letter codes are ISO 639-3 and, where another is in use, ISO 639-2/B.
"""

from __future__ import annotations

import re

TEXT_MAX_CHARS = 60  # of what names a language

# Whisper's code, its name in English, and three-letter codes.
_TABLE = """
en english eng; zh chinese zho chi cmn; de german deu ger; es spanish spa; ru russian rus; ko korean kor;
fr french fra fre; ja japanese jpn; pt portuguese por; tr turkish tur; pl polish pol; ca catalan cat;
nl dutch nld dut; ar arabic ara arb; sv swedish swe; it italian ita; id indonesian ind; hi hindi hin;
fi finnish fin; vi vietnamese vie; he hebrew heb; uk ukrainian ukr; el greek ell gre; ms malay msa may zsm;
cs czech ces cze; ro romanian ron rum; da danish dan; hu hungarian hun; ta tamil tam; no norwegian nor nob;
th thai tha; ur urdu urd; hr croatian hrv; bg bulgarian bul; lt lithuanian lit; la latin lat; mi maori mri mao;
ml malayalam mal; cy welsh cym wel; sk slovak slk slo; te telugu tel; fa persian fas per pes; lv latvian lav lvs;
bn bengali ben; sr serbian srp; az azerbaijani aze azj; sl slovenian slv; kn kannada kan; et estonian est ekk;
mk macedonian mkd mac; br breton bre; eu basque eus baq; is icelandic isl ice; hy armenian hye arm;
ne nepali nep npi; mn mongolian mon khk; bs bosnian bos; kk kazakh kaz; sq albanian sqi alb; sw swahili swa swh;
gl galician glg; mr marathi mar; pa punjabi pan; si sinhala sin; km khmer khm; sn shona sna; yo yoruba yor;
so somali som; af afrikaans afr; oc occitan oci; ka georgian kat geo; be belarusian bel; tg tajik tgk;
sd sindhi snd; gu gujarati guj; am amharic amh; yi yiddish yid ydd; lo lao; uz uzbek uzb uzn; fo faroese fao;
ht haitian-creole hat; ps pashto pus pbt; tk turkmen tuk; nn nynorsk nno; mt maltese mlt; sa sanskrit san;
lb luxembourgish ltz; my myanmar mya bur; bo tibetan bod tib; tl tagalog tgl; mg malagasy mlg plt;
as assamese asm; tt tatar tat; haw hawaiian; ln lingala lin; ha hausa hau; ba bashkir bak; jw javanese jav;
su sundanese sun; yue cantonese
"""
_ROWS = [row.split() for row in _TABLE.split(";")]

LANGUAGES: dict[str, str] = {code: name.replace("-", " ") for code, name, *_ in _ROWS}
# Other names, openai-whisper's and a few more.
NAMES: dict[str, str] = {
    "burmese": "my",
    "valencian": "ca",
    "flemish": "nl",
    "haitian": "ht",
    "letzeburgesch": "lb",
    "pushto": "ps",
    "panjabi": "pa",
    "moldavian": "ro",
    "moldovan": "ro",
    "sinhalese": "si",
    "castilian": "es",
    "mandarin": "zh",
    "farsi": "fa",
    "filipino": "tl",
    "bokmal": "no",
    "bokmål": "no",
}
# Codes of ISO 639 for which Whisper has another, and codes that were withdrawn.
CODES: dict[str, str] = {
    **{three: code for code, _, *more in _ROWS for three in more},
    "jv": "jw",
    "iw": "he",
    "in": "id",
    "ji": "yi",
    "mo": "ro",
    "nb": "no",
    "fil": "tl",
}
NOT_NAMED = {"", "auto", "und", "mul", "multi"}  # have it found out; `und` and `mul` are BCP 47's
_BY_NAME = {name: code for code, name in LANGUAGES.items()} | NAMES
_TAG = re.compile(r"([a-z]{2,3})((?:[-_][a-z0-9]{1,8})*)(?:[.@][a-z0-9@.-]*)?")


def language_code(text: str) -> str | None:
    """Whisper's code of the language that `text` names, None where it is to be found out.

    Taken are codes of two and three letters, locales (`en-US`, `pt_BR.UTF-8`) and English names, in any case; nothing
    and `auto` stand for None. Raises ValueError, in words that quote `text`, for anything else.
    """
    asked = " ".join(text.split()).lower()
    if asked in NOT_NAMED:
        return None
    found = _BY_NAME.get(asked)
    tag = _TAG.fullmatch(asked) if found is None and len(asked) <= TEXT_MAX_CHARS else None
    if tag is not None:
        first, *rest = re.split("[-_]", tag[1] + tag[2])
        code = "yue" if first == "zh" and "yue" in rest else CODES.get(first, first)  # zh-yue: BCP 47's older form
        found = code if code in LANGUAGES else None
    if found is None:
        quoted = text if len(text) <= TEXT_MAX_CHARS else f"{text[:TEXT_MAX_CHARS]}..."
        raise ValueError(f"{quoted!a} is no language that is known; write en, en-US or english, or auto")
    return found
