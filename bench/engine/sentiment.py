"""The sentiment model: milliseconds a text at DistilBERT's size, ours beside transformers' own pipeline, in one run.

    python -m bench.engine.sentiment [--rounds 30] [--threads N]

The analyzer worker's own loading and judging, on the official weights where they are cached, else on random weights of
the same dimensions and a vocabulary of as many pieces. All ways take turns, round after round; figures are medians.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from analyzer_worker.find_model import AUTO_MODEL, FoundModel, ModelError, find_model
from analyzer_worker.model import SentimentModel
from analyzer_worker.settings import AnalyzerSettings
from bench.files import cached, say, write_result
from bench.machine import Run, machine
from bench.tables import sentiment_tables

ROUNDS = 30
WARM_UP = 3
BATCH = 8
PADDED_TOKENS = 512
USUAL = "i was worried about the talk today but people liked it and i am glad"
LONG = " ".join([USUAL, "so we went for dinner and spoke about the next one for a long time"] * 2)
DOCS = "transformers pipeline, fp32"
SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


@dataclass
class Way:
    """One way to judge texts; `run` judges `rows` of them."""

    name: str
    text: str
    rows: int
    run: Callable[[], object]
    times: list[float] = field(default_factory=list)


def found_model() -> tuple[FoundModel, str]:
    """The default model where it is cached, else one of its size, and which of the two it is."""
    try:
        return find_model(AnalyzerSettings(sentiment_model=AUTO_MODEL)), "official"
    except ModelError:
        return FoundModel("distilbert", random_model(), demo=False), "random"


def random_model() -> Path:
    """A folder with DistilBERT's dimensions (transformers' defaults), random weights and a made-up vocabulary."""
    folder = cached("distilbert-random")
    if (folder / "model.safetensors").exists():
        return folder
    from tokenizers import BertWordPieceTokenizer
    from transformers import DistilBertConfig, DistilBertForSequenceClassification, PreTrainedTokenizerFast

    torch.manual_seed(1)
    config = DistilBertConfig(id2label={0: "NEGATIVE", 1: "POSITIVE"}, label2id={"NEGATIVE": 0, "POSITIVE": 1})
    pieces = [*SPECIALS, *dict.fromkeys(LONG.split())]
    pieces += [f"piece{number}" for number in range(config.vocab_size - len(pieces))]
    tokenizer = BertWordPieceTokenizer(vocab={piece: number for number, piece in enumerate(pieces)})
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIALS, strict=True))
    fast: Any = PreTrainedTokenizerFast
    fast(tokenizer_object=tokenizer._tokenizer, model_max_length=PADDED_TOKENS, **names).save_pretrained(folder)
    DistilBertForSequenceClassification(config).save_pretrained(folder)
    return folder


def ways_of(found: FoundModel, threads: int) -> list[Way]:
    """Everything to be timed."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

    peer: Any = pipeline(
        "text-classification",
        model=AutoModelForSequenceClassification.from_pretrained(found.folder, local_files_only=True),
        tokenizer=AutoTokenizer.from_pretrained(found.folder, local_files_only=True),
        device="cpu",
    )
    ours = {
        precision: SentimentModel(found, AnalyzerSettings(analyzer_precision=precision, analyzer_threads=threads))
        for precision in ("fp32", "int8")
    }
    ways = []
    for text in (USUAL, LONG):
        ways.append(Way(DOCS, text, 1, _plain(peer, text)))
        ways.append(Way(f"the same, padded to {PADDED_TOKENS}", text, 1, _padded(peer, text)))
        for precision, model in ours.items():
            for rows in (1, BATCH):
                ways.append(Way(f"ours, {precision}", text, rows, _ours(model, [text] * rows)))
    return ways


def _padded(peer: Any, text: str) -> Callable[[], object]:
    return lambda: peer(text, padding="max_length", max_length=PADDED_TOKENS, truncation=True)


def _plain(peer: Any, text: str) -> Callable[[], object]:
    return lambda: peer(text)


def _ours(model: SentimentModel, texts: Sequence[str]) -> Callable[[], object]:
    return lambda: model.judge_all(texts)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--threads", type=int, default=0, help="0: the cores that may be used")
    parser.add_argument("--no-write", action="store_true", help="leave bench/results as it is")
    args = parser.parse_args()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    run = Run("sentiment")
    threads = args.threads or machine()["cores"]
    found, weights = found_model()
    ways = ways_of(found, threads)
    for number in range(WARM_UP + args.rounds):
        for way in ways:
            began = time.perf_counter()
            way.run()
            if number >= WARM_UP:
                way.times.append(time.perf_counter() - began)
    docs = {way.text: float(np.median(way.times)) for way in ways if way.name == DOCS}
    rows = [
        {
            "way": way.name,
            "words": len(way.text.split()),
            "rows": way.rows,
            "ms_a_text": round(1000 * float(np.median(way.times)) / way.rows, 2),
            "p95_ms": round(1000 * float(np.percentile(way.times, 95)), 2),
            "times_the_pipeline": round(docs[way.text] * way.rows / float(np.median(way.times)), 2),
        }
        for way in ways
    ]
    body = {"threads": threads, "weights": weights, "usual_words": len(USUAL.split()), "rows": rows}
    head = run.head()
    for title, text in sentiment_tables({"head": head, **body}):
        say(f"\n{title}\n{text}")
    if not args.no_write:
        say(f"\nwritten: {write_result('sentiment', head, body)}")


if __name__ == "__main__":
    main()
