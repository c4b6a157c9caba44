"""What is fuzzed: everything that reads what a stranger made."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from app.capture import wire
from app.checked import checked
from app.refusal import Refused
from app.reopened.calls import files, session_view
from app.reopened.session import read_session
from app.reopened.spans import table
from comp_core.data.feature_folder import read_folder
from comp_core.data.gcnet import LayoutError, read_clips
from comp_core.inference.media import MediaError, open_media
from comp_core.own.table import TableError, read_table
from comp_core.predictor import Predictor
from comp_core.senses.speech.recognition import RecogniserError, load_recogniser
from comp_core.senses.words.sense import load_words_net
from comp_core.senses.words.tokens import encode, load_tokenizer
from comp_core.support.checkpoint import CheckpointError
from tests.app.sessions import Page
from tests.core.data.test_feature_folder import FEATURES
from tools.fuzz import seeds
from tools.fuzz.target import Target, Unfit


def _media(content: bytes, folder: Path) -> None:
    path = folder / "clip"
    path.write_bytes(content)
    media = open_media(path)
    assert media.samples is None or np.isfinite(media.samples).all()
    for seconds, picture in media.frames(5):
        assert seconds >= 0 and picture.ndim == 3 and max(picture.shape) <= 640


def _picture(content: bytes, folder: Path) -> None:
    picture = wire.picture(base64.b64encode(content).decode())
    assert picture.dtype == np.uint8 and picture.ndim == 3


def _base64(content: bytes, folder: Path) -> None:
    text = content.decode("utf-8", "surrogateescape")
    wire.samples(text)


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Unfit from error


def _live(content: bytes, folder: Path) -> None:
    """Each server function with a running session, then what its loop makes of it; answers must be fit to be sent."""
    request, page = _json(content), Page()
    page.now = 1.0
    token = page.start()
    if isinstance(request, dict):
        request = {**request, "token": token}
    (session,) = page.sessions
    for call in (
        page.exchange,
        page.control,
        page.give_out,
        page.take_along,
        page.recogniser_status,
        page.open_session,
        page.close_session,
    ):
        answer = call(request)
        assert answer.get("error") != "failed", call.__name__
        if session is page.sessions[0]:
            session.update(session.inbox.take(0))
        sent = json.dumps([answer, page.exchange({"token": token})], ensure_ascii=False)
        sent.encode("utf-8")


def _description(content: bytes, folder: Path) -> None:
    (folder / "words.json").write_bytes(content)
    (folder / "words.safetensors").write_bytes(seeds.checkpoint()[1])
    load_words_net(folder / "words")


def _weights(content: bytes, folder: Path) -> None:
    """Whoever replaces weights can replace their hash."""
    record = {**json.loads(seeds.checkpoint()[0]), "sha256": hashlib.sha256(content).hexdigest()}
    (folder / "words.json").write_text(json.dumps(record))
    (folder / "words.safetensors").write_bytes(content)
    load_words_net(folder / "words")


def _tokenizer(content: bytes, folder: Path) -> None:
    path = folder / "tokenizer.json"
    path.write_bytes(content)
    encode(load_tokenizer(path), ["so happy", ""])


def _labels(content: bytes, folder: Path) -> None:
    seeds.feature_folder(folder)
    (folder / "labels.pkl").write_bytes(content)
    read_folder(folder, FEATURES)


def _features(content: bytes, folder: Path) -> None:
    seeds.feature_folder(folder)
    (folder / "features" / "words" / "v0_F000.npy").write_bytes(content)
    read_folder(folder, FEATURES)


def _table(content: bytes, folder: Path) -> None:
    path = folder / "clips.csv"
    path.write_bytes(content)
    for clip in read_clips(path):
        assert (folder / clip.file).resolve().is_relative_to(folder.resolve())
        assert (folder / f"{clip.utterance}.npy").resolve().parent == folder.resolve()


def _own_table(content: bytes, folder: Path) -> None:
    path = folder / "clips.csv"
    path.write_bytes(content)
    for row in read_table(path, folder).rows:
        assert not row.file or (folder / row.file).resolve().is_relative_to(folder.resolve())


@cache
def _predictor() -> Predictor:
    return Predictor.load(device="cpu")


def _words(content: bytes, folder: Path) -> None:
    record = _predictor().predict_text(content.decode("utf-8", "surrogateescape"))
    json.dumps(record, ensure_ascii=False, allow_nan=False).encode("utf-8")


def _degraded(content: bytes, folder: Path) -> None:
    request = _json(content)
    random = np.random.default_rng(0)
    degradation = wire.degradation(checked(TypeAdapter(wire.Sliders), request))
    assert degradation.picture(np.full((24, 32, 3), 90, np.uint8), random).shape == (24, 32, 3)
    for samples in (np.zeros(1600, np.float32), np.ones(1, np.float32), random.normal(size=1600).astype(np.float32)):
        sound = degradation.sound(samples, random)
        assert sound is None or (sound.shape == samples.shape and np.isfinite(sound).all())
    degradation.words("so happy today", random)


def _saved(content: bytes, folder: Path) -> None:
    """A saved session is shown and saved again; answers must be fit to be sent."""
    opened = read_session(content)
    json.dumps([session_view(opened), files(opened), table((opened, opened))], allow_nan=False).encode()


def _whisper(content: bytes, folder: Path) -> None:
    path = folder / "model.pt"
    path.write_bytes(content)
    load_recogniser(str(path))


# Name -> target, as the report calls them.
TARGETS: dict[str, Target] = {
    "media files": Target(seeds.media, _media, (MediaError,)),
    "camera pictures": Target(seeds.pictures, _picture, (Refused,)),
    "base64 of sound": Target(seeds.base64_texts, _base64, (Refused,)),
    "requests of the live page": Target(seeds.requests, _live),
    "degradation": Target(seeds.degradations, _degraded, (Refused,)),
    "saved sessions": Target(seeds.sessions, _saved, (Refused,)),
    "words": Target(seeds.words, _words),
    "descriptions of checkpoints": Target(lambda _: [seeds.checkpoint()[0]], _description, (CheckpointError,)),
    "weights": Target(lambda _: [seeds.checkpoint()[1]], _weights, (CheckpointError,)),
    "tokenizers": Target(seeds.tokenizers, _tokenizer, (CheckpointError,)),
    "Whisper checkpoints": Target(seeds.whisper, _whisper, (RecogniserError,)),
    "label pickles": Target(seeds.labels, _labels, (LayoutError,)),
    "feature arrays": Target(seeds.arrays, _features, (LayoutError,)),
    "tables of clips": Target(seeds.tables, _table, (LayoutError,)),
    "tables of own clips": Target(seeds.own_tables, _own_table, (TableError,)),
}
