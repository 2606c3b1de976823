"""The demo speech model while it trains: openai-whisper's own layers over the few tokens in use, and its export.

Whisper's English vocabulary has 51,864 tokens; the demo sentences use a few hundred. Training keeps one embedding row
for each of these and one shared row for all others. The shared row's logit gets log(number of others) added, so
that together they are as improbable as they should be. The export writes the shared row into every unused place.
"""

from __future__ import annotations

import math
import string
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from whisper.audio import N_FFT, mel_filters
from whisper.model import ModelDimensions, Whisper
from whisper.tokenizer import get_tokenizer

DIMS = ModelDimensions(80, 1500, 128, 2, 4, 51864, 448, 128, 2, 2)
LETTERS = " '" + string.ascii_lowercase
#: End timestamps are learnt in steps of 0.1 s up to 20 s; Whisper's own step is 0.02 s.
TIMESTAMP_IDS = range(0, 1001, 5)


class Tokens:
    """Maps Whisper's token ids to rows of the small embedding and back.

    `ids` holds Whisper's ids of rows 0..n-1; row n is the shared one.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self.whisper = get_tokenizer(False)
        t = self.whisper
        assert t.no_speech is not None and t.no_timestamps is not None
        specials = [t.eot, t.sot, t.no_timestamps, t.no_speech]
        specials += [t.timestamp_begin + k for k in TIMESTAMP_IDS]
        words = sorted({i for text in texts for i in t.encode(" " + text)})
        self.ids = specials + words
        self.row = {token: row for row, token in enumerate(self.ids)}
        self.eot, self.sot, self.no_timestamps, self.no_speech = range(4)
        self.unused = DIMS.n_vocab - len(self.ids)

    def text_rows(self, text: str) -> list[int]:
        """Rows of a sentence, as Whisper writes it: with a space before it."""
        return [self.row[i] for i in self.whisper.encode(" " + text)]

    def timestamp_row(self, seconds: float) -> int:
        """Row of the timestamp nearest to `seconds`, at most 20."""
        return 4 + min(round(seconds * 10), len(TIMESTAMP_IDS) - 1)


def letters_of(text: str) -> list[int]:
    """Targets of the letter-level CTC loss; 0 is the blank."""
    return [LETTERS.index(c) + 1 for c in text.lower() if c in LETTERS]


class TrainingWhisper(nn.Module):
    """Whisper over the tokens in use, with a letter output on the encoder that the export leaves out."""

    def __init__(self, tokens: Tokens) -> None:
        super().__init__()
        self.net = Whisper(replace(DIMS, n_vocab=len(tokens.ids) + 1))
        self.letters = nn.Linear(DIMS.n_audio_state, len(LETTERS) + 1)
        self.others = torch.zeros(len(tokens.ids) + 1)
        self.others[-1] = math.log(tokens.unused)
        for parameter in self.net.parameters():
            if parameter.dim() == 2:
                nn.init.xavier_uniform_(parameter)
        nn.init.normal_(self.net.decoder.token_embedding.weight, std=DIMS.n_text_state**-0.5)
        nn.init.normal_(self.net.decoder.positional_embedding, std=0.02)

    def encode(self, mel: Tensor) -> Tensor:
        """`mel` [batch, 80, frames], any even number of frames up to 3000 -> [batch, frames / 2, state]."""
        encoder = self.net.encoder
        x = functional.gelu(encoder.conv2(functional.gelu(encoder.conv1(mel)))).permute(0, 2, 1)
        x = x + encoder.positional_embedding[: x.shape[1]]
        for block in encoder.blocks:
            x = block(x)
        out: Tensor = encoder.ln_post(x)
        return out

    def forward(self, mel: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Token logits [batch, tokens, rows in use + 1], letter log-probabilities [batch, frames / 2, letters + 1]."""
        audio = self.encode(mel)
        logits = self.net.decoder(rows, audio) + self.others
        return logits, self.letters(audio).float().log_softmax(-1)


def log_mel(audio: Tensor) -> Tensor:
    """whisper.log_mel_spectrogram for a batch: `audio` [batch, samples] -> [batch, 80, samples / 160].

    The floor of 8 decades below the maximum is each row's own, as when rows are given to Whisper one by one.
    """
    stft = torch.stft(audio, N_FFT, 160, window=torch.hann_window(N_FFT), return_complex=True)
    mel = mel_filters(audio.device, 80) @ torch.view_as_real(stft[..., :-1]).pow(2).sum(-1)
    log = mel.clamp(min=1e-10).log10()
    return (torch.maximum(log, log.amax((1, 2), keepdim=True) - 8.0) + 4.0) / 4.0


def export(model: TrainingWhisper, tokens: Tokens, path: Path) -> None:
    """Write an fp16 checkpoint that whisper.load_model(path) loads."""
    state = {name: value.detach().half() for name, value in model.net.state_dict().items()}
    small = state["decoder.token_embedding.weight"]
    full = small[-1].repeat(DIMS.n_vocab, 1)
    full[torch.tensor(tokens.ids)] = small[:-1]
    state["decoder.token_embedding.weight"] = full
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(".tmp")
    torch.save({"dims": asdict(DIMS), "model_state_dict": state}, scratch)
    scratch.replace(path)
