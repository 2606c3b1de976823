"""Encoders: their spectra against figures of librosa and Kaldi, the network against its own package, files, the hub."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from contract.audio import SAMPLE_RATE_HZ
from speaker_worker.engine.encoder.fbank import fbank
from speaker_worker.engine.encoder.from_file import FileEncoder
from speaker_worker.engine.encoder.load import load_encoder
from speaker_worker.engine.encoder.mel import mel_spectrogram
from speaker_worker.engine.encoder.protocol import Audio, EncoderError, EncoderLoadError, VoiceEncoder
from speaker_worker.engine.encoder.resemblyzer import ResemblyzerEncoder
from speaker_worker.engine.voices import voices_in

BANDS_LOOKED_AT = [0, 1, 2, 5, 10, 17, 18, 19, 20, 22, 25, 30, 39]
# librosa 0.10.2: melspectrogram(y=sweep(0.5), sr=16000, n_fft=400, hop_length=160, n_mels=40)
LIBROSA = {
    0: [
        *(0.05554831, 0.2608129, 0.4982061, 0.002887202, 2.310366e-06, 0.001123497, 0.003615854, 0.04917628),
        *(0.07998009, 0.0009742446, 0.0001294157, 1.878155e-05, 3.026647e-06),
    ],
    50: [
        *(0.05260521, 0.2555291, 0.4976431, 0.003697481, 9.243559e-05, 2.270359e-06, 5.669767e-06, 1.050326e-05),
        *(1.7234e-05, 3.750426e-05, 0.000133789, 0.001382632, 1.251701e-05),
    ],
}
# kaldi-native-fbank: 80 bins, Hamming's window, no dither, of sweep(0.5) at 16-bit scale; bands 0, 5, 10, 20, 40, 60
# and 79
KALDI = {
    0: [13.0292, 18.1014, 13.4434, 8.92232, 20.6221, 11.1952, 10.8513],
    10: [12.7414, 18.0942, 13.3553, 10.1258, 13.2744, 11.3258, 10.8141],
    47: [13.0589, 18.106, 13.6166, 10.17, 11.2415, 13.7658, 11.6899],
}
# Resemblyzer 0.1.4's own network on librosa's spectrogram of sweep(1.6) at -30 dB: its six largest dimensions
RESEMBLYZER = {124: 0.31280, 220: 0.23066, 9: 0.22952, 11: 0.18749, 138: 0.18373, 122: 0.18286}


def sweep(sec: float) -> Audio:
    """A steady tone and one that rises."""
    t = np.arange(int(sec * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    tones = 0.1 * np.sin(2 * np.pi * 220 * t) + 0.05 * np.sin(2 * np.pi * 1700 * t * (1 + t))
    return tones.astype(np.float32)


def test_the_mel_spectrogram_is_librosas() -> None:
    found = mel_spectrogram(sweep(0.5))
    assert found.shape == (51, 40)
    for frame, wanted in LIBROSA.items():
        np.testing.assert_allclose(found[frame, BANDS_LOOKED_AT], wanted, rtol=2e-4, atol=1e-9)


def test_the_filter_bank_is_kaldis() -> None:
    found = fbank(sweep(0.5))
    assert found.shape == (48, 80)
    np.testing.assert_allclose(found.mean(axis=0), np.zeros(80), atol=1e-4)
    first = np.array(KALDI[0])
    for frame, wanted in KALDI.items():
        difference = found[frame] - found[0]
        np.testing.assert_allclose(difference[[0, 5, 10, 20, 40, 60, 79]], np.array(wanted) - first, atol=2e-3)


def test_less_than_a_frame_has_a_filter_bank() -> None:
    assert fbank(np.zeros(10, dtype=np.float32)).shape == (1, 80)


@pytest.fixture(scope="module")
def resemblyzer() -> VoiceEncoder:
    return load_encoder("auto")


def test_the_network_is_that_of_its_package(resemblyzer: VoiceEncoder) -> None:
    (row,) = resemblyzer.embed([sweep(1.6)])
    assert np.linalg.norm(row) == pytest.approx(1, abs=1e-5)
    for dimension, wanted in RESEMBLYZER.items():
        assert row[dimension] == pytest.approx(wanted, abs=2e-4)


def test_its_package_is_never_imported(resemblyzer: VoiceEncoder) -> None:
    assert not {"resemblyzer", "librosa", "webrtcvad"} & set(sys.modules)


def test_the_level_does_not_matter_and_silence_is_nobody(resemblyzer: VoiceEncoder) -> None:
    loud, soft, silent, nothing = resemblyzer.embed(
        [sweep(1.6), (sweep(1.6) / 50).astype(np.float32), np.zeros(400, np.float32), sweep(0)]
    )
    np.testing.assert_allclose(loud, soft, atol=1e-4)
    assert not silent.any()
    assert not nothing.any()


def test_many_windows_of_all_lengths_are_each_themselves(resemblyzer: VoiceEncoder) -> None:
    windows = [sweep(0.3 + 0.4 * number) for number in range(6)]
    together = resemblyzer.embed(windows)
    for window, row in zip(windows, together, strict=True):
        np.testing.assert_allclose(resemblyzer.embed([window])[0], row, atol=1e-5)
    assert resemblyzer.embed([]).shape == (0, 256)


def test_a_file_that_holds_no_weights_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    for content in (b"", b"no weights at all", b"\x80\x02."):
        path.write_bytes(content)
        with pytest.raises(EncoderLoadError, match="no weights of Resemblyzer"):
            ResemblyzerEncoder(path)
    torch.save({"model_state": {"lstm.weight_ih_l0": torch.zeros(3)}}, path)
    with pytest.raises(EncoderLoadError, match="no weights of Resemblyzer"):
        ResemblyzerEncoder(path)


class OfWaveform(torch.nn.Module):
    """Takes [1, n] alone."""

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        pieces = waveform[:, : waveform.shape[1] // 8 * 8].reshape(1, -1, 8)
        return pieces.abs().mean(1)


class OfBank(torch.nn.Module):
    """Takes [1, t, 80] alone."""

    def forward(self, bank: torch.Tensor) -> torch.Tensor:
        return bank.permute(0, 2, 1).std(2)


class OfNothing(torch.nn.Module):
    """Gives a value for each sample."""

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        return waveform.unsqueeze(0).expand(2, 3, waveform.shape[-1])


def scripted(module: torch.nn.Module, path: Path) -> Path:
    with pytest.warns(DeprecationWarning):
        torch.jit.save(torch.jit.script(module), str(path))
    return path


@pytest.mark.parametrize(("module", "dimensions"), [(OfWaveform(), 8), (OfBank(), 80)])
def test_a_torchscript_file_tells_by_itself_what_it_takes(
    tmp_path: Path, module: torch.nn.Module, dimensions: int
) -> None:
    path = scripted(module, tmp_path / "voice.ts")
    encoder = load_encoder(str(path))
    rows = encoder.embed([sweep(1.6), sweep(0.4), np.zeros(100, np.float32)])
    assert encoder.name == "voice.ts"
    assert rows.shape == (3, dimensions + 1)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), [1, 1, 0], atol=1e-5)


def test_a_constant_beside_it_brings_its_cosines_to_the_scale_of_the_thresholds(tmp_path: Path) -> None:
    encoder = load_encoder(str(scripted(OfBank(), tmp_path / "voice.pt")))
    noise = np.random.default_rng(1).normal(0, 0.1, 25600).astype(np.float32)
    one, two = encoder.embed([sweep(1.6), noise])
    plain = float(one[:-1] @ two[:-1]) / (float(np.linalg.norm(one[:-1])) * float(np.linalg.norm(two[:-1])))
    assert float(one @ two) == pytest.approx(0.55 + 0.45 * plain, abs=1e-4)


def test_a_folder_with_one_encoder_will_do(tmp_path: Path) -> None:
    scripted(OfBank(), tmp_path / "model.pt")
    (tmp_path / "other.pt").write_bytes(b"")
    assert load_encoder(str(tmp_path)).name == "model.pt"
    (tmp_path / "model.pt").rename(tmp_path / "another.pt")
    with pytest.raises(EncoderLoadError, match="cannot be told"):
        load_encoder(str(tmp_path))


def test_what_is_no_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EncoderLoadError, match="there is no encoder at"):
        load_encoder(str(tmp_path / "missing.pt"))
    (tmp_path / "broken.pt").write_bytes(b"PK\x03\x04 not really")
    with pytest.raises(EncoderLoadError, match="no TorchScript file"):
        load_encoder(str(tmp_path / "broken.pt"))
    with pytest.raises(EncoderLoadError, match="neither a waveform"):
        load_encoder(str(scripted(OfNothing(), tmp_path / "nothing.pt")))


def test_onnx_without_its_runtime_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    (tmp_path / "voice.onnx").write_bytes(b"anything")
    with pytest.raises(EncoderLoadError, match="needs onnxruntime, which is not installed"):
        FileEncoder(tmp_path / "voice.onnx")


def test_a_name_of_the_hub_that_cannot_be_had_is_a_clear_error() -> None:
    with pytest.raises(EncoderLoadError, match="somebody/voice is not in the local cache"):
        load_encoder("somebody/voice", hub_allowed=False)


def test_a_snapshot_in_the_hubs_cache_is_used_without_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    folder = tmp_path / "models--somebody--voice"
    (folder / "snapshots" / "abc").mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("abc")
    scripted(OfWaveform(), folder / "snapshots" / "abc" / "voice.pt")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    assert load_encoder("somebody/voice", hub_allowed=False).name == "somebody/voice"


class Changing(torch.nn.Module):
    """As many dimensions as there are samples in a hundredth of the waveform."""

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        return waveform[:, : waveform.shape[1] // 100] + 0.1


def test_an_embedding_that_changes_its_size_is_an_error(tmp_path: Path) -> None:
    encoder = FileEncoder(scripted(Changing(), tmp_path / "changing.pt"))
    with pytest.raises(EncoderError, match="dimensions"):
        encoder.embed([sweep(2.5)])


def test_dummy_needs_no_torch_and_tells_tones_apart() -> None:
    encoder = load_encoder("dummy")
    t = np.arange(3 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    low, high = ((np.sin(2 * np.pi * hz * t) / 10).astype(np.float32) for hz in (200, 2000))
    one, other = (voices_in(encoder, tone, [(0, len(tone))]).embeddings.mean(axis=0) for tone in (low, high))
    assert one @ one > 0.95
    assert one @ other < 0.2
