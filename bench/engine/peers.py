"""The same weights for CTranslate2, so that faster-whisper can be measured beside ours.

No network: the tokenizer is made from the vocabulary that openai-whisper brings.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from whisper.model import Whisper
from whisper.tokenizer import get_tokenizer

from bench.engine.models import Size
from bench.files import cached

RENAMED = (  # openai-whisper's names, transformers' names; in this order
    ("blocks", "layers"),
    ("mlp.0", "fc1"),
    ("mlp.2", "fc2"),
    ("mlp_ln", "final_layer_norm"),
    ("cross_attn_ln", "encoder_attn_layer_norm"),
    ("cross_attn", "encoder_attn"),
    ("attn_ln", "self_attn_layer_norm"),
    (".attn.", ".self_attn."),
    (".query.", ".q_proj."),
    (".key.", ".k_proj."),
    (".value.", ".v_proj."),
    (".out.", ".out_proj."),
    ("decoder.ln.", "decoder.layer_norm."),
    ("ln_post", "layer_norm"),
    ("token_embedding", "embed_tokens"),
    ("positional_embedding", "embed_positions.weight"),
)
CONFIG = ("config.json", "tokenizer.json", "preprocessor_config.json", "model.bin")


def converted(size: Size, model: Whisper, weights: str, kind: str = "int8") -> Path:
    """`model` as a CTranslate2 folder that faster-whisper takes; made once. Needs ctranslate2."""
    folder = cached(f"{size.name}-{weights}-ctranslate2-{kind}")
    if all((folder / name).exists() for name in CONFIG):
        return folder
    from ctranslate2.converters.converter import Converter
    from ctranslate2.converters.transformers import WhisperLoader

    tokenizer = get_tokenizer(True, num_languages=model.num_languages)
    specials: dict[str, int] = tokenizer.encoding._special_tokens
    peer = as_transformers(size, model)
    loader = WhisperLoader()

    class InMemory(Converter):  # type: ignore[misc]
        def _load(self) -> Any:
            spec = loader.get_model_spec(peer)
            config = spec.config
            config.suppress_ids = [*tokenizer.non_speech_tokens]
            config.suppress_ids_begin = [*tokenizer.encode(" "), tokenizer.eot]
            config.lang_ids = sorted(tokenizer.all_language_tokens)
            config.alignment_heads = [[size.text_layers - 1, 0]]
            spec.register_vocabulary(_vocabulary(tokenizer.encoding.n_vocab, specials, size.vocabulary))
            return spec

    shutil.rmtree(folder, ignore_errors=True)
    InMemory().convert(str(folder), quantization=kind, force=True)
    _hub_tokenizer(specials).save(str(folder / "tokenizer.json"))
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": size.mels}))
    return folder


def as_transformers(size: Size, model: Whisper) -> Any:
    """The same weights in transformers' classes."""
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    config = WhisperConfig(
        vocab_size=size.vocabulary,
        num_mel_bins=size.mels,
        d_model=size.state,
        encoder_layers=size.audio_layers,
        decoder_layers=size.text_layers,
        encoder_attention_heads=size.heads,
        decoder_attention_heads=size.heads,
        encoder_ffn_dim=4 * size.state,
        decoder_ffn_dim=4 * size.state,
    )
    peer: Any = WhisperForConditionalGeneration(config)
    peer.eval()
    state = {}
    for name, weight in model.state_dict().items():
        new = name
        for ours, theirs in RENAMED:
            new = new.replace(ours, theirs)
        state[f"model.{new}"] = weight.float()
    missing, unexpected = peer.load_state_dict(state, strict=False)
    if unexpected or set(missing) - {"proj_out.weight"}:
        raise ValueError(f"the weights do not fit transformers' classes: {missing} {unexpected}")
    peer.tie_weights()
    return peer


def _vocabulary(ordinary: int, specials: dict[str, int], count: int) -> list[str]:
    """One name a token: the special ones as they are, the rest only told apart.

    The last ordinary token of a multilingual model is empty; by that CTranslate2 knows one.
    """
    names = [f"t{number}" for number in range(max(count, ordinary))]
    names[min(specials.values()) - 1] = ""
    for name, number in specials.items():
        names[number] = name
    return names[:count]


def _hub_tokenizer(specials: dict[str, int]) -> Any:
    """openai-whisper's vocabulary as a tokenizer of the `tokenizers` package."""
    import whisper
    from tokenizers import AddedToken
    from transformers.convert_slow_tokenizer import TikTokenConverter

    assets = Path(whisper.__file__).parent / "assets" / "multilingual.tiktoken"
    pattern = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
    converter: Any = TikTokenConverter
    made = converter(str(assets), pattern=pattern).converted()
    made.add_special_tokens([AddedToken(name, special=True) for name in sorted(specials, key=specials.__getitem__)])
    for name, number in specials.items():
        if made.token_to_id(name) != number:
            raise ValueError(f"{name} has another number than in openai-whisper")
    return made
