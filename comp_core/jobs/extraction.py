"""A folder of clips -> features in the GCNet layout, from our senses or from larger encoders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from comp_core.data.gcnet import OWN_FEATURES, Clip, read_clips, write_feature, write_labels
from comp_core.inference.media import MediaError
from comp_core.modalities import AUDIO, MODALITIES, TEXT
from comp_core.predictor import Predictor
from comp_core.senses.pretrained import PretrainedVoice, PretrainedWords
from comp_core.senses.speech.recognition import ENGLISH
from comp_core.support.progress import progress
from comp_core.support.spreadsheet import csv_text

NOT_READ = "absent.csv"


@dataclass(frozen=True)
class Summary:
    """How many clips were ``read``, and (utterance, modality or "file", reason) of what was not there."""

    read: int
    absent: list[tuple[str, str, str | None]]


def extract(folder: Path, table: Path, out: Path, predictor: Predictor, names: dict[str, str], language: str = ENGLISH) -> Summary:
    """Write ``out/features/NAME/UTTERANCE.npy``, ``out/labels.pkl`` and ``out/absent.csv``.

    A clip is one utterance. What a modality does not have gets no file, and a line in ``absent.csv``; a clip that cannot be read
    does not stop the others.

    Args:
        folder: of the clips.
        table: CSV of the clips; see `comp_core.data.gcnet.read_clips`.
        predictor: its senses are used, and its recogniser.
        names: modality -> name of its feature folder.
        language: code of what is spoken, one of the recogniser's ``languages``.

    Raises:
        LayoutError: the table is not as it should be.
        RecogniserError: the recogniser does not understand the language.
    """
    clips = read_clips(table)
    absent: list[tuple[str, str, str | None]] = []
    sentences: dict[str, str] = {}
    for clip in progress(clips, "clips"):
        try:
            (heard,) = predictor.hear_file(folder / clip.file, whole=True, language=language)
        except MediaError as error:
            absent.append((clip.utterance, "file", str(error)))
            continue
        sentences[clip.utterance] = heard.transcript
        for modality in MODALITIES:
            reading = heard.moment[modality]
            if reading.feature is not None:
                write_feature(out, names[modality], clip.utterance, reading.feature)
            else:
                absent.append((clip.utterance, modality, reading.absent_because))
    out.mkdir(parents=True, exist_ok=True)
    _write(out, clips, sentences, absent)
    return Summary(len(sentences), absent)


def with_encoders(predictor: Predictor, names: dict[str, str | None]) -> dict[str, str]:
    """Put encoders by name in the place of the predictor's senses; returns the name of each modality's feature folder.

    Args:
        names: modality -> a Hugging Face name or folder, or None for our own sense. The face has no other.

    Raises:
        EncoderError: an encoder cannot be loaded.
    """
    if voice := names[AUDIO]:
        predictor.voice = PretrainedVoice(voice, predictor.device)
    if words := names[TEXT]:
        predictor.words = PretrainedWords(words, predictor.device)
    return {modality: Path(names.get(modality) or OWN_FEATURES[modality]).name for modality in MODALITIES}


def _write(out: Path, clips: Sequence[Clip], sentences: dict[str, str], absent: Sequence[tuple[str, str, str | None]]) -> None:
    write_labels(out / "labels.pkl", clips, sentences)
    (out / NOT_READ).write_text(csv_text([("utterance", "what", "reason"), *absent]), encoding="utf-8", newline="")
