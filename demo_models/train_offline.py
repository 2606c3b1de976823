"""Train the offline sentiment model: small additions to all-MiniLM-L6-v2 and a head of three classes.

    python -m demo_models.train_offline --base model.zip --data FOLDER --out FOLDER [--hold-out] [--epochs 3]

With --hold-out one sentence in 14 of the folder's train.tsv is left out, so that it can be measured on.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import time
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from analyzer_worker.offline_model import (
    ADDED,
    DELTA_FILE,
    DOWN,
    HEAD,
    LABELS,
    UP,
    distilbert,
    make_tokenizer,
    read_base,
)
from demo_models.offline_data import (
    NEUTRAL,
    SPOKEN,
    Example,
    batches,
    filled_frames,
    is_held_out,
    joined,
    read_reviews,
    read_spoken,
    worn,
)

RANK, SCALE, BATCH, TOKENS_MAX, SMOOTHING = 24, 2.0, 32, 64, 0.05
RATES = {"low rank": 4e-4, "head": 1e-3, "vectors": 3e-4}
#: Per epoch: plot sentences, sentences from frames for each class, pairs of spoken ones, times a written one is seen.
PLOTS, FRAMES, PAIRS, TIMES_WRITTEN = 1500, 300, 500, 2
log = logging.getLogger("offline_sentiment_train")


class LowRank(nn.Module):
    """A linear layer that stays as it is, and a trained product of two narrow matrices beside it."""

    def __init__(self, linear: nn.Linear, rank: int) -> None:
        super().__init__()
        self.linear = linear
        self.down = nn.Parameter(torch.empty(rank, linear.in_features).uniform_(-1, 1) / linear.in_features**0.5)
        self.up = nn.Parameter(torch.zeros(linear.out_features, rank))

    def forward(self, inputs: Tensor) -> Tensor:
        """[..., in] to [..., out]."""
        added = nn.functional.linear(nn.functional.linear(inputs, self.down), self.up)
        return torch.add(self.linear(inputs), added, alpha=SCALE)


def widen(model: Any) -> dict[str, Tensor]:
    """Put LowRank around the linear layers of the encoder, in place; only they, the vectors (biases, layer norms) and
    the head will learn. Returns the vectors as they were."""
    before = {}
    for name, parameter in model.named_parameters():
        head = name.startswith(("pre_classifier", "classifier"))
        parameter.requires_grad = head or parameter.dim() == 1
        if parameter.dim() == 1 and not head:
            before[name] = parameter.detach().clone()
    for layer in model.distilbert.transformer.layer:
        layer.attention.dropout.p = 0.0  # it would cost a fifth of the time
    for module in list(model.distilbert.transformer.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Linear):
                setattr(module, name, LowRank(child, RANK))
    return before


def optimiser_of(
    model: Any, rates: dict[str, float], steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    """AdamW with a rate for each kind of parameter; they rise over a tenth of the steps and fall to nothing."""
    groups: dict[str, list[nn.Parameter]] = {kind: [] for kind in rates}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            head = name.startswith(("pre_classifier", "classifier"))
            groups["head" if head else "low rank" if parameter.dim() == 2 else "vectors"].append(parameter)
    optimiser = torch.optim.AdamW([{"params": part, "lr": rates[kind]} for kind, part in groups.items()])
    rise = steps // 10
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / rise, max(0.0, (steps - step) / (steps - rise)))
    )
    return optimiser, schedule


def delta_of(model: Any, before: dict[str, Tensor]) -> dict[str, Tensor]:
    """What was learnt, in half precision, under the names that offline_model reads."""
    found = {}
    for name, parameter in model.named_parameters():
        value = parameter.detach()
        plain = name.replace(".linear.", ".")
        if name.endswith(".down"):
            found[DOWN + name.removesuffix(".down") + ".weight"] = value
        elif name.endswith(".up"):
            found[UP + name.removesuffix(".up") + ".weight"] = value * SCALE
        elif plain in before:
            found[ADDED + plain] = value - before[plain]
        elif parameter.requires_grad:
            found[HEAD + plain] = value
    return {name: value.half().contiguous() for name, value in found.items()}


def training_set(reviews: list[Example], spoken: list[Example], rng: random.Random) -> list[Example]:
    """The examples of one epoch."""
    plots = [one for one in reviews if one.label == NEUTRAL]
    opinions = [one for one in reviews if one.label != NEUTRAL]
    made = filled_frames(SPOKEN, FRAMES, rng)
    chosen = opinions + rng.sample(plots, min(PLOTS, len(plots))) + spoken * TIMES_WRITTEN + made
    return [worn(one, rng) for one in chosen + joined(spoken + made, PAIRS, rng)]


def loss_of(model: Any, tokenizer: Any, batch: list[Example]) -> Tensor:
    """Cross-entropy of one batch."""
    texts = [example.text for example in batch]
    inputs = tokenizer(texts, padding=True, truncation=True, max_length=TOKENS_MAX, return_tensors="pt")
    labels = torch.tensor([example.label for example in batch])
    return nn.functional.cross_entropy(model(**inputs).logits, labels, label_smoothing=SMOOTHING)


@torch.inference_mode()
def accuracy(model: Any, tokenizer: Any, examples: list[Example], two: bool = False) -> float:
    """Share of `examples` that are right; with `two` only negative and positive are looked at."""
    model.eval()
    right = 0
    for group in batches(examples, 64, random.Random(0)):
        inputs = tokenizer([one.text for one in group], padding=True, truncation=True, return_tensors="pt")
        logits = model(**inputs).logits
        if two:
            logits[:, 1] = -torch.inf
        right += int((logits.argmax(-1) == torch.tensor([one.label for one in group])).sum())
    model.train()
    return right / len(examples) if examples else float("nan")


def main() -> None:
    """Train, measure after each epoch, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rate", type=float, default=RATES["low rank"], help="peak rate of the narrow matrices")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--hold-out", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    rng = random.Random(args.seed)
    base = read_base(args.base)
    model, tokenizer = distilbert(base), make_tokenizer(base)
    before = widen(model)
    reviews, dev = read_reviews(args.data / "train.tsv"), read_reviews(args.data / "dev.tsv")
    held = [one for one in reviews if is_held_out(one.text)]
    spoken = read_spoken(SPOKEN)
    spoken_dev = [one for one in spoken if is_held_out(one.text)]
    if args.hold_out:
        reviews = [one for one in reviews if not is_held_out(one.text)]
        spoken = [one for one in spoken if not is_held_out(one.text)]
    steps = args.epochs * -(-len(training_set(reviews, spoken, random.Random(0))) // BATCH)
    optimiser, schedule = optimiser_of(model, RATES | {"low rank": args.rate}, steps)
    model.train()
    began = time.monotonic()
    for epoch in range(args.epochs):
        total = 0.0
        examples = training_set(reviews, spoken, rng)
        for batch in batches(examples, BATCH, rng):
            loss = loss_of(model, tokenizer, batch)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            total += loss.item() * len(batch)
            if schedule.last_epoch % 100 == 0:
                log.info("step %d of %d, loss %.3f", schedule.last_epoch, steps, loss.item())
        figures = [
            accuracy(model, tokenizer, dev, two=True),
            accuracy(model, tokenizer, dev),
            accuracy(model, tokenizer, held),
            accuracy(model, tokenizer, spoken_dev),
        ]
        log.info(
            "epoch %d, %.0f s, loss %.3f; dev of two %.3f, of three %.3f; held-out reviews %.3f, spoken %.3f%s",
            *(epoch + 1, time.monotonic() - began, total / len(examples), *figures),
            "" if args.hold_out else " (seen)",
        )
        args.out.mkdir(parents=True, exist_ok=True)
        about = {"base_sha256": base.sha256, "labels": json.dumps(LABELS), "epochs": str(epoch + 1)}
        save_file(delta_of(model, before), args.out / DELTA_FILE, metadata=about)
    log.info("wrote %s, %d bytes", args.out / DELTA_FILE, (args.out / DELTA_FILE).stat().st_size)


if __name__ == "__main__":
    main()
