"""The three exercises of the lab as steps: what to do, what to look at, and how it is checked. The teacher's text is `docs/lab.md`.

What a step says is right is checked with the weights in the repository: `claim` names the test of `tests/papers/test_guide.py`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Seen:
    """Something that the page can see itself.

    Attributes:
        at: a CSS selector of elements of the page.
        has: words that one of them holds.
        lacks: words that none of them holds.
        count: how many there are at least.
        value: of a slider.
    """

    at: str
    has: str = ""
    lacks: str = ""
    count: int = 1
    value: float | None = None


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        exhibit: where it happens, one of ``EXHIBITS``.
        do: what to do; "" where it goes on from the step before.
        look: what to look at.
        seen: what the page waits for before the question counts.
        question: with its ``options``, of which the one of number ``right`` is.
        told: shown once it is answered.
        claim: the test that checks it.
    """

    exhibit: str
    do: str
    look: str
    seen: tuple[Seen, ...]
    question: str
    options: tuple[str, ...]
    right: int
    told: str
    claim: str


@dataclass(frozen=True)
class Exercise:
    """Several steps; ``minutes`` as a class needs them."""

    title: str
    minutes: int
    steps: tuple[Step, ...]


def _after(modality: str) -> str:
    """The row of a modality, after degradation."""
    return f"#lab-compared tr[data-row={modality}] td:nth-of-type(2)"


_HAPPY = Seen("#lab-seven", has="I am so happy")
_ANGRY = Seen("#lab-seven", has="really angry")
_JOY = "test_happy_is_joy_with_the_face_and_late_fusion_cannot_tell_without"
_MIXED = "test_mixed_opens_where_three_senses_name_three_expressions"
_COVERED = "test_a_covered_face_is_read_wrong_and_then_absent"
_NOISY = "test_a_noisy_voice_does_not_know_it"
_MOSI = "test_on_mosi_the_conversation_pays_at_every_rate"
_RUN = "test_the_imbalanced_case_costs_comp_at_once_and_its_lead_goes"

EXERCISES = (
    Exercise(
        "Seven models in one",
        10,
        (
            Step(
                "moment",
                "Press Happy, and wait for the table.",
                "Each row gives the models another subset of voice, words and face.",
                (_HAPPY,),
                "Which rows say joy in every column?",
                ("all that hold the voice", "all that hold the face", "all seven"),
                1,
                "A smiling face is enough for joy, whatever else is given.",
                _JOY,
            ),
            Step(
                "moment",
                "",
                "Read the row of voice and words.",
                (_HAPPY,),
                "Which column does not say joy there?",
                ("ComP", "PRLF", "late fusion"),
                2,
                "A neutral voice and happy words leave the mean undecided.",
                _JOY,
            ),
            Step(
                "moment",
                "Press Mixed.",
                "Read the three rows that give one modality.",
                (_ANGRY,),
                "How many expressions do voice, words and face name?",
                ("one", "two", "three"),
                2,
                "A neutral voice says angry words with a smile.",
                _MIXED,
            ),
            Step(
                "moment",
                "",
                "Compare the bars in the row that gives all three.",
                (_ANGRY,),
                "Which modality weighs most for ComP and PRLF?",
                ("voice", "words", "face"),
                2,
                "Both give it more than half. The bar of late fusion has three equal parts.",
                _MIXED,
            ),
            Step(
                "moment",
                "Under Utterance choose the sentence about a terrible day.",
                "Nobody is seen while it is said. Look at ComP's bar in the row that gives all three.",
                (Seen("#lab-seven", has="terrible day"),),
                "Does the face have a weight?",
                ("no, it is absent", "yes, it is filled in"),
                1,
                "ComP fills it in from the smile of the sentence before. It still says anger, and joy gains a little.",
                "test_without_a_face_comp_fills_in_the_one_before_and_joy_gains",
            ),
            Step(
                "space",
                "Draw with 0 % missing, then with 30 % and 60 %.",
                "Below each drawing stands how much of the variance lies between the labels.",
                (Seen("#lab-space figure", count=3),),
                "With 30 % and 60 % missing, where are the labels furthest apart?",
                ("before propagation", "after propagation", "fused"),
                1,
                "Propagation brings them apart at each rate. Fusion adds to it only when nothing is missing.",
                "test_propagation_brings_labels_apart_and_with_gaps_fusion_closer_again",
            ),
        ),
    ),
    Exercise(
        "A sense that does not know it is degraded",
        15,
        (
            Step(
                "moment",
                "Press Happy. Set covered from below to 0.5.",
                "In the row of the face, compare before and after.",
                (_HAPPY, Seen("#degrade-cover input[type=range]", value=0.5), Seen(_after("video"), has="surprise")),
                "What quality does the face sense find now?",
                ("0.00", "0.50", "1.00"),
                2,
                "It reads half a face wrong, and finds nothing amiss.",
                _COVERED,
            ),
            Step(
                "moment",
                "Set covered from below to 0.9.",
                "Look at the weights after.",
                (_HAPPY, Seen(_after("video"), has="absent")),
                "On what does the prediction rest?",
                ("on voice and words", "on the face that was there before", "on nothing"),
                0,
                "This absence is noticed.",
                _COVERED,
            ),
            Step(
                "moment",
                "Set covered from below to 0. Set speech above noise to -10.",
                "In the row of the voice, compare before and after.",
                (
                    _HAPPY,
                    Seen("#degrade-noise_db input[type=range]", value=-10),
                    Seen(_after("video"), lacks="absent"),
                    Seen(_after("audio"), has="fear"),
                ),
                "What quality does the voice sense find now?",
                ("about 0.3", "about 0.6", "1.00"),
                2,
                "It asks whether somebody speaks. It does not ask whether it hears well.",
                _NOISY,
            ),
            Step(
                "moment",
                "",
                "Look at the row of all together.",
                (_HAPPY, Seen(_after("audio"), has="fear")),
                "What has become of the joy?",
                ("it is as it was", "it is not sure any more", "it is fear"),
                0,
                "Here two modalities outweigh the third, which says of itself that all is well.",
                _NOISY,
            ),
        ),
    ),
    Exercise(
        "The curve, and what it hides",
        20,
        (
            Step(
                "curve",
                "Choose CMU-MOSI, words read by our encoder.",
                "Compare the lines from left to right.",
                (Seen("#lab-curve svg"),),
                "Which models are behind at every rate?",
                ("ComP and PRLF", "late fusion and concatenation", "graph completion"),
                1,
                "They read each utterance as if it stood alone.",
                _MOSI,
            ),
            Step(
                "curve",
                "",
                "Compare ComP and PRLF, and the bands around them.",
                (Seen("#lab-curve svg"),),
                "Is the gap between the two larger than the bands?",
                ("yes", "no"),
                1,
                "Nobody can say from these data which of the two is better.",
                _MOSI,
            ),
            Step(
                "curve",
                "Run it now: missing evenly, up to 0.6, seed 0.",
                "Wait until each line has five points. Compare ComP and PRLF at both ends.",
                (Seen("#lab-made circle", count=15), Seen("#lab-made figcaption", has="seed 0, missing evenly")),
                "ComP leads at 0 %. By how much at 60 %?",
                ("by as much", "by more", "not any more"),
                2,
                "Another seed says the same: try 7.",
                _RUN,
            ),
            Step(
                "curve",
                "Run it once more with seed 0, missing mostly the voice. Then the words, then the face.",
                "Compare where ComP's line begins with where it began before.",
                (Seen("#lab-made circle", count=15), Seen("#lab-made figcaption", has="seed 0, missing mostly the")),
                "How much lower does it begin?",
                ("less than 2 points", "3 to 12 points", "more than 30 points"),
                1,
                "A curve over one even rate does not show this.",
                _RUN,
            ),
        ),
    ),
)
