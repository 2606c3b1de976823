"""What is counted per session and over all. Pure, in bounded memory, and its state is JSON.

- words: see contract.text.words.
- audio_sec: speech of all utterances; words_per_minute: words by minutes of speech of the results alone.
- sentiment: of sentences, a splinter being neutral; per zone its count, its share of all that have a sentiment, and the
  mean score as the model gave it. unjudged: results without a sentiment.
- speakers: of a session alone, see listener_service.shares.
- latency: the sum of a result's timings, from the end of speech at the gateway to the listener's relay.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from contract.messages import Dropped, Error, LatencyStats, Result, StatsBlock, UtteranceOutcome
from contract.text.words import count_words
from listener_service.percentiles import LatencyHistogram
from listener_service.shares import ZONES, SpeakerShares, shown_zones

STATE_VERSION = 1


def latency_ms(message: UtteranceOutcome) -> float:
    """Milliseconds from the end of speech to now, the sum of the message's stages."""
    return sum(message.timings_ms.values())


@dataclass
class _Zone:
    count: int = 0
    score_sum: float = 0.0


@dataclass
class Statistics:
    """Counts over outcomes. `last_seq` is the number of the latest one, where they are all of one session."""

    last_seq: int = 0
    results: int = 0
    dropped: int = 0
    errors: int = 0
    words: int = 0
    audio_sec: float = 0.0
    result_sec: float = 0.0
    decoded_again: int = 0
    unjudged: int = 0
    zones: dict[str, _Zone] = field(default_factory=dict)
    latency: LatencyHistogram = field(default_factory=LatencyHistogram)
    speakers: SpeakerShares = field(default_factory=SpeakerShares)

    def add(self, message: UtteranceOutcome) -> None:
        """Count one outcome."""
        self.audio_sec += message.duration_sec
        if isinstance(message, Dropped):
            self.dropped += 1
        elif isinstance(message, Error):
            self.errors += 1
        else:
            self._add_result(message)

    def _add_result(self, message: Result) -> None:
        self.results += 1
        self.words += count_words(message.text)
        self.result_sec += message.duration_sec
        self.latency.add(latency_ms(message))
        self.decoded_again += message.decoded_again
        self.unjudged += message.sentiment is None
        for sentiment in message.counted_sentiments:
            zone = self.zones.setdefault(sentiment.zone, _Zone())
            zone.count += 1
            zone.score_sum += sentiment.score

    def block(self) -> StatsBlock:
        """The statistics as they are shown; sums are rounded here and nowhere else."""
        return StatsBlock(
            utterances=self.results + self.dropped + self.errors,
            results=self.results,
            dropped=self.dropped,
            errors=self.errors,
            words=self.words,
            audio_sec=round(self.audio_sec, 3),
            decoded_again=self.decoded_again,
            unjudged=self.unjudged,
            words_per_minute=round(60.0 * self.words / self.result_sec, 1) if self.result_sec > 0 else 0.0,
            sentiment=shown_zones({name: (zone.count, zone.score_sum) for name, zone in self.zones.items()}),
            speakers=self.speakers.block(),
            latency_ms=LatencyStats(
                p50=_rounded(self.latency.percentile(50)), p95=_rounded(self.latency.percentile(95))
            ),
        )

    def to_json(self) -> dict[str, Any]:
        """The state as JSON types; `from_json` reads it back."""
        state: dict[str, Any] = {name: getattr(self, name) for name in _PLAIN}
        state["zones"] = {name: [zone.count, zone.score_sum] for name, zone in self.zones.items()}
        state["latency"] = self.latency.to_json()
        if self.speakers != SpeakerShares():
            state["speakers"] = self.speakers.to_json()
        return {"v": STATE_VERSION, **state}

    @classmethod
    def from_json(cls, state: dict[str, Any]) -> Statistics:
        """The statistics that `to_json` wrote. Raises ValueError, KeyError or TypeError for anything else."""
        if state["v"] != STATE_VERSION:
            raise ValueError(f"state of version {state['v']}")
        # States from before these were counted lack them; a result then counted once where it had a sentiment.
        unjudged = state["results"] - sum(count for count, _ in state["zones"].values())
        state = {"decoded_again": 0, "unjudged": unjudged} | state
        plain: dict[str, Any] = {name: kind(state[name]) for name, kind in _PLAIN.items()}
        statistics = cls(**plain)
        for name, (count, score_sum) in state["zones"].items():
            if name not in ZONES:
                raise ValueError(f"a zone called {name}")
            statistics.zones[name] = _Zone(int(count), float(score_sum))
        statistics.latency = LatencyHistogram.from_json(state["latency"])
        if "speakers" in state:  # those of all sessions together have none
            statistics.speakers = SpeakerShares.from_json(state["speakers"])
        return statistics


_PLAIN: dict[str, type[int] | type[float]] = {
    "last_seq": int,
    "results": int,
    "dropped": int,
    "errors": int,
    "words": int,
    "audio_sec": float,
    "result_sec": float,
    "decoded_again": int,
    "unjudged": int,
}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def load_statistics(raw: bytes | str | None) -> Statistics | None:
    """The statistics in a JSON text, or None where there is none or it cannot be read."""
    try:
        return None if raw is None else Statistics.from_json(json.loads(raw))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
