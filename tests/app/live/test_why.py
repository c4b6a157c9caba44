"""The sentence that says why the fused answer is what it is."""

import itertools

import pytest

from app.live.why import PULL, Pull, no_senses_own, pull_of, why
from comp_core.modalities import AUDIO, LABELS, MODALITIES, SUBSETS, TEXT, VIDEO


def spread(label, share):
    rest = (1 - share) / (len(LABELS) - 1)
    return {one: share if one == label else rest for one in LABELS}


def record(fused, threshold=0.35, **senses):
    """``senses``: modality -> (label, share), of those that can be read."""
    own = {m: spread(*senses[m]) if m in senses else None for m in MODALITIES}
    return {"fused": fused and spread(*fused), "sure_from": threshold, **own}


@pytest.mark.parametrize(
    ("of", "said"),
    [
        (record(None), ""),
        (record(("joy", 0.7), video=("joy", 0.7)), "Only the face can be read now, and the answer is its own."),
        (record(("joy", 0.7), text=("joy", 0.7)), "Only the words can be read now, and the answer is their own."),
        (
            record(("joy", 0.5), video=("anger", 0.6)),
            "Only the face can be read now, and it leans to anger (60 %), too little to change the answer at once.",
        ),
        (record(("joy", 0.7), audio=("joy", 0.5), video=("joy", 0.7)), "Voice and face both say joy."),
        (record(("joy", 0.7), audio=("joy", 0.5), text=("joy", 0.5), video=("joy", 0.7)), "Words, voice and face all say joy."),
        (record(("joy", 0.7), audio=("anger", 0.51), text=("joy", 0.46)), "Words say joy 46 %, the voice disagrees (anger 51 %)."),
        (record(("joy", 0.7), audio=("joy", 0.46), text=("anger", 0.9)), "The voice says joy 46 %, the words disagree (anger 90 %)."),
        (record(("joy", 0.7), audio=("anger", 0.3), video=("joy", 0.9)), "The face says joy 90 %, the voice is not sure."),
        (record(("joy", 0.7), text=("anger", 0.3), video=("joy", 0.9)), "The face says joy 90 %, the words are not sure."),
        (record(("joy", 0.7), text=("joy", 0.3), video=("joy", 0.9)), "The face says joy 90 %, the words are not sure."),
        (
            record(("joy", 0.5), text=("joy", 0.3), video=("anger", 0.3)),
            "No sense by itself is sure of joy: the words say joy 30 % and the face says anger 30 %.",
        ),
        (
            record(("joy", 0.7), audio=("anger", 0.5), text=("joy", 0.5), video=("joy", 0.7)),
            "Words and face say joy, the voice disagrees (anger 50 %).",
        ),
        (
            record(("joy", 0.7), audio=("anger", 0.5), text=("fear", 0.3), video=("joy", 0.7)),
            "The face says joy 70 %, the words are not sure, the voice disagrees (anger 50 %).",
        ),
        (
            record(("sadness", 0.61), audio=("neutral", 0.68), video=("fear", 0.87)),
            "No sense by itself says sadness: the voice says neutral 68 % and the face says fear 87 %.",
        ),
        (
            record(("sadness", 0.61), audio=("neutral", 0.68), text=("joy", 0.5), video=("fear", 0.87)),
            "No sense by itself says sadness: the words say joy 50 %, the voice says neutral 68 % and the face says fear 87 %.",
        ),
    ],
)
def test_it_says_who_says_what(of, said):
    assert why(of) == said


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "what was said before pulls to fear"), (1, "one earlier sentence pulls to fear"), (11, "eleven earlier sentences pull to fear")],
)
def test_it_says_what_earlier_sentences_do(count, said):
    of = record(("joy", 0.7), audio=("joy", 0.5), video=("joy", 0.7))
    assert why(of, Pull("fear", count)) == f"Voice and face both say joy; {said}."


def test_there_is_a_sentence_for_everything_that_can_happen():
    """Every subset, with each sense for the answer, sure of another label, or not sure; with and without earlier sentences."""
    sides = (("joy", 0.9), ("anger", 0.9), ("fear", 0.2))
    for modalities, pull in itertools.product(SUBSETS.values(), (None, Pull("fear", 2))):
        for tops in itertools.product(sides, repeat=len(modalities)):
            of = record(("joy", 0.6), **dict(zip(modalities, tops, strict=True)))
            told = why(of, pull)
            assert told[0].isupper() and told.endswith(".") and not told.endswith("..")
            assert "  " not in told and "None" not in told
            assert all(name in told.lower() for m, name in {AUDIO: "voice", TEXT: "words", VIDEO: "face"}.items() if m in modalities)
            assert no_senses_own(of) == (("joy", 0.9) not in tops)
            assert ("No sense by itself" in told) == (no_senses_own(of) and len(modalities) > 1)


def test_the_conversation_pulls_to_what_it_makes_likelier():
    afresh, earlier = spread("joy", 0.7), [spread("fear", 0.8), None, spread("fear", 0.5), spread("joy", 0.9)]
    assert pull_of(spread("fear", 0.5), afresh, earlier) == Pull("fear", 2)
    assert pull_of(spread("anger", 0.5), afresh, earlier) == Pull("anger", 0)
    assert pull_of(spread("joy", 0.7 + PULL / 2), afresh, earlier) is None
    assert pull_of(None, None, earlier) is None
