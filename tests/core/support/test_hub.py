"""Models go to a folder or to the Hub and come back as they were; what is wrong with them is refused before it is fetched or opened."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import ModelCard, constants

from comp_core.inference.fusion import Fusion
from comp_core.modalities import LABELS, MODALITIES
from comp_core.modeling.registry import KINDS
from comp_core.predictor import Predictor
from comp_core.senses.face.sense import FaceSense
from comp_core.senses.reading import Reading
from comp_core.senses.voice.sense import VoiceSense
from comp_core.senses.words.sense import TOKENIZER, WordsSense
from comp_core.support.assets import ASSETS
from comp_core.support.checkpoint import WEIGHTS_DIR, CheckpointError, sha256_of
from comp_core.support.hub import LARGEST
from tests.support.hub_server import Hub, running_hub

SENSES = (FaceSense, VoiceSense, WordsSense)
NAME = "someone/affect"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    with running_hub() as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub.url + "/{repo_id}/resolve/{revision}/{filename}")
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        yield hub


@pytest.fixture
def served(hub: Hub) -> Hub:
    """The hub with all our weights in one repository."""
    hub.files[NAME] = {path.name: path.read_bytes() for path in WEIGHTS_DIR.iterdir()}
    return hub


def fetch(model: str = "comp", **options) -> Fusion:
    return Fusion.from_pretrained(NAME, model=model, **options)


def features(sense: FaceSense | VoiceSense | WordsSense) -> np.ndarray:
    return sense.probabilities(np.linspace(0, 1, 2 * sense.feature_dim, dtype=np.float32).reshape(2, -1))


@pytest.mark.parametrize("sense", SENSES)
def test_a_sense_comes_back_from_a_folder_as_it_was(sense, tmp_path):
    before = sense.load()
    before.save_pretrained(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {f"{sense.NAME}.json", f"{sense.NAME}.safetensors", *sense.BESIDE, "README.md"}
    for path in tmp_path.iterdir():
        assert path.name == "README.md" or path.read_bytes() == (WEIGHTS_DIR / path.name).read_bytes()
    np.testing.assert_array_equal(features(sense.from_pretrained(tmp_path)), features(before))
    saved, ours = (ModelCard.load(path) for path in (tmp_path / "README.md", ASSETS / "cards" / f"{sense.NAME}.md"))
    assert (saved.text, saved.data.license) == (ours.text, ours.data.license)


def test_all_parts_saved_to_one_folder_are_a_predictor(tmp_path):
    for part in (*(sense.load() for sense in SENSES), *(Fusion.load(kind) for kind in KINDS)):
        part.save_pretrained(tmp_path)
    there, here = (Predictor.load(list(KINDS), weights=folder, device="cpu") for folder in (tmp_path, WEIGHTS_DIR))
    for kind in KINDS:
        assert there.predict_text("What a lovely surprise!", kind) == here.predict_text("What a lovely surprise!", kind)


@pytest.mark.parametrize("kind", KINDS)
def test_a_fusion_model_is_pushed_and_fetched(kind, hub):
    before = Fusion.load(kind)
    address = before.push_to_hub(NAME, token="made-up", private=True)
    assert address.startswith(f"{hub.url}/{NAME}/commit/")
    assert set(hub.files[NAME]) == {f"{kind}.json", f"{kind}.safetensors", "README.md"}
    after = fetch(kind)
    moment = {m: Reading(np.full(before.model.config.dims[m], 0.1, np.float32)) for m in MODALITIES}
    assert after.fuse_last([moment]) == before.fuse_last([moment])
    assert tuple(after.fuse_last([moment]).fused) == LABELS


@pytest.mark.parametrize("sense", SENSES)
def test_a_sense_is_fetched_once_and_then_found_without_the_hub(sense, served):
    found = sense.from_pretrained(NAME)
    np.testing.assert_array_equal(features(found), features(sense.load()))
    assert sorted(served.sent()) == sorted([f"{sense.NAME}.json", f"{sense.NAME}.safetensors", *sense.BESIDE])
    served.asked.clear()
    np.testing.assert_array_equal(features(sense.from_pretrained(NAME, local_files_only=True)), features(found))
    assert served.asked == []


def test_a_fetched_model_is_saved_with_a_card_from_its_description(served, tmp_path):
    fetch("prlf").save_pretrained(tmp_path / "mine")
    card = (tmp_path / "mine" / "README.md").read_text()
    record = json.loads((WEIGHTS_DIR / "prlf.json").read_text())
    assert record["note"] in card and record["sha256"] in card and "not feelings" in card


@pytest.mark.parametrize("name", ["comp.json", "comp.safetensors"])
def test_what_is_too_large_is_not_fetched(served, name):
    served.claimed[name] = LARGEST[Path(name).suffix] + 2**20
    with pytest.raises(CheckpointError, match=rf"{name} of {NAME} is \d+ MB, but may have \d+ MB"):
        fetch()
    assert name not in served.sent()


def test_what_is_too_large_in_a_folder_is_not_read(tmp_path):
    Fusion.load("comp").save_pretrained(tmp_path)
    with (tmp_path / "comp.json").open("ab") as file:
        file.truncate(LARGEST[".json"] + 1)
    with pytest.raises(CheckpointError, match=r"comp\.json of .* MB: it is not read"):
        Fusion.from_pretrained(tmp_path)


def test_replaced_weights_are_refused(served):
    content = bytearray(served.files[NAME]["comp.safetensors"])
    content[-1] ^= 1
    served.files[NAME]["comp.safetensors"] = bytes(content)
    with pytest.raises(CheckpointError, match="damaged or was replaced"):
        fetch()


def test_a_hash_that_was_asked_for_is_looked_at(served):
    known = sha256_of(WEIGHTS_DIR / "comp.safetensors")
    assert fetch(sha256=known.upper()).name == "ComP"
    with pytest.raises(CheckpointError, match="not the file that you asked for"):
        fetch(sha256="0" * 64)


def test_a_pickle_is_never_opened(served, tmp_path):
    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "sprung",))

    poison = pickle.dumps(Trap())
    files = served.files[NAME]
    files["pytorch_model.bin"] = poison
    content = files.pop("comp.safetensors")
    with pytest.raises(CheckpointError, match=r"has no comp\.safetensors\..*pickles.*are not read"):
        fetch()
    # And one under the name of safetensors, with a description that has its hash.
    files["comp.safetensors"] = poison.ljust(len(content), b".")
    (tmp_path / "poison").write_bytes(files["comp.safetensors"])
    record = json.loads(files["comp.json"]) | {"sha256": sha256_of(tmp_path / "poison")}
    files["comp.json"] = json.dumps(record).encode()
    with pytest.raises(CheckpointError, match=r"no safetensors file.*Pickles are never opened"):
        fetch(cache_dir=tmp_path / "another")
    assert not (tmp_path / "sprung").exists()


def test_a_tokenizer_that_is_missing_or_of_another_model_is_refused(served, tmp_path):
    content = served.files[NAME].pop(TOKENIZER)
    with pytest.raises(CheckpointError, match=f"has no {TOKENIZER}"):
        WordsSense.from_pretrained(NAME)
    served.files[NAME][TOKENIZER] = content.replace(b'"happy"', b'"hippy"')
    with pytest.raises(CheckpointError, match="does not belong"):
        WordsSense.from_pretrained(NAME, cache_dir=tmp_path / "another")


def test_another_kind_is_refused(served):
    with pytest.raises(CheckpointError, match="describes a 'face' model"):
        fetch("face")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("nobody/nothing", "could not be fetched"),
        ("no such/name at/all", "neither a folder nor a name"),
        ("/nowhere/at/all", "neither a folder"),
    ],
)
def test_a_name_without_a_model_is_told(hub, name, told):
    with pytest.raises(CheckpointError, match=told):
        Fusion.from_pretrained(name)


def test_without_the_hub_or_without_leave_a_sentence_says_so(hub, monkeypatch, tmp_path):
    with pytest.raises(CheckpointError, match="not in the cache"):
        fetch(local_files_only=True)
    hub.refuses = True
    with pytest.raises(CheckpointError, match="could not be fetched"):
        fetch()
    with pytest.raises(CheckpointError, match=rf"{NAME} was not pushed.*hf auth login"):
        Fusion.load("comp").push_to_hub(NAME, token="made-up")
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", "http://127.0.0.1:9/{repo_id}/{revision}/{filename}")
    with pytest.raises(CheckpointError, match=r"could not be fetched.*network"):
        fetch()


def test_what_was_not_loaded_from_files_is_not_saved(tmp_path):
    loaded = Fusion.load("comp")
    made = Fusion(loaded.model, json.loads((WEIGHTS_DIR / "comp.json").read_text()))
    with pytest.raises(CheckpointError, match="not loaded from files"):
        made.save_pretrained(tmp_path)
