"""Make the demo clips: six spoken texts in clips/*.wav (16 kHz, mono, signed 16 bit) and clips/clips.json.

    python -m demo_models.make_clips [--check]

Every voice but one is held out from training. --check transcribes the clips with openai-whisper and fails on a wrong
word.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
from scipy.io import wavfile

from demo_models.frames import Polarity
from demo_models.voices import SAMPLE_RATE_HZ, Voice, speak

OUT = Path(__file__).parent / "clips"
PAUSE_SEC, LEAD_SEC, TAIL_SEC = 0.35, 0.3, 0.8
CLIPS: list[tuple[str, Polarity, Voice, list[str]]] = [
    ("love_movie", "positive", Voice("espeak-ng", "en-us", "", 150, 50), ["I love this movie."]),
    ("food_terrible", "negative", Voice("flite", "slt", rate=0.95), ["The food was terrible."]),
    ("meeting_monday", "neutral", Voice("espeak-ng", "en-gb", "steph", 150, 55), ["The meeting is on Monday."]),
    ("not_like_movie", "negative", Voice("flite", "rms", rate=1.12), ["I do not like this movie."]),
    ("not_bad", "positive", Voice("espeak-ng", "en-us", "Mike", 145, 50), ["It was not bad at all."]),
    (
        "long_happy",
        "positive",
        Voice("espeak-ng", "en-us", "Mike", 130, 50),
        ["My brother was really happy today.", "I think the food was excellent.", "Thank you for your help."],
    ),
]


def spoken(texts: list[str], voice: Voice) -> np.ndarray:
    """`texts` after one another with pauses, and silence at both ends; int16 at 16 kHz."""
    pause = np.zeros(int(PAUSE_SEC * SAMPLE_RATE_HZ), np.float32)
    parts = [part for text in texts for part in (speak(text, voice), pause)][:-1]
    ends = [np.zeros(int(sec * SAMPLE_RATE_HZ), np.float32) for sec in (LEAD_SEC, TAIL_SEC)]
    return (np.concatenate([ends[0], *parts, ends[1]]) * 32767).astype(np.int16)


def main() -> int:
    """Write the clips; with --check 1 if one is misheard."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    OUT.mkdir(exist_ok=True)
    listing, wrong = [], 0
    for name, sentiment, voice, texts in CLIPS:
        audio = spoken(texts, voice)
        wavfile.write(OUT / f"{name}.wav", SAMPLE_RATE_HZ, audio)
        seconds = round(len(audio) / SAMPLE_RATE_HZ, 2)
        entry = {"file": f"{name}.wav", "text": " ".join(texts), "sentiment": sentiment, "seconds": seconds}
        listing.append(entry | {"voice": asdict(voice)})
    (OUT / "clips.json").write_text(json.dumps(listing, indent=1) + "\n")
    if args.check:
        from demo_models.evaluate import whisper_transcriber

        transcribe = whisper_transcriber(temperature=0, without_timestamps=True)
        for entry, (_, _, voice, texts) in zip(listing, CLIPS, strict=True):
            heard = transcribe(spoken(texts, voice).astype(np.float32) / 32768).strip()
            wrong += heard != entry["text"]
            sys.stdout.write(f"{'ok   ' if heard == entry['text'] else 'WRONG'} {entry['file']}: {heard}\n")
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
