"""Models on the Hugging Face Hub, or in a folder that looks like one: the two files of a checkpoint, and a card."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from huggingface_hub import ModelCard, ModelHubMixin, get_hf_file_metadata, hf_hub_download, hf_hub_url
from huggingface_hub.errors import EntryNotFoundError, HFValidationError
from huggingface_hub.errors import HTTPError as NotReached

from comp_core.support.assets import ASSETS
from comp_core.support.atomic_files import whole_file
from comp_core.support.checkpoint import WEIGHTS_DIR, CheckpointError, sha256_of

# Bytes, by the end of a file's name. The largest of ours are a tenth of this.
LARGEST = {".json": 2**22, ".safetensors": 2**28}


@dataclass(frozen=True)
class Source:
    """How a model is fetched from the Hub.

    Attributes:
        revision: branch, tag or commit; by default the newest.
        token: of who may see it; None: the one of ``hf auth login``.
        cache_dir: where the files are kept; by default the Hub's own cache.
        local_files_only: ask nobody, take what is in the cache.
    """

    revision: str | None = None
    token: str | bool | None = None
    cache_dir: str | Path | None = None
    local_files_only: bool = False


class OnTheHub(ModelHubMixin):
    """A model in use that can be saved to a folder or pushed to the Hub: the very files from which it was loaded, and a card.

    ``push_to_hub(NAME, private=True, token=...)`` is the mixin's own.

    Attributes:
        stem: where its checkpoint lies, without suffix; None of a model that was not loaded from files.
    """

    # Files that belong to the checkpoint beside its two.
    BESIDE: ClassVar[tuple[str, ...]] = ()
    stem: Path | None = None

    def __new__(cls, *_: Any, **__: Any) -> Self:
        # Not the mixin's, which would save the arguments of ``__init__`` as a second configuration.
        return object.__new__(cls)

    def lying_at(self, stem: Path) -> Self:
        """The same model, which knows where its files are."""
        self.stem = stem
        return self

    def _save_pretrained(self, save_directory: Path) -> None:
        for name in self._files():
            source, target = self._stem.parent / name, save_directory / name
            if source.resolve() != target.resolve():
                with whole_file(target) as beside:
                    shutil.copyfile(source, beside)

    def push_to_hub(self, repo_id: str, **options: Any) -> str:
        """Make the repository if it is not there, and commit files and card to it; returns the address of the commit.

        Args:
            repo_id: ``USER/NAME``.
            options: the mixin's: ``private``, ``token``, ``branch``, ``create_pr``, ``commit_message``.

        Raises:
            CheckpointError: the Hub cannot be reached, or does not let you; or there are no files.
        """
        self._files()
        try:
            return super().push_to_hub(repo_id, **options)
        except (NotReached, HFValidationError, OSError) as error:
            raise CheckpointError(f"{repo_id} was not pushed: {_first_line(error)} `hf auth login` gives you a token.") from error

    def generate_model_card(self, *_: Any, **__: Any) -> ModelCard:
        """The card that lies beside the weights; ours for our own; otherwise what their JSON says."""
        own = ASSETS / "cards" if self._stem.parent == WEIGHTS_DIR else self._stem.parent
        card = own / f"{self._stem.name}.md"
        if card.is_file():
            return ModelCard(card.read_text(encoding="utf-8"), ignore_metadata_errors=True)
        record = json.loads(self._stem.with_suffix(".json").read_text(encoding="utf-8"))
        told = [f"# {record.get('name', self._stem.name)}", record.get("note", ""), "It predicts expression, not feelings."]
        made = [f"- {name}: {record[name]}" for name in ("kind", "command", "date", "sha256") if name in record]
        return ModelCard("---\nlibrary_name: pytorch\n---\n" + "\n\n".join([*filter(None, told), "\n".join(made)]) + "\n")

    @property
    def _stem(self) -> Path:
        if self.stem is None:
            raise CheckpointError("this model was not loaded from files: write it with save_checkpoint, load it, and save it then.")
        return self.stem

    def _files(self) -> list[str]:
        """Names of the files to be saved, in the folder of the checkpoint."""
        wanted = _names(self._stem.name, self.BESIDE)
        if missing := [name for name in wanted if not (self._stem.parent / name).is_file()]:
            raise CheckpointError(f"{self._stem.parent} no longer has {' and '.join(missing)}: load the model again from where it is.")
        return wanted


class SenseOnTheHub(OnTheHub):
    """A sense, whose files have one name everywhere.

    Attributes:
        NAME: of its checkpoint.
    """

    NAME: ClassVar[str]

    @classmethod
    def load(cls, weights: Path = WEIGHTS_DIR, device: str = "cpu") -> Self:
        """Load the sense's files from a folder.

        Raises:
            CheckpointError: they are missing, damaged or of another kind.
        """
        raise NotImplementedError

    @classmethod
    def from_pretrained(  # type: ignore[override]  # the mixin's would fetch a configuration of any size before it asks us
        cls, name: str | Path, *, device: str = "cpu", sha256: str | None = None, **source: Any
    ) -> Self:
        """Load from a folder or from the Hub.

        Args:
            name: a folder, or ``USER/NAME`` on the Hub.
            sha256: the hash that the weights must have.
            source: the fields of `Source`.

        Raises:
            CheckpointError: files are missing, too large, damaged, replaced or of another kind, or the Hub cannot be reached.
        """
        return cls.load(fetched(name, cls.NAME, cls.BESIDE, sha256, Source(**source)), device)


def fetched(name: str | Path, stem: str, beside: Sequence[str] = (), sha256: str | None = None, source: Source = Source()) -> Path:
    """The folder of a checkpoint's files, which are fetched first if ``name`` is no folder.

    Args:
        name: a folder, or ``USER/NAME`` on the Hub.
        stem: name of the checkpoint in it, without suffix.
        beside: files that belong to it.
        sha256: the hash that the weights must have.

    Raises:
        CheckpointError: a file is missing or too large, the hash is another, or the Hub cannot be reached.
    """
    files, folder = _names(stem, beside), Path(name)
    if not folder.is_dir():
        folder = _downloaded(str(name), files, source)
    for file in files:
        if not (folder / file).is_file():
            raise CheckpointError(_lacks(name, file))
        _refuse_large(name, file, (folder / file).stat().st_size)
    weights = folder / f"{stem}.safetensors"
    if sha256 is not None and sha256_of(weights) != sha256.lower():
        raise CheckpointError(f"{weights} is not the file that you asked for: its hash is another.")
    return folder


def _downloaded(name: str, files: Sequence[str], source: Source) -> Path:
    """The folder in the Hub's cache, all files of one commit."""
    revision, place = source.revision, Path()
    try:
        for file in files:
            if not source.local_files_only:
                # Asked before a byte of it is fetched.
                _refuse_large(name, file, get_hf_file_metadata(hf_hub_url(name, file, revision=revision), token=source.token).size)
            options: dict[str, Any] = {"token": source.token, "cache_dir": source.cache_dir, "local_files_only": source.local_files_only}
            place = Path(hf_hub_download(name, file, revision=revision, **options))
            # In the cache a folder has the name of its commit.
            revision = place.parent.name
    except HFValidationError as error:
        raise CheckpointError(f"{name!r} is neither a folder nor a name on the Hub like USER/NAME.") from error
    except EntryNotFoundError as error:
        if source.local_files_only:
            raise CheckpointError(f"{name} is not in the cache: leave local_files_only out to fetch it.") from error
        raise CheckpointError(_lacks(name, file)) from error
    except (NotReached, OSError) as error:
        raise CheckpointError(
            f"{name} is no folder, and could not be fetched from the Hub: {_first_line(error)} See to the name, the network and the token."
        ) from error
    return place.parent


def _names(stem: str, beside: Sequence[str]) -> list[str]:
    """The description first: it is small."""
    return [f"{stem}.json", f"{stem}.safetensors", *beside]


def _lacks(name: str | Path, file: str) -> str:
    return f"{name} has no {file}. A model is a JSON and safetensors of one name; pickles (.bin, .pt, .pth) are not read."


def _refuse_large(name: str | Path, file: str, size: int | None) -> None:
    most = LARGEST[Path(file).suffix]
    if size is None or size > most:
        told = "of unknown size" if size is None else f"{size / 2**20:.0f} MB"
        raise CheckpointError(f"{file} of {name} is {told}, but may have {most / 2**20:.0f} MB: it is not read.")


def _first_line(error: BaseException) -> str:
    """What a library has to say, as a sentence."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{(lines[0] if lines else type(error).__name__).rstrip('.')}."
