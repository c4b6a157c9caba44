"""What an utterance's record holds, described once: the interface for programs answers with it, and files of it are opened again."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, with_config
from typing_extensions import TypedDict

from comp_core.formats.tiers import one_line
from comp_core.modalities import LABELS, MODALITIES

# Nothing is taken for a number or a text that is not one, and what is not described has no place.
_EXACTLY = ConfigDict(extra="forbid", strict=True)
# A day: no file and no session is longer.
MOST_SECONDS = 86_400.0
TEXT_LENGTH = 10_000
REASON_LENGTH = 200

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, le=MOST_SECONDS, allow_inf_nan=False)]
Transcript = Annotated[str, Field(max_length=TEXT_LENGTH)]
Label = Literal[LABELS]
Modality = Literal[MODALITIES]


def _of(name: str, told: str, fields: dict[str, Any]) -> Any:
    """A dictionary with exactly these fields; dictionaries by modality or label are made in a loop like everything of them."""
    made = with_config(_EXACTLY)(TypedDict(name, fields))
    made.__doc__ = told
    return made


# Text becomes one line: files for other programs hold names, and a line break or control character would break them.
ONE_LINE = BeforeValidator(lambda value: one_line(value) if isinstance(value, str) else value)
# The labels are the model's: those of comp and prlf, or its own. Without control characters, for the same reason.
Prediction = Annotated[
    dict[Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")], Share],
    Field(min_length=2, max_length=64, description="Label to probability. The labels are the model's."),
]
Weights = _of("Weights", "Modality to its share.", dict.fromkeys(MODALITIES, Share))
Observed = _of("Observed", "Modality to whether it was there.", dict.fromkeys(MODALITIES, bool))
Absent = dict[Modality, Annotated[str, Field(max_length=REASON_LENGTH)]]

ALONE = Annotated[Prediction | None, Field(description="From this modality by itself.")]
# What a model made of one moment (see `comp_core.inference.fusion.Fused`).
JUDGED: dict[str, Any] = {
    "observed": Annotated[Observed, Field(description="Which modalities there are.")],
    "absent_because": Annotated[
        Absent,
        Field(description="Why, for those that there are not: no face, silence, no words, switched off, not given, or failed: ..."),
    ],
    "fused": Annotated[Prediction | None, Field(description="From everything that there is; null where there is nothing to go on.")],
    **dict.fromkeys(MODALITIES, ALONE),
    "weights": Annotated[Weights | None, Field(description="Of ComP's coordinator, or PRLF's reliabilities; their sum is 1.")],
    "dominant": Annotated[Modality | None, Field(description="The modality that leads, in PRLF.")],
    "sure_from": Annotated[Share, Field(description="The probability below which the best label is better not called an answer.")],
}
Utterance = _of(
    "Utterance",
    "What one person says between two pauses, or a moment without words.",
    {
        "start": Annotated[Seconds, Field(description="Seconds.")],
        "end": Annotated[Seconds, Field(description="Seconds.")],
        "transcript": Annotated[Transcript, Field(description="The words, as given or recognised; empty without any.")],
        **JUDGED,
    },
)
