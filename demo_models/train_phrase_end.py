"""Train stt_worker/engine/weights/phrase_end_base.npz: does speech fall at its end, or break off inside a phrase?

    python -m demo_models.train_phrase_end [--clips 120] [--out FILE]

On the French, Italian and Russian telephone prompts of harness.human_voices (CC BY-SA 3.0), a voice each; the system is
measured with another voice. Each prompt as it ends and up to three times broken off at a quiet place; behind other
prompts of the voice, louder and softer, with noise, so that neither length nor level tells. First each voice is left
out, which tells how well one is known that training never heard. Five minutes on one core.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from contract.audio import FULL_SCALE, SAMPLE_RATE_HZ
from contract.speech.segmenter import quietest_place
from harness.human_voices import Clip, clips
from stt_worker.engine.load import load_engine
from stt_worker.engine.phrase_end import FRAME_SAMPLES, WEIGHTS, features_around, last_loud_position
from stt_worker.engine.threads import use_threads
from stt_worker.engine.whisper_engine import WhisperEngine
from stt_worker.settings import SttSettings

LANGUAGES = ("fr", "it", "ru")
CLIP_SEC_MAX, TOGETHER_SEC = 13.0, 9.0
BREAKS = 3  # a prompt
QUIET_BEHIND_SEC = 0.08
GAPS_SEC, GAINS, NOISE_DB = (0.2, 0.9), (0.4, 1.1), (-80.0, -48.0)
ANOTHER_BEFORE = 0.6  # probability, again and again
DECAY = 0.03  # of the weights, as they apply to features of unit variance that share 64
SEED = 1
log = logging.getLogger("train_phrase_end")

Samples = NDArray[np.float64]


@dataclass(frozen=True)
class Example:
    """`features` as features_around gives them; `own_sec`: how much of its phrase was heard."""

    language: str
    ends: bool
    own_sec: float
    features: Tensor


def loud(samples: Samples) -> Samples:
    """`samples` up to their last loud frame."""
    return samples[: last_loud_position((samples / FULL_SCALE).astype(np.float32)) * FRAME_SAMPLES]


def heard(engine: WhisperEngine, samples: Samples) -> Tensor:
    """What PhraseEnd would be given."""
    audio = np.clip(samples / FULL_SCALE, -1, 1).astype(np.float32)
    return features_around(engine.encoded(audio), last_loud_position(audio))


def pieces_of(clip: Clip, rng: np.random.Generator) -> Iterator[tuple[bool, Samples]]:
    """The prompt as it ends, and broken off; with QUIET_BEHIND_SEC behind it, which is its own or silence."""
    quiet = int(QUIET_BEHIND_SEC * SAMPLE_RATE_HZ)
    samples = clip.samples.astype(np.float64)
    whole = loud(samples)
    behind = samples[len(whole) : len(whole) + quiet]
    for tail in (np.zeros(quiet), np.pad(behind, (0, quiet - len(behind)))):
        yield True, np.concatenate([whole, tail])
    for _ in range(BREAKS):
        first, count = int(len(whole) * rng.uniform(0.15, 0.7)), int(len(whole) * 0.2)
        place = first + quietest_place(clip.pcm, first, count)
        yield False, np.concatenate([loud(samples[:place]), np.zeros(quiet)])


def examples(engine: WhisperEngine, language: str, prompts: list[Clip], rng: np.random.Generator) -> Iterator[Example]:
    """Those of one language."""
    for clip in prompts:
        for ends, piece in pieces_of(clip, rng):
            if len(piece) < SAMPLE_RATE_HZ // 2:
                continue
            parts = [piece]
            while rng.random() < ANOTHER_BEFORE and sum(map(len, parts)) < TOGETHER_SEC * SAMPLE_RATE_HZ:
                other = loud(prompts[rng.integers(len(prompts))].samples.astype(np.float64))
                parts = [other, np.zeros(int(rng.uniform(*GAPS_SEC) * SAMPLE_RATE_HZ)), *parts]
            sound = np.concatenate(parts)[-int(CLIP_SEC_MAX * SAMPLE_RATE_HZ) :]
            noise = FULL_SCALE * 10 ** (rng.uniform(*NOISE_DB) / 20)
            sound = sound * rng.uniform(*GAINS) + rng.normal(size=len(sound)) * noise
            yield Example(language, ends, len(piece) / SAMPLE_RATE_HZ, heard(engine, sound))


def regression(features: Tensor, ends: Tensor, importance: Tensor, decay: float) -> tuple[Tensor, Tensor]:
    """Weights and bias of a logistic regression."""
    weights = torch.zeros(features.shape[1], dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights, bias], max_iter=500, line_search_fn="strong_wolfe")
    loss_of = torch.nn.functional.binary_cross_entropy_with_logits

    def closure() -> Tensor:
        optimizer.zero_grad()
        losses = loss_of(features @ weights + bias, ends, reduction="none")
        loss = (importance * losses).sum() / importance.sum() + decay * weights.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    return weights.detach(), bias.detach()


def train(known: list[Example]) -> tuple[Tensor, float]:
    """Weights and bias for features as they come. What is whole is longer than what is not: each example counts as much
    as makes length tell nothing."""
    ends = torch.tensor([one.ends for one in known], dtype=torch.float64)
    length = torch.tensor([one.own_sec for one in known], dtype=torch.float64).log()
    shape = torch.stack([length, length.square()], 1)
    shape = (shape - shape.mean(0)) / shape.std(0)
    by_length = torch.sigmoid(torch.add(*_applied(shape, regression(shape, ends, torch.ones_like(ends), 1e-6))))
    importance = torch.where(ends > 0, 1 / by_length.clamp(0.1, 1), 1 / (1 - by_length).clamp(0.1, 1))
    features = torch.stack([one.features for one in known]).double()
    mean, scale = features.mean(0), 8 / (features.std(0) + 1e-6) / features.shape[1] ** 0.5
    weights, bias = regression((features - mean) * scale, ends, importance, DECAY)
    weights = weights * scale
    return weights, float(bias - mean @ weights)


def _applied(features: Tensor, found: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    return features @ found[0], found[1]


def tell(known: list[Example], weights: Tensor, bias: float) -> None:
    """How often an end is given more than a break, and where thresholds would part them."""
    given = torch.sigmoid(torch.stack([one.features for one in known]).double() @ weights + bias)
    ends = torch.tensor([one.ends for one in known])
    better = (given[ends][:, None] > given[~ends][None]).double().mean()
    log.info("%d examples: an end is above a break in %.3f of pairs", len(known), better)
    for threshold in (0.2, 0.3, 0.4, 0.5, 0.55, 0.6, 0.7):
        above = given >= threshold
        shares = above[ends].double().mean(), above[~ends].double().mean()
        log.info("  %.2f or more: %.2f of ends, %.2f of breaks", threshold, *shares)


def main() -> None:
    """Listen, train, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=120, help="of each language")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    use_threads(1, tiny_model=False)
    engine = load_engine(SttSettings(whisper_model="base"))
    if not isinstance(engine, WhisperEngine):
        parser.error("needs OpenAI's own weights")
    rng = np.random.default_rng(SEED)
    known: list[Example] = []
    for language in LANGUAGES:
        prompts = [one for one in clips(language, args.clips) if one.sec < CLIP_SEC_MAX]
        known += examples(engine, language, prompts, rng)
        log.info("%s: %d examples", language, len(known))
    for language in LANGUAGES:
        log.info("%s, without having heard it", language)
        tell(
            [one for one in known if one.language == language],
            *train([one for one in known if one.language != language]),
        )
    weights, bias = train(known)
    encoder_bias = engine.model.encoder.conv1.bias.detach().float().cpu().numpy()
    np.savez(args.out, weights=weights.float().numpy(), bias=np.float32(bias), encoder_bias=encoder_bias)


if __name__ == "__main__":
    main()
