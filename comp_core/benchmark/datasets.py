"""Data sets of the benchmark, all in one form."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from comp_core.data.conversations import Conversation
from comp_core.data.cremad_people import actor_of, load_people
from comp_core.data.feature_folder import read_folder
from comp_core.data.gcnet import LayoutError
from comp_core.data.mosi import load_mosi, reread_words
from comp_core.data.ravdess_takes import load_takes
from comp_core.data.speech import CLASSES, RAVDESS, parse_name
from comp_core.modalities import AUDIO, LABELS, MODALITIES, TEXT, VIDEO
from comp_core.modeling.objectives import Classes, Objective, Scores
from comp_core.senses.words.sense import WordsSense
from comp_core.support.checkpoint import WEIGHTS_DIR
from comp_core.training.fusion import class_weight
from comp_core.training.live import PAIRING_SEED
from comp_core.training.live_features import FORMS, paired_split
from comp_core.training.task import Task

Split = dict[str, list[Conversation]]


@dataclass(frozen=True)
class Dataset:
    """Conversations to train and test on.

    Attributes:
        objective: what is predicted.
        folds: each with ``train``, ``valid`` and ``test``; the figures are those of all tests together.
        given: the modalities that it has.
        feature_mixing: modality -> share of its training utterances that look more like another, where a method chooses so; see
            `mix_features`.
        features: modality -> what its features are called, where the data set leaves a choice.
        unit: the name of an utterance -> what is drawn together in a bootstrap; by default its conversation.
        linear: the report has a linear model on each subset of the modalities, too.
        valid_from_train: the release has no validation data, and those here are taken from its training data.
        batch: conversations in a batch.
        epochs: enough for the validation score of every model to stop rising.
    """

    name: str
    objective: Objective
    folds: Sequence[Split]
    given: Collection[str] = MODALITIES
    feature_mixing: Mapping[str, float] = field(default_factory=dict)
    features: Mapping[str, str] = field(default_factory=dict)
    unit: Callable[[str], str] = str
    linear: bool = False
    valid_from_train: bool = False
    batch: int = 8
    epochs: int = 60

    @property
    def dims(self) -> dict[str, int]:
        return {m: self.folds[0]["train"][0].features[m].shape[1] for m in MODALITIES}

    @property
    def longest(self) -> int:
        """Utterances in the longest conversation."""
        return max(len(c) for split in self.folds[0].values() for c in split)


# How often the features that were learnt on labels name the sign on new videos, utterance by utterance (after Poria et al., 2017; not
# checked against the paper).
_MOSI_NEW = {TEXT: 0.755, VIDEO: 0.531}
_RIDGE = 10.0
_PARTS = 5
# Which character of the name of an IEMOCAP conversation is its session: Ses01F_impro01.
_SESSION = 4
# Of a modality that tells nothing on new videos this much is left as it is, for whatever else it may be good for.
_MOST_MISTAKEN = 0.95


def mosi(data: Path) -> Dataset:
    """CMU-MOSI, split as released.

    Its word and picture features were learnt on the labels of train *and* valid. There words alone name nearly all of the signs, on new
    videos some three in four: a model that is trained and chosen on them as they are learns to trust words that it should doubt, and to
    ask no neighbour. Its sound was learnt on no labels, but 52 videos are few enough to be known by heart: a linear map names two
    signs in three of those that it was fitted on, and no more than chance on others of the training videos.
    So the features of a training utterance can be mixed with another's, where a method chooses so: so much that for a share of the
    utterances the other's weigh more, which is as many as bring the accuracy from what it is in training to what it is on new videos:
    published for words and pictures, measured on training videos for sound.
    """
    splits = load_mosi(data)
    train = splits["train"]
    learnt = {m: mixing_share(signs_named(train, train, m), new) for m, new in _MOSI_NEW.items()}
    return Dataset("mosi", Scores(), [splits], feature_mixing=learnt | _sound_by_heart(train), epochs=30)


def mosi_reread(data: Path) -> Dataset:
    """CMU-MOSI's sound, and its words read by our own encoder, which knows none of its labels: here validation data are like new videos.

    In training the sound can be mixed as in `mosi`.
    """
    splits = _reread(data)
    return Dataset("mosi-reread", Scores(), [splits], (AUDIO, TEXT), _sound_by_heart(splits["train"]), epochs=30)


def mosi_folds(data: Path, folds: int = 5) -> Dataset:
    """`mosi_reread` without its test videos, in folds of videos, to choose by: ComP was configured on these."""
    splits = _reread(data)
    videos = splits["train"] + splits["valid"]
    parts = [videos[i::folds] for i in range(folds)]
    return Dataset("mosi-folds", Scores(), _rotated(parts), (AUDIO, TEXT), _sound_by_heart(videos), epochs=30)


def _reread(data: Path) -> Split:
    words = WordsSense.load()

    def read(text: str) -> np.ndarray:
        feature = words.read(text).feature
        return np.zeros(words.feature_dim, np.float32) if feature is None else feature

    return reread_words(load_mosi(data), data, read)


def _sound_by_heart(train: Sequence[Conversation]) -> dict[str, float]:
    return {AUDIO: mixing_share(signs_named(train, train, AUDIO), signs_named_anew(train, AUDIO))}


def mixing_share(named: float, anew: float) -> float:
    """Share of the utterances to be mistaken for the signs ``named`` in training to become as rare as they are on new videos."""
    return min(_MOST_MISTAKEN, max(0.0, named - anew) / max(named - 0.5, 1e-3))


def signs_named(known: Sequence[Conversation], asked: Sequence[Conversation], modality: str) -> float:
    """How often ridge regression on a modality, fitted on the scores of ``known``, names the sign of those of ``asked``, rounded."""
    x, scores = _rows(known, modality)
    mean, spread = x.mean(0), x.std(0).clip(1e-2)
    z = (x - mean) / spread
    slopes = np.linalg.solve(z.T @ z + _RIDGE * np.eye(z.shape[1]), z.T @ (scores - scores.mean()))
    x, truth = _rows(asked, modality)
    told = (x - mean) / spread @ slopes + scores.mean()
    return round(float(((told > 0) == (truth > 0))[truth != 0].mean()), 3)


def signs_named_anew(conversations: Sequence[Conversation], modality: str) -> float:
    """The mean of `signs_named` over five parts of the conversations, each asked when only the others are known."""
    parts = [conversations[i::_PARTS] for i in range(min(_PARTS, len(conversations)))]
    known = [[c for other in parts if other is not part for c in other] for part in parts]
    return float(np.mean([signs_named(*both, modality) for both in zip(known, parts, strict=True)]))


def _rows(conversations: Sequence[Conversation], modality: str) -> tuple[np.ndarray, np.ndarray]:
    """All utterances: features (n, D_m) and scores (n,)."""
    return np.concatenate([c.features[modality] for c in conversations]), np.concatenate([c.labels for c in conversations])


def mix_features(conversations: Sequence[Conversation], shares: Mapping[str, float], random: np.random.Generator) -> list[Conversation]:
    """The conversations with features mixed with those of other utterances, drawn from all of them.

    The weight of the other's is u ** p with u even between 0 and 1 and p such that it is above one half for the modality's share of
    the utterances. So some are wrong, and many are ambiguous, as on new data.
    """
    pool = {m: np.concatenate([c.features[m] for c in conversations]) for m in shares}

    def of(conversation: Conversation) -> Conversation:
        features = dict(conversation.features)
        for modality, share in shares.items():
            if not share:  # the power would be infinite
                continue
            weight = random.random((len(conversation), 1), np.float32) ** (np.log(0.5) / np.log(1 - share))
            other = pool[modality][random.integers(len(pool[modality]), size=len(weight))]
            features[modality] = ((1 - weight) * features[modality] + weight * other).astype(np.float32)
        return replace(conversation, features=features)

    return [of(conversation) for conversation in conversations]


def ravdess(data: Path, folds: int = 5) -> Dataset:
    """RAVDESS takes with face and voice, folds by actor, of which each is validation data once, too."""
    takes = load_takes(data)
    parts = [[take for actor in actors for take in takes[actor]] for actors in np.array_split(sorted(takes), folds)]
    return Dataset("ravdess", Classes(CLASSES[RAVDESS]), _rotated(parts), (AUDIO, VIDEO), batch=64, epochs=30, unit=_actor)


def _actor(take: str) -> str:
    return parse_name(RAVDESS, take)[0]


def cremad(data: Path, name: str, single: bool = False, folds: int = 5) -> Dataset:
    """What people say of CREMA-D's clips from voice and face, to predict what they say with both; folds by actor.

    Args:
        single: one rater of each modality instead of all.
    """
    people, classes = load_people(data, single)
    parts = [[clip for actor in actors for clip in people[actor]] for actors in np.array_split(sorted(people), folds)]
    return Dataset(name, Classes(classes), _rotated(parts), (AUDIO, VIDEO), batch=256, epochs=20, unit=actor_of, linear=True)


def live(data: Path, work: Path) -> Dataset:
    """What the live models are trained on: MELD's dialogues with faces and voices paired by label, once for all methods.

    Raises:
        CheckpointError: ``work`` lacks what ``train voice`` and ``train words`` leave.
    """
    task = Task(data, work, WEIGHTS_DIR, work, seed=0, command="")
    forms = {"train": list(FORMS), "valid": ["as_written"], "test": ["as_written"]}
    splits = {split: paired_split(task, split, form).draw(np.random.default_rng(PAIRING_SEED)) for split, form in forms.items()}
    weight = class_weight(np.concatenate([c.labels for c in splits["train"]]), len(LABELS))
    return Dataset("live", Classes(LABELS, weight), [splits], batch=16, epochs=12)


def folder(path: Path, features: Mapping[str, str], labels: Path | None = None, task: str | None = None) -> Dataset:
    """A feature folder, split as its labels say; IEMOCAP, whose conversations are named by session, in five folds by session.

    Where the release has no validation data, each session is that once, or every fifth training conversation is.

    Args:
        features, labels, task: see `comp_core.data.feature_folder.read_folder`.

    Raises:
        LayoutError: it is not as it should be.
    """
    found = read_folder(path, features, labels, task)
    objective = Scores() if found.classes is None else Classes(found.classes)
    name = path.resolve().name if labels is None else labels.stem
    splits = {split: [found.conversations[one] for one in names] for split, names in found.splits.items()}
    given = [modality for modality in MODALITIES if modality in found.features]
    every = sorted(found.conversations)
    if every and all(re.fullmatch(r"Ses0\d.*", one) for one in every):
        sessions = sorted({one[_SESSION] for one in every})
        parts = [[found.conversations[one] for one in every if one[_SESSION] == session] for session in sessions]
        return Dataset(name, objective, _rotated(parts), given, features=found.features, valid_from_train=True)
    valid_from_train = not splits["valid"]
    if valid_from_train:
        splits["valid"] = splits["train"][::_PARTS]
        splits["train"] = [conversation for i, conversation in enumerate(splits["train"]) if i % _PARTS]
    if empty := [split for split, conversations in splits.items() if not conversations]:
        raise LayoutError(f"{path}: no conversation is in {', '.join(empty)}")
    return Dataset(name, objective, [splits], given, features=found.features, valid_from_train=valid_from_train)


def _rotated(parts: Sequence[list[Conversation]]) -> list[Split]:
    """Each part is test data once, and the one after it validation data."""
    folds = []
    for i, test in enumerate(parts):
        valid = (i + 1) % len(parts)
        train = [conversation for j, part in enumerate(parts) if j not in (i, valid) for conversation in part]
        folds.append({"train": train, "valid": parts[valid], "test": test})
    return folds


# Name -> what makes it of the folder of the corpora and the one where intermediate networks lie.
DATASETS: dict[str, Callable[[Path, Path], Dataset]] = {
    "mosi": lambda data, _: mosi(data),
    "mosi-reread": lambda data, _: mosi_reread(data),
    "mosi-folds": lambda data, _: mosi_folds(data),
    "ravdess": lambda data, _: ravdess(data),
    "cremad-people": lambda data, _: cremad(data, "cremad-people"),
    "cremad-raters": lambda data, _: cremad(data, "cremad-raters", single=True),
    "live": live,
}
