"""Valid inputs, made here, that the fuzzer damages; and a few that were made to do harm."""

from __future__ import annotations

import base64
import io
import json
import pickle
import struct
import tempfile
import zlib
from dataclasses import asdict
from functools import cache
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from comp_core.modalities import MODALITIES
from comp_core.senses.words.network import WordsNet, WordsNetConfig
from comp_core.support.assets import ASSETS
from comp_core.support.checkpoint import save_checkpoint
from tests.core.data import test_feature_folder
from tests.core.inference.test_media import RATE, SOUND_CODECS, VIDEO_CODECS, tone, write, write_wav
from tests.support.saved import clip_json, live_json


def media(folder: Path) -> list[bytes]:
    """Half a second in every container, pictures in every format, and a picture that claims to be huge."""
    paths = [write(folder / f"clip.{suffix}", 5, tone(0.5), codecs) for suffix, codecs in VIDEO_CODECS.items()]
    paths += [write(folder / f"sound.{suffix}", 0, tone(0.5), ("", codec)) for suffix, codec in SOUND_CODECS.items() if suffix != "wav"]
    paths.append(write_wav(folder / "sound.wav", tone(0.5, RATE)))
    return [*(path.read_bytes() for path in paths), *(_picture(form) for form in ("JPEG", "PNG", "GIF", "WEBP", "BMP")), *_bombs()]


def pictures(folder: Path) -> list[bytes]:
    return [_picture("JPEG"), _picture("JPEG", progressive=True), _many_scans()]


def base64_texts(folder: Path) -> list[bytes]:
    return [base64.b64encode(bytes(64)), base64.b64encode(np.arange(100, dtype="<i2").tobytes())]


def requests(folder: Path) -> list[bytes]:
    picture = base64.b64encode(_picture("JPEG")).decode()
    sound = base64.b64encode(np.arange(200, dtype="<i2").tobytes()).decode()
    found = [
        {"jpeg": picture, "captured": 1.0, "pcm": sound, "first": 0},
        {"pcm": sound, "first": 100},
        {"switches": dict.fromkeys(MODALITIES, True), "model": "prlf", "language": "de", "smoothing": 0.5},
        {"typed": "so happy today", "corrected": {"utterance": 1, "text": "joy"}, "note": "here", "face": [0.5, 0.25]},
        {"degradation": {"darkness": 0.5, "noise_db": 10, "muted": True}},
        {"lesson": {"hold": {"name": "bored", "attempt": 0}, "use": True}},
    ]
    return [json.dumps(one).encode() for one in found]


def sessions(folder: Path) -> list[bytes]:
    """A saved live session and a saved clip."""
    return [live_json().encode(), clip_json().encode()]


def degradations(folder: Path) -> list[bytes]:
    found = [{"darkness": 0.5, "blur": 1, "cover": 0.5}, {"noise_db": 10, "clipping": 0.9, "highest_hertz": 500}, {"words_lost": 0.5}]
    return [json.dumps(one).encode() for one in found]


def words(folder: Path) -> list[bytes]:
    return [b"so happy today!", "Ich bin so froh. \U0001f600 \u4f60\u597d e\u0301".encode(), b"a " * 3000]


@cache
def checkpoint() -> tuple[bytes, bytes]:
    """Description and weights of a words network of a few thousand numbers."""
    config = WordsNetConfig(40, width=12, layers=1, heads=2, inner=16, positions=16, feature_dim=8)
    torch.manual_seed(0)  # in each process the same
    with tempfile.TemporaryDirectory() as folder:
        stem = Path(folder) / "words"
        save_checkpoint(stem, "words", WordsNet(config), config, {"data": "made up"})
        return stem.with_suffix(".json").read_bytes(), stem.with_suffix(".safetensors").read_bytes()


def tokenizers(folder: Path) -> list[bytes]:
    """The one of the words sense with its last pieces left out."""
    whole = json.loads((ASSETS / "weights" / "words_tokenizer.json").read_text(encoding="utf-8"))
    whole["model"]["vocab"] = {piece: number for piece, number in whole["model"]["vocab"].items() if number < 300}
    return [json.dumps(whole).encode()]


def whisper(folder: Path) -> list[bytes]:
    """A Whisper of random weights in OpenAI's format, one with other sizes than it says, and a pickle that would run something."""
    from whisper.model import ModelDimensions, Whisper

    sizes = {"n_audio_state": 4, "n_audio_head": 2, "n_audio_layer": 1, "n_text_state": 4, "n_text_head": 2, "n_text_layer": 1}
    dims = ModelDimensions(n_mels=8, n_audio_ctx=10, n_vocab=30, n_text_ctx=8, **sizes)
    path, found = folder / "small.pt", []
    for said in (asdict(dims), {**asdict(dims), "n_vocab": 2**40}):
        torch.save({"dims": said, "model_state_dict": Whisper(dims).state_dict()}, path)
        found.append(path.read_bytes())
    return [*found, b"cos\nsystem\n(S'true'\ntR."]


def feature_folder(folder: Path) -> None:
    test_feature_folder.write(folder, ["v0", "v1", "v2"], lambda random: random.uniform(-3, 3))


def labels(folder: Path) -> list[bytes]:
    feature_folder(folder)
    path = folder / "labels.pkl"
    items = pickle.loads(path.read_bytes())
    arrays = [items[0], {name: np.array(row) for name, row in items[1].items()}, *items[2:]]
    outside = [{name: ["../../../../../etc/passwd"] for name in items[0]}, {name: [1.0] for name in items[0]}, *items[2:]]
    return [path.read_bytes(), *(pickle.dumps(what, protocol) for what in (items, arrays, outside) for protocol in (0, 2, 4))]


def arrays(folder: Path) -> list[bytes]:
    found = []
    for values in (np.zeros(4), np.zeros((3, 4), np.float32), np.arange(4), np.array([{}], object), np.zeros(4, "datetime64[s]")):
        out = io.BytesIO()
        np.save(out, values)
        found.append(out.getvalue())
    header = str({"descr": "<f8", "fortran_order": False, "shape": (2**40,)}).encode().ljust(117) + b"\n"
    out = io.BytesIO()
    np.savez(out, values=np.zeros(4))
    return [*found, b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + bytes(64), out.getvalue()]


def tables(folder: Path) -> list[bytes]:
    head = "file,conversation,speaker,label,split\n"
    rows = ("a/1.wav,v0,F,joy,train\n", "2.wav,v1,M,1.5,valid\n", '"3,.wav",v2,,"a ""b""",test\n', "../../etc/passwd,v3,F,joy,test\n")
    return [
        (head + "".join(rows[:3])).encode(),
        ("\ufeff" + head + "".join(rows)).encode(),
        (head + "/etc/passwd,v4,F,joy,test\n").encode("utf-16"),
    ]


def own_tables(folder: Path) -> list[bytes]:
    """Of words alone, which need no clips: labels, scores with decimal commas, and one full of mistakes."""
    people = [(speaker, number) for speaker in "abc" for number in range(4)]
    labels = "".join(f"{('bored', 'keen')[n % 2]},{who},sentence {who} {n}\n" for who, n in people)
    scores = "".join(f"{n},5;{who};sentence {who} {n}\n" for who, n in people)
    wrong = "a.wav,bored,1:00,0:30,a,\n../b.wav,keen,x,nan,b,\n,,,,,\n"
    return [
        ("label,speaker,words\n" + labels).encode(),
        ("\ufeffscore;speaker;words\n" + scores).encode(),
        ("file,label,start,end,speaker,words\n" + wrong).encode(),
    ]


def _picture(form: str, **options: bool) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (24, 32, 3), np.uint8)).save(out, form, **options)
    return out.getvalue()


def _many_scans() -> bytes:
    """A progressive JPEG whose last scan comes twenty thousand times: it would take a minute to decode."""
    out = io.BytesIO()
    Image.new("L", (1280, 1280), 90).save(out, "JPEG", progressive=True)
    content = out.getvalue()
    return content[:-2] + 20_000 * content[content.rindex(b"\xff\xda") : -2] + content[-2:]


def _bombs() -> list[bytes]:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    def png(side: int) -> bytes:
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
        return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(100_000))) + chunk(b"IEND", b"")

    return [_many_scans(), png(7_900), png(60_000)]
