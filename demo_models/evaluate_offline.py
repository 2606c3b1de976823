"""Measure the offline sentiment model on sentences that its training never saw; print a table and write JSON.

    python -m demo_models.evaluate_offline --base model.zip --data FOLDER [--delta offline_sentiment] [--out FILE]

Texts go through the model one at a time, as the analyzer worker mostly does, in fp32 and in its 8-bit form.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from analyzer_worker.model import to_int8
from analyzer_worker.offline_model import build_offline
from demo_models.offline_data import (
    CLASSES,
    HELD_OUT,
    NEUTRAL,
    SPOKEN,
    Example,
    is_about_a_product,
    is_held_out,
    read_reviews,
    read_spoken,
)

HERE = Path(__file__).parent
THREADS, ROUNDS = (1, 2), 100
USUAL = "I was worried about the talk today but people liked it and I am glad."


def measured_sets(data: Path) -> dict[str, list[Example]]:
    """The sets by name: reviews and plots out of `data`, spoken ones from the files here."""
    held = [one for one in read_reviews(data / "train.tsv") if is_held_out(one.text)]
    opinions = [one for one in held if one.label != NEUTRAL]
    return {
        "SST-2 dev": read_reviews(data / "dev.tsv"),
        "reviews, held out": opinions,
        "of these about products": [one for one in opinions if is_about_a_product(one.text)],
        "plots, held out": [one for one in held if one.label == NEUTRAL],
        "spoken, held out": read_spoken(HELD_OUT),
        "spoken, watched in training": [one for one in read_spoken(SPOKEN) if is_held_out(one.text)],
    }


@torch.inference_mode()
def scores(model: Any, tokenizer: Any, text: str) -> list[float]:
    """The classes' probabilities."""
    fields = tokenizer(text, truncation=True, return_tensors="pt")
    return [float(share) for share in model(**fields).logits.softmax(-1)[0]]


def figures(examples: list[Example], found: list[list[float]]) -> dict[str, Any]:
    """Shares of right answers: of all classes, of the two opinions alone, by class, and what is taken for neutral."""
    best = [row.index(max(row)) for row in found]
    pairs = list(zip(examples, best, strict=True))
    opinions = [(one, row) for one, row in zip(examples, found, strict=True) if one.label != NEUTRAL]
    report: dict[str, Any] = {"right": share([one.label == label for one, label in pairs])}
    if opinions:
        report["right_of_two"] = share([(row[-1] > row[0]) == (one.label > NEUTRAL) for one, row in opinions])
        report["opinions_as_neutral"] = share([label == NEUTRAL for one, label in pairs if one.label != NEUTRAL])
    for number, name in enumerate(CLASSES):
        if of_class := [label == number for one, label in pairs if one.label == number]:
            report[f"{name}_right"] = share(of_class)
    return report


def share(answers: list[bool]) -> float:
    """The share that is true."""
    return round(sum(answers) / len(answers), 4)


def ms_a_sentence(model: Any, tokenizer: Any) -> dict[str, dict[str, float]]:
    """By threads: median and lowest tenth of many calls with a sentence of 15 words. On a busy machine the tenth says
    more."""
    found = {}
    for threads in THREADS:
        torch.set_num_threads(threads)
        times = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            scores(model, tokenizer, USUAL)
            times.append(1000 * (time.perf_counter() - began))
        tenth = statistics.quantiles(times, n=10)[0]
        found[f"threads_{threads}"] = {"median": round(statistics.median(times), 2), "tenth": round(tenth, 2)}
    return found


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--delta", type=Path, default=HERE / "offline_sentiment")
    parser.add_argument("--out", type=Path, default=HERE / "offline_sentiment" / "evaluation.json")
    parser.add_argument("--misses", action="store_true", help="print the spoken sentences that come out wrong")
    args = parser.parse_args()
    sets = measured_sets(args.data)
    report: dict[str, Any] = {name: {"count": len(examples)} for name, examples in sets.items()}
    texts = dict.fromkeys(one.text for examples in sets.values() for one in examples)
    speed: dict[str, dict[str, dict[str, float]]] = {}
    for precision in ("fp32", "int8"):
        torch.set_num_threads(1)
        tokenizer, model = build_offline(args.base, args.delta)
        if precision == "int8":
            model = to_int8(model)
        judged = {text: scores(model, tokenizer, text) for text in texts}
        for name, examples in sets.items():
            found = [judged[one.text] for one in examples]
            report[name][precision] = figures(examples, found)
            line = ", ".join(f"{key} {value:.3f}" for key, value in report[name][precision].items())
            sys.stdout.write(f"{precision} {name} ({len(examples)}): {line}\n")
            if args.misses and name == "spoken, held out":
                for one, row in zip(examples, found, strict=True):
                    if row.index(max(row)) != one.label:
                        sys.stdout.write(f"  {CLASSES[one.label]} {[round(x, 2) for x in row]} {one.text}\n")
        speed[precision] = ms_a_sentence(model, tokenizer)
    sys.stdout.write(f"ms a sentence of {len(USUAL.split())} words: {speed}\n")
    head = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"machine": platform.machine(), "system": platform.system(), "cores": os.cpu_count()},
        "packages": {"python": platform.python_version()} | {name: version(name) for name in ("torch", "transformers")},
        "load_average": round(os.getloadavg()[0], 1),
    }
    args.out.write_text(json.dumps(head | {"ms_a_sentence": speed, "sets": report}, indent=1) + "\n")


if __name__ == "__main__":
    main()
