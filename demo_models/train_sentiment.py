"""Train the demo sentiment model: a small DistilBERT that `pipeline("text-classification", model=DIR)` loads.

    python -m demo_models.train_sentiment [--out sentiment] [--epochs 5] [--threads 1]

Needs no data but demo_models/sentiment_data.py. Labels are soft, so plain statements come out near 0.5.
"""

from __future__ import annotations

import argparse
import logging
import random
import time
from pathlib import Path

import torch
from tokenizers import BertWordPieceTokenizer
from torch import Tensor
from transformers import DistilBertConfig, DistilBertForSequenceClassification, PreTrainedTokenizerFast

from demo_models.sentiment_data import Example, broad_examples, speech_examples, training_examples

BATCH, PEAK_RATE, WARM_UP_STEPS, VOCABULARY = 64, 1e-3, 200, 2000
log = logging.getLogger("demo_sentiment_train")


def make_tokenizer(texts: list[str]) -> PreTrainedTokenizerFast:
    """A lower-casing WordPiece tokenizer with a vocabulary from `texts`; 512 tokens at most."""
    pieces = BertWordPieceTokenizer(lowercase=True)
    pieces.train_from_iterator(texts, vocab_size=VOCABULARY, min_frequency=1, show_progress=False)
    vocabulary = pieces.get_vocab()
    pieces = BertWordPieceTokenizer(vocabulary, lowercase=True)
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=pieces._tokenizer,
        model_max_length=512,
        unk_token="[UNK]",
        sep_token="[SEP]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        mask_token="[MASK]",
        model_input_names=["input_ids", "attention_mask"],
        clean_up_tokenization_spaces=True,
    )


def make_model(tokenizer: PreTrainedTokenizerFast) -> DistilBertForSequenceClassification:
    """An untrained DistilBERT of width 128 and two layers."""
    config = DistilBertConfig(
        vocab_size=len(tokenizer),
        dim=128,
        n_layers=2,
        n_heads=4,
        hidden_dim=512,
        max_position_embeddings=512,
        pad_token_id=tokenizer.pad_token_id,
        seq_classif_dropout=0.1,
        id2label={0: "NEGATIVE", 1: "POSITIVE"},
        label2id={"NEGATIVE": 0, "POSITIVE": 1},
    )
    return DistilBertForSequenceClassification(config)


def loss_of(
    model: DistilBertForSequenceClassification, tokenizer: PreTrainedTokenizerFast, batch: list[Example]
) -> tuple[Tensor, Tensor]:
    """Cross-entropy against the soft labels, and the probabilities of POSITIVE [batch]."""
    inputs = tokenizer([e.text for e in batch], padding=True, truncation=True, return_tensors="pt")
    scores = model(**inputs).logits.log_softmax(-1)
    positive = torch.tensor([e.positive for e in batch]).clamp(0.01, 0.99)
    return -(torch.stack([1 - positive, positive], 1) * scores).sum(1).mean(), scores[:, 1].exp()


@torch.no_grad()
def accuracy(
    model: DistilBertForSequenceClassification, tokenizer: PreTrainedTokenizerFast, examples: list[Example]
) -> float:
    """Share of clearly positive or negative examples on the right side of 0.5."""
    model.eval()  # type: ignore[no-untyped-call]
    clear = [e for e in examples if e.positive in (0.0, 1.0)]
    right = 0
    for i in range(0, len(clear), 256):
        part = clear[i : i + 256]
        scores = loss_of(model, tokenizer, part)[1]
        right += sum((s > 0.5) == (e.positive > 0.5) for s, e in zip(scores.tolist(), part, strict=True))
    model.train()
    return right / len(clear)


def main() -> None:
    """Train, measure after each epoch, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "sentiment")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    epochs = training_examples(3)
    first = next(epochs)
    tokenizer = make_tokenizer([e.text for e in first])
    model = make_model(tokenizer)
    optimiser = torch.optim.AdamW(model.parameters(), lr=PEAK_RATE, weight_decay=0.01)
    total = args.epochs * len(first) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, PEAK_RATE, total + 100, pct_start=WARM_UP_STEPS / total)
    held = speech_examples(1500, 2, held_out=True)
    broad = broad_examples(1500, 4, held_out=True)
    tick = time.monotonic()
    for epoch in range(args.epochs):
        examples = first if epoch == 0 else next(epochs)
        examples = sorted(examples, key=lambda e: len(e.text) // 12)
        batches = [examples[i : i + BATCH] for i in range(0, len(examples), BATCH)]
        random.Random(epoch).shuffle(batches)
        for batch in batches[: total // args.epochs]:
            loss, _ = loss_of(model, tokenizer, batch)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
        figures = [accuracy(model, tokenizer, part) for part in (held, [e for e in held if e.negated], broad)]
        seconds = time.monotonic() - tick
        log.info("epoch %d, %.0f s, held-out %.3f, negated %.3f, broad %.3f", epoch + 1, seconds, *figures)
    model.eval()  # type: ignore[no-untyped-call]
    model.save_pretrained(args.out)
    tokenizer.save_pretrained(args.out)
    for file in args.out.iterdir():
        file.chmod(0o644)
    log.info("%d tokens, %d parameters, wrote %s", len(tokenizer), model.num_parameters(), args.out)


if __name__ == "__main__":
    main()
