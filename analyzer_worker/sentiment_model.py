"""The sentiment of a text, by a transformers text classifier."""

from __future__ import annotations

import logging
import math
from pathlib import Path
from typing import Any, Protocol

from analyzer_models import FoundModel, ModelError
from analyzer_settings import AnalyzerSettings
from celery.utils.sysinfo import cpu_budget
from sentiment_zones import ZoneMap

from contract.messages import Sentiment

logger = logging.getLogger(__name__)

WARM_UP_TEXT = "I love this movie."
# Their position embeddings begin after the padding id, so that many are no positions (transformers' modeling_roberta).
_OFFSET_POSITIONS = {"roberta", "xlm-roberta", "camembert", "xlm-roberta-xl", "bertweet", "longformer"}


class SentimentJudge(Protocol):
    """What the task needs of a model."""

    name: str
    demo: bool

    def judge(self, text: str) -> Sentiment:
        """The sentiment of `text`, which is not empty. Raises what the model raises."""


class SentimentModel:
    """A transformers text classifier, loaded and warm."""

    def __init__(self, found: FoundModel, settings: AnalyzerSettings) -> None:
        """Loads from `found.folder` only, without network. Raises ModelError."""
        self.name = found.name
        self.demo = found.demo
        try:
            self._pipeline, labels = _load(found.folder, settings)
        except ModelError:
            raise
        except Exception as problem:  # transformers, safetensors and torch each raise errors of their own
            raise ModelError(f"{found.folder} cannot be loaded: {type(problem).__name__}: {problem}") from problem
        self._zones = ZoneMap(labels, settings.neutral_below)
        if self._zones.unknown:
            logger.warning("labels of %s that count as neutral: %s", self.name, ", ".join(self._zones.unknown))
        try:
            self.judge(WARM_UP_TEXT)
        except Exception as problem:
            raise ModelError(f"{self.name} cannot judge a text: {type(problem).__name__}: {problem}") from problem
        logger.info("sentiment model %s is ready on %s", self.name, self._pipeline.device)

    def judge(self, text: str) -> Sentiment:
        """All class scores of `text` (cut to the model's length); label and score are the strongest class."""
        classes = self._pipeline(text, top_k=None)
        scores = {str(one["label"]): round(float(one["score"]), 6) for one in classes}
        if not all(math.isfinite(score) and 0.0 <= score <= 1.0 for score in scores.values()):
            raise ValueError("the model's scores are no probabilities")
        label = max(scores, key=lambda name: scores[name])
        return Sentiment(label=label, score=scores[label], scores=scores, zone=self._zones.zone(scores))


def _load(folder: Path, settings: AnalyzerSettings) -> tuple[Any, list[str]]:
    """The pipeline and its labels in the order of the classes."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    torch.set_num_threads(settings.analyzer_threads or cpu_budget().count)
    device = _device(settings.analyzer_device)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model, loading = AutoModelForSequenceClassification.from_pretrained(
        folder, local_files_only=True, dtype=torch.float32, output_loading_info=True
    )
    if loading["missing_keys"]:
        missing = ", ".join(sorted(loading["missing_keys"])[:5])
        raise ModelError(f"{folder} is no trained text classifier: its weights lack {missing}")
    model.eval()
    classifier = pipeline(
        "text-classification",
        model=model,
        tokenizer=tokenizer,
        device=device,
        truncation=True,
        max_length=max_tokens(tokenizer.model_max_length, model.config),
    )
    labels = model.config.id2label
    return classifier, [str(labels[number]) for number in sorted(labels)]


def max_tokens(tokenizer_max: int, config: Any) -> int:
    """The longest input in tokens: many tokenizers state no limit (1e30), so the positions decide as well."""
    positions = int(getattr(config, "max_position_embeddings", None) or 512)
    if getattr(config, "model_type", "") in _OFFSET_POSITIONS:
        positions -= int(config.pad_token_id or 0) + 1
    return max(8, min(int(tokenizer_max), positions))


def _device(wanted: str) -> str:
    import torch

    if wanted == "auto":
        return "cuda:0" if torch.cuda.is_available() else "cpu"
    if wanted.startswith("cuda") and not torch.cuda.is_available():
        raise ModelError(f"ANALYZER_DEVICE={wanted}, but torch sees no CUDA device here")
    return wanted
