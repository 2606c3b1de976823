"""Train the demo speech model on the clips of demo_models/voices.py and export an openai-whisper checkpoint.

    python -m demo_models.train_speech --work DIR --minutes 65 [--out speech/demo_speech.pt]

Resumes from DIR/speech_state.pt when it is there. Two stages by the time used: first windows as short as the
utterances, then half of the steps with up to 2.2 s of margin and half with the whole 30 s window of stock decoding.
"""

from __future__ import annotations

import argparse
import logging
import math
import os
import time
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, distributed
from torch.multiprocessing.spawn import start_processes
from torch.nn import functional

from demo_models.speech_data import Batch, Batches, Clips, Recipe
from demo_models.speech_model import Tokens, TrainingWhisper, export

PEAK_RATE, WARM_UP_STEPS = 2e-3, 400
#: Seconds of audio and rows are per process; two processes make a batch of about 72 s, or 8 whole windows.
TIGHT = Recipe(0.06, (0.0, 0.6), 40.0, 8.0)
MARGIN = Recipe(0.12, (0.4, 2.2), 40.0, coloured_share=0.2, loudest_noise=-2.4)
WINDOW = Recipe(0.2, None, 60.0, 18.0, 4, coloured_share=0.2, loudest_noise=-2.4)
log = logging.getLogger("demo_speech_train")


def learning_rate(step: int, progress: float) -> float:
    """Warm-up by steps, then a cosine to zero over `progress` 0 to 1 of the time."""
    return PEAK_RATE * min(1, step / WARM_UP_STEPS) * (0.5 + 0.5 * math.cos(math.pi * min(progress, 1.0)))


def losses(model: TrainingWhisper, batch: Batch) -> tuple[Tensor, Tensor, float]:
    """Cross-entropy a token, CTC a letter, and the share of tokens that are right."""
    logits, letters = model(batch.mel, batch.rows)
    flat, targets = logits.flatten(0, 1), batch.targets.flatten()
    tokens = functional.cross_entropy(flat, targets, ignore_index=-100, label_smoothing=0.05)
    counted = targets >= 0
    right = (flat.detach().argmax(-1) == targets)[counted].float().mean().item()
    spoken = batch.letter_counts > 0
    if not spoken.any():
        return tokens, tokens.detach() * 0, right
    longest = int(batch.encoder_frames.max())
    ctc = functional.ctc_loss(
        letters[spoken, :longest].transpose(0, 1),
        batch.letters,
        batch.encoder_frames[spoken],
        batch.letter_counts[spoken],
        zero_infinity=True,
    )
    return tokens, ctc, right


class Trainer:
    """Model, optimiser, data and the clock; `state_path` keeps them between runs."""

    def __init__(self, args: argparse.Namespace, rank: int) -> None:
        self.rank, self.ranks = rank, args.processes
        work: Path = args.work
        share = args.joined_share
        self.margin = replace(MARGIN, joined_share=share or MARGIN.joined_share)
        self.window = replace(WINDOW, joined_share=share or WINDOW.joined_share)
        clips = Clips(work)
        self.tokens = Tokens(clips.texts)
        self.model = TrainingWhisper(self.tokens)
        decay = [p for p in self.model.parameters() if p.dim() > 1]
        rest = [p for p in self.model.parameters() if p.dim() < 2]
        groups = [{"params": decay, "weight_decay": 0.01}, {"params": rest, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=PEAK_RATE, betas=(0.9, 0.98))
        self.step, self.used_sec, self.limit_sec = 0, 0.0, args.minutes * 60
        self.out, self.state_path = args.out, work / "speech_state.pt"
        if self.state_path.exists():
            state = torch.load(self.state_path)
            self.model.load_state_dict(state["model"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.step, self.used_sec = state["step"], state["used_sec"]
        self.last_save = self.last_export = self.used_sec
        self.progress = self.used_sec / self.limit_sec
        seeds = (11 + self.step + 1000003 * rank, 12 + self.step + 1000003 * rank)
        self.short, self.full = (Batches(clips, self.tokens, seed) for seed in seeds)
        log.info("%d clips, %d tokens in use, begins at step %d", len(clips.texts), len(self.tokens.ids), self.step)

    def learn(self) -> list[float]:
        """One step; returns token loss, letter loss and the share of right tokens."""
        progress = self.progress
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.step + 1, progress)
        whole = progress > 0.7 and self.step % 2 == 1
        short = TIGHT if progress < 0.7 else self.margin
        batch = self.full.next(self.window) if whole else self.short.next(short)
        with torch.autocast("cpu", torch.bfloat16, enabled=progress >= 0.35):
            token_loss, letter_loss, right = losses(self.model, batch)
        loss = token_loss + (1.0 - 0.7 * progress) * letter_loss
        self.optimiser.zero_grad(set_to_none=False)
        loss.backward()
        figures = self._share([self.used_sec / self.limit_sec, token_loss.item(), letter_loss.item(), right])
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        self.progress = figures[0]
        return figures[1:]

    def _share(self, figures: list[float]) -> list[float]:
        """Average gradients and `figures` over the processes; so all of them stay on the same step and clock."""
        grads = [p.grad if p.grad is not None else torch.zeros_like(p) for p in self.model.parameters()]
        flat = torch.cat([*(g.flatten() for g in grads), torch.tensor(figures)])
        if self.ranks > 1:
            distributed.all_reduce(flat)
            flat /= self.ranks
        parts = flat[: -len(figures)].split([g.numel() for g in grads])  # type: ignore[no-untyped-call]
        for parameter, part in zip(self.model.parameters(), parts, strict=True):
            parameter.grad = part.view_as(parameter)
        return flat[-len(figures) :].tolist()

    def keep(self, at_the_end: bool) -> None:
        """Save the state every 3 minutes and export a checkpoint every 10."""
        if at_the_end or self.used_sec - self.last_save > 180:
            self.last_save = self.used_sec
            state = {"model": self.model.state_dict(), "optimiser": self.optimiser.state_dict()}
            torch.save(state | {"step": self.step, "used_sec": self.used_sec}, self.state_path.with_suffix(".tmp"))
            self.state_path.with_suffix(".tmp").replace(self.state_path)
        if at_the_end or self.used_sec - self.last_export > 600:
            self.last_export = self.used_sec
            export(self.model, self.tokens, self.out)
            log.info("exported %s", self.out)

    def run(self) -> None:
        """Learn until the time is used up."""
        recent: list[list[float]] = []
        tick = time.monotonic()
        while self.progress < 1:
            recent.append(self.learn())
            now = time.monotonic()
            self.used_sec, tick = self.used_sec + now - tick, now
            if self.rank:
                continue
            if self.step % 100 == 0:
                means = [sum(column) / len(recent) for column in zip(*recent, strict=True)]
                line = "step %d, %.0f s, tokens %.3f, letters %.3f, right %.3f"
                log.info(line, self.step, self.used_sec, *means)
                recent = []
            self.keep(at_the_end=self.progress >= 1)


def work_as(rank: int, args: argparse.Namespace) -> None:
    """One of `args.processes` processes; each takes its own batches on one thread, gradients are averaged."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    torch.manual_seed(1)
    if args.processes > 1:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
        meeting_place = f"file://{(args.work / 'processes').absolute()}"
        distributed.init_process_group("gloo", init_method=meeting_place, rank=rank, world_size=args.processes)
    Trainer(args, rank).run()


def main() -> None:
    """Train and export."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=65)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "speech" / "demo_speech.pt")
    parser.add_argument("--joined-share", type=float, help="share of joined sentences in the second stage")
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    (args.work / "processes").unlink(missing_ok=True)
    start_processes(work_as, (args,), nprocs=args.processes, start_method="spawn")  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
