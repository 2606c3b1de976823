"""Train the demo speech model on the clips of demo_voices.py and export an openai-whisper checkpoint.

    python demo_speech_train.py --work DIR --minutes 65 [--out speech/demo_speech.pt]

Resumes from DIR/speech_state.pt when it is there. Three stages by the time used: windows as short as the utterances,
windows with up to 2.2 s of margin, then half of the steps with the whole 30 s window that stock Whisper decodes.
"""

from __future__ import annotations

import argparse
import logging
import math
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from demo_speech_data import Batch, Batches, Clips, Recipe
from demo_speech_model import TrainingWhisper, Tokens, export
from torch import Tensor

PEAK_RATE, WARM_UP_STEPS = 2e-3, 400
TIGHT = Recipe(0.06, (0.0, 0.6), 72.0, 8.0)
MARGIN = Recipe(0.12, (0.4, 2.2), 72.0)
WINDOW = Recipe(0.25, None, 60.0, 18.0, 8)
log = logging.getLogger("demo_speech_train")


def learning_rate(step: int, progress: float) -> float:
    return PEAK_RATE * min(1, step / WARM_UP_STEPS) * (0.5 + 0.5 * math.cos(math.pi * min(progress, 1.0)))


def losses(model: TrainingWhisper, batch: Batch) -> tuple[Tensor, Tensor, float]:
    """Cross-entropy a token, CTC a letter, and the share of tokens that are right."""
    logits, letters = model(batch.mel, batch.rows)
    flat, targets = logits.flatten(0, 1), batch.targets.flatten()
    tokens = F.cross_entropy(flat, targets, ignore_index=-100, label_smoothing=0.05)
    counted = targets >= 0
    right = (flat.detach().argmax(-1) == targets)[counted].float().mean().item()
    spoken = batch.letter_counts > 0
    if not spoken.any():
        return tokens, tokens.detach() * 0, right
    longest = int(batch.encoder_frames.max())
    ctc = F.ctc_loss(
        letters[spoken, :longest].transpose(0, 1),
        batch.letters,
        batch.encoder_frames[spoken],
        batch.letter_counts[spoken],
        zero_infinity=True,
    )
    return tokens, ctc, right


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=65)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "speech" / "demo_speech.pt")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    clips = Clips(args.work)
    tokens = Tokens(clips.texts)
    model = TrainingWhisper(tokens)
    decay = [p for p in model.parameters() if p.dim() > 1]
    rest = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": decay, "weight_decay": 0.01}, {"params": rest, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=PEAK_RATE, betas=(0.9, 0.98))
    step, used_sec = 0, 0.0
    state_path = args.work / "speech_state.pt"
    if state_path.exists():
        state = torch.load(state_path)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        step, used_sec = state["step"], state["used_sec"]
    log.info("%d clips, %d tokens in use, resuming at step %d", len(clips.texts), len(tokens.ids), step)
    short, full = Batches(clips, tokens, 11 + step), Batches(clips, tokens, 12 + step)
    sums, count, last_export, last_save = [0.0, 0.0, 0.0], 0, used_sec, used_sec
    tick = time.monotonic()
    while used_sec < args.minutes * 60:
        progress = used_sec / (args.minutes * 60)
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(step + 1, progress)
        if progress > 0.7 and step % 2:
            batch = full.next(WINDOW)
        else:
            batch = short.next(TIGHT if progress < 0.35 else MARGIN)
        with torch.autocast("cpu", torch.bfloat16, enabled=progress >= 0.35):
            token_loss, ctc, right = losses(model, batch)
        loss = token_loss + (1.0 - 0.7 * progress) * ctc
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        step += 1
        now = time.monotonic()
        used_sec, tick = used_sec + now - tick, now
        sums = [a + b for a, b in zip(sums, (token_loss.item(), ctc.item(), right), strict=True)]
        count += 1
        if step % 100 == 0:
            means = [s / count for s in sums]
            log.info("step %d, %.0f s, tokens %.3f, letters %.3f, right %.3f", step, used_sec, *means)
            sums, count = [0.0, 0.0, 0.0], 0
        if used_sec - last_save > 180 or used_sec >= args.minutes * 60:
            last_save = used_sec
            state = {"model": model.state_dict(), "optimiser": optimiser.state_dict(), "step": step, "used_sec": used_sec}
            torch.save(state, state_path.with_suffix(".tmp"))
            state_path.with_suffix(".tmp").replace(state_path)
        if used_sec - last_export > 600 or used_sec >= args.minutes * 60:
            last_export = used_sec
            export(model, tokens, args.out)
            log.info("exported %s", args.out)


if __name__ == "__main__":
    main()
