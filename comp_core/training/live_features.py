"""The senses' features of every split, for the fusion model: in training, only from networks that never saw the item."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np
import torch
from torch import Tensor

from comp_core.data.ferplus import TO_LIVE, load_ferplus
from comp_core.data.paired import VOTES, Agreement, PairedDialogues, Pool
from comp_core.data.speech import load_speech
from comp_core.data.text import load_meld_dialogues
from comp_core.senses.face.sense import FaceSense
from comp_core.senses.voice.sense import VoiceSense
from comp_core.senses.voice.spectra import LogMel
from comp_core.support.progress import progress
from comp_core.training.face import augment as augment_faces
from comp_core.training.task import Task
from comp_core.training.texts import unpunctuated
from comp_core.training.voice_folds import kept_features
from comp_core.training.voice_sounds import trimmed
from comp_core.training.words_folds import meld_features

VARIANTS = 4  # augmented versions of each training picture, beside itself


# Typed words have punctuation, recognised ones do not.
FORMS: dict[str, Callable[[str], str]] = {"as_written": str, "unpunctuated": unpunctuated}


def paired_split(task: Task, split: str, forms: Collection[str]) -> PairedDialogues:
    """MELD's dialogues of a split, in some of the ``FORMS``, with the pools of voices and faces of the same split, agreeing as people's do.

    Words and voices of train come from fold networks, faces of train from pictures held back from the face network.
    """
    words = [meld_features(task, split, FORMS[form]) for form in forms]
    return PairedDialogues(load_meld_dialogues(task.data, split), words, voice_pool(task, split), face_pool(task, split), people(task))


def people(task: Task) -> Agreement:
    """How far voice and face agree, as measured."""
    return Agreement.of_people(task.data / VOTES)


def voice_pool(task: Task, split: str, worsen: Callable[[Tensor], Tensor] = lambda mel: mel) -> Pool:
    """Voice features by label and speaker; clips without a live label (boredom) are left out.

    Those of train and valid come from networks that never heard the speaker; of train with variants. Those of test come from the final one.

    Args:
        worsen: changes the log-mel frames of a test clip, (BANDS, T), before they are read.
    """
    clips = [clip for clip in load_speech(task.data, task.work).split(split) if clip.live_index is not None]
    if split == "test":
        network, log_mel = VoiceSense.load(task.weights).network, LogMel()
        with torch.inference_mode():
            mels = (worsen(log_mel(torch.from_numpy(trimmed(clip.samples)))) for clip in progress(clips, "voices of test"))
            features = [network(mel[None])[0].numpy() for mel in mels]
    else:
        kept = kept_features(task)
        features = [kept[clip.corpus, clip.name][: None if split == "train" else 1] for clip in clips]
    repeats = len(features[0])
    return Pool.collect(
        np.concatenate(features), np.repeat([clip.live_index for clip in clips], repeats), _each([clip.speaker for clip in clips], repeats)
    )


def face_pool(task: Task, split: str) -> Pool:
    """Face features by label. FER+ does not say who is who, so all share one identity; contempt is left out."""
    faces = load_ferplus(task.data, split, task.work)
    # Live, a picture without a mesh is "no face"; so here too.
    keep = np.isin(faces.labels, list(TO_LIVE)) & faces.found
    faces = faces.subset(keep & faces.held_for_fusion if split == "train" else keep)
    labels = np.array([TO_LIVE[label] for label in faces.labels])
    sense = FaceSense.load(task.weights)
    torch.manual_seed(task.seed)
    variants = [faces.crops]
    if split == "train":
        crops = torch.from_numpy(faces.crops).float()
        variants += [augment_faces(crops).clamp(0, 255).byte().numpy() for _ in range(VARIANTS)]
    features = np.concatenate([sense.features(part) for crops in variants for part in np.array_split(crops, 20)])
    return Pool.collect(features, np.tile(labels, len(variants)), ["unknown"] * len(features))


def _each(items: Sequence[str], times: int) -> list[str]:
    return [item for item in items for _ in range(times)]
