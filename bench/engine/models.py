"""Whisper models of the true sizes with random weights, so that speed can be measured where no weights can be had.

They say a fixed number of tokens and then end, in every engine that runs them: from the position where the end is
due the positional embedding points where only "end of text" lies. So an utterance costs each engine the same work, and
the engines' own ends, fallbacks and checks run as they do with real weights. They say nothing about accuracy.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import whisper as openai_whisper  # the distribution is openai-whisper; `whisper` on PyPI is another program
from whisper.model import ModelDimensions, Whisper

from bench.files import cached

PROMPT_TOKENS = 4  # start, language, task, no timestamps
TOKENS = 20
CONTEXT = 448
FRAMES_PER_SEC = 100
SEED = 0
EMBEDDING_SCALE = 0.13  # logits spread by about 3, as in a model that is sure of itself
END_PULL = 300.0  # far more than all layers add to it


@dataclass(frozen=True)
class Size:
    """One of openai-whisper's sizes (its README, and the dimensions in its checkpoints)."""

    name: str
    state: int
    heads: int
    audio_layers: int
    text_layers: int
    mels: int = 80
    vocabulary: int = 51_865

    @property
    def dimensions(self) -> ModelDimensions:
        """As openai-whisper states them."""
        text = (CONTEXT, self.state, self.heads, self.text_layers)
        audio = (1500, self.state, self.heads, self.audio_layers)
        return ModelDimensions(self.mels, *audio, self.vocabulary, *text)


SIZES = {
    size.name: size
    for size in (
        Size("tiny", 384, 6, 4, 4),
        Size("base", 512, 8, 6, 6),
        Size("small", 768, 12, 12, 12),
        Size("medium", 1024, 16, 24, 24),
        Size("large-v3", 1280, 20, 32, 32, 128, 51_866),
        Size("turbo", 1280, 20, 32, 4, 128, 51_866),
    )
}


def random_model(size: Size, device: str = "cpu", tokens: int = TOKENS) -> Whisper:
    """A model of this size that says `tokens` tokens, in full precision."""
    torch.manual_seed(SEED)
    with torch.device(device):
        model = Whisper(size.dimensions).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() > 1:
                torch.nn.init.xavier_normal_(weight)
            elif name.endswith("bias"):
                torch.nn.init.zeros_(weight)
        end = openai_whisper.tokenizer.get_tokenizer(True, num_languages=model.num_languages).eot
        decoder = model.decoder
        decoder.token_embedding.weight.normal_(std=EMBEDDING_SCALE)
        decoder.positional_embedding.normal_(std=EMBEDDING_SCALE)
        there = torch.nn.functional.normalize(decoder.token_embedding.weight[end], dim=0)
        there = there - there.mean()  # the last layer norm takes the mean away
        decoder.token_embedding.weight[end] = there * EMBEDDING_SCALE * size.state**0.5
        decoder.positional_embedding[PROMPT_TOKENS + tokens - 1 :] = there * END_PULL
    return model


def model_for(size: Size, device: str = "cpu") -> tuple[Whisper, str]:
    """The official weights where openai-whisper has them cached, else random ones; and which."""
    official = Path.home() / ".cache" / "whisper" / f"{size.name}.pt"
    if official.exists():
        return openai_whisper.load_model(str(official), device=device), "official"
    return random_model(size, device), "random"


def checkpoint(size: Size) -> Path:
    """A file with random weights of this size, as `WHISPER_MODEL` takes it; made once."""
    path = cached(f"{size.name}-random.pt")
    if not path.exists():
        model = random_model(size).half()
        part = path.with_suffix(".part")
        torch.save({"dims": asdict(size.dimensions), "model_state_dict": model.state_dict()}, part)
        part.rename(path)
    return path


def encoder_flops(size: Size, frames: int) -> float:
    """Floating-point operations (a multiplication and an addition are two) of one pass over `frames` of spectrogram."""
    positions, width = frames / 2, size.state
    convolutions = 3 * size.mels * width * frames + 3 * width * width * positions
    layer = 12 * width * width * positions + 2 * positions * positions * width
    return 2 * (convolutions + size.audio_layers * layer)


def decoder_flops(size: Size, frames: int, tokens: int = TOKENS) -> float:
    """Those of decoding `tokens` tokens after the prompt, one at a time, over the encoder's output."""
    positions, width, steps = frames / 2, size.state, PROMPT_TOKENS + tokens
    once = 2 * width * width * positions  # keys and values of the encoder's output
    token = 14 * width * width + 2 * positions * width
    attention = steps * steps * width
    logits = (tokens + 1) * width * size.vocabulary
    return 2 * (size.text_layers * (once + steps * token + attention) + logits)
