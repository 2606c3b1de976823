"""How something felt, as the recorder shows it."""

from __future__ import annotations

from rich.text import Text

from contract.messages import Sentiment, Zone
from runtime.logs.setup import printable

NEUTRAL_REASONS = {"too_short": "too short to tell", "no_verb": "no sentence", "cut": "cut off by the length limit"}
ZONE_STYLES: dict[Zone, str] = {"positive": "bold green", "neutral": "bold yellow", "negative": "bold red"}


def felt(sentiment: Sentiment) -> Text:
    """Zone and score; of a splinter the reason why it is neutral in place of the score, which says nothing."""
    reason = sentiment.neutral_reason
    if reason is None:
        return Text(f"{sentiment.zone} {sentiment.score:.2f}", ZONE_STYLES[sentiment.zone])
    words = NEUTRAL_REASONS.get(reason, printable(reason))
    return Text().append(sentiment.zone, ZONE_STYLES[sentiment.zone]).append(f" ({words})", "dim")
