"""The sentiment of a text, by a transformers text classifier."""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from analyzer_worker.find_model import FoundModel, ModelError
from analyzer_worker.models import WARM_UP_TEXT
from analyzer_worker.offline_model import build_offline
from analyzer_worker.settings import AnalyzerSettings
from analyzer_worker.zones import ZoneMap
from contract.messages import Sentiment
from runtime.worker.cores import usable_cores

logger = logging.getLogger(__name__)

# Their position embeddings begin after the padding id, so that many are no positions (transformers' modeling_roberta).
_OFFSET_POSITIONS = {"roberta", "xlm-roberta", "camembert", "xlm-roberta-xl", "bertweet", "longformer"}


class SentimentModel:
    """A transformers text classifier, loaded and warm."""

    def __init__(self, found: FoundModel, settings: AnalyzerSettings) -> None:
        """Loads from `found.folder` only, without network. Raises ModelError."""
        self.name = found.name
        self.demo = found.demo
        try:
            self._tokenizer, self._model = _load(found, settings)
        except ModelError:
            raise
        except Exception as problem:  # transformers, safetensors and torch each raise errors of their own
            raise ModelError(f"{found.folder} cannot be loaded: {type(problem).__name__}: {problem}") from problem
        self._max_tokens = max_tokens(self._tokenizer.model_max_length, self._model.config)
        names = self._model.config.id2label
        self._labels = [str(names[number]) for number in sorted(names)]
        self._zones = self._what_labels_mean(settings)
        if self._zones.unknown:
            logger.warning("labels of %s that count as neutral: %s", self.name, ", ".join(self._zones.unknown))
        try:
            self.judge_all([WARM_UP_TEXT])
        except Exception as problem:
            raise ModelError(f"{self.name} cannot judge a text: {type(problem).__name__}: {problem}") from problem
        logger.info("sentiment model %s is ready on %s", self.name, self._model.device)

    def judge(self, text: str) -> Sentiment:
        """The sentiment of one text."""
        return self.judge_all([text])[0]

    def judge_all(self, texts: Sequence[str]) -> list[Sentiment]:
        """All class scores of each of `texts`, cut to the model's length.

        A text is padded to the longest beside it and no further.
        """
        import torch

        with torch.inference_mode():
            fields = self._tokenizer(
                list(texts), truncation=True, max_length=self._max_tokens, padding=len(texts) > 1, return_tensors="pt"
            )
            logits = self._model(**fields.to(self._model.device)).logits.float()
            shares = logits.softmax(-1)
        return [self._sentiment(row) for row in shares.tolist()]

    def _sentiment(self, shares: list[float]) -> Sentiment:
        scores = {name: round(share, 6) for name, share in zip(self._labels, shares, strict=True)}
        if not all(math.isfinite(score) and 0.0 <= score <= 1.0 for score in scores.values()):
            raise ValueError("the model's scores are no probabilities")
        label, score, zone = self._zones.judge(scores)
        return Sentiment(label=label, score=score, scores=scores, zone=zone)

    def _what_labels_mean(self, settings: AnalyzerSettings) -> ZoneMap:
        named = ", ".join(self._labels)
        if len(self._labels) < 2:
            raise ModelError(f"{self.name} has a single class ({named}); two or more are needed")
        given = settings.sentiment_labels
        if given and len(given) != len(self._labels):
            count = len(self._labels)
            raise ModelError(f"SENTIMENT_LABELS names {len(given)} classes, but {self.name} has {count}: {named}")
        zones = ZoneMap(self._labels, settings.neutral_below, given)
        if len(zones.unknown) == len(self._labels):
            raise ModelError(
                f"the classes of {self.name} do not say what they mean ({named}): set SENTIMENT_LABELS to negative, "
                "neutral or positive for each, in this order, comma-separated"
            )
        return zones


def _load(found: FoundModel, settings: AnalyzerSettings) -> tuple[Any, Any]:
    """The tokenizer and the model, in the precision in use. A tiny model computes with one thread unless
    ANALYZER_THREADS says more: on products as small as its own, threads mostly wait for each other."""
    import torch
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    torch.set_num_threads(settings.analyzer_threads or (1 if found.demo else usable_cores()))
    device = _device(settings.analyzer_device)
    if found.base is not None:
        tokenizer, model = build_offline(found.base, found.folder)
    else:
        tokenizer, model = _from_folder(found.folder)
    if _wants_int8(settings.analyzer_precision, device):
        model = to_int8(model)
    return tokenizer, model.to(device)


def _from_folder(folder: Path) -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model, loading = AutoModelForSequenceClassification.from_pretrained(
        folder, local_files_only=True, dtype=torch.float32, output_loading_info=True
    )
    if loading["missing_keys"]:
        missing = ", ".join(sorted(loading["missing_keys"])[:5])
        raise ModelError(f"{folder} is no trained text classifier: its weights lack {missing}")
    return tokenizer, model.eval()


def to_int8(model: Any) -> Any:
    """`model` with 8-bit weights in its linear layers, one scale per output; activations are rounded per call."""
    import torch

    with warnings.catch_warnings():
        # torch 2.13 names torchao as the successor; it brings no faster CPU products.
        warnings.filterwarnings("ignore", message=r"torch\.quantize_per_tensor, torch\.quantize_per_channel and other")
        warnings.filterwarnings("ignore", message=r"torch\.ao\.quantization is deprecated", category=DeprecationWarning)
        config = {torch.nn.Linear: torch.ao.quantization.per_channel_dynamic_qconfig}
        quantize: Any = torch.ao.quantization.quantize_dynamic
        return quantize(model, config, dtype=torch.qint8, inplace=True)


def _wants_int8(precision: str, device: str) -> bool:
    import torch

    available = device == "cpu" and torch.backends.quantized.engine != "none"
    if precision == "int8" and not available:
        raise ModelError(f"ANALYZER_PRECISION=int8: there are no 8-bit products for {device} here")
    return available and precision != "fp32"


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
