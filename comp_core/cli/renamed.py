"""Names of commands that were documented before version 0.14 and still work until 1.0."""

from __future__ import annotations

# Old words at the start of a command line -> today's.
RENAMED: dict[tuple[str, ...], tuple[str, ...]] = {
    ("evaluate", "intra"): ("experiment", "partial_loss"),
    ("evaluate",): ("experiment",),
    ("train", "real_pairs"): ("experiment", "paired_corpora"),
    ("train", "held_out"): ("experiment", "lab_set"),
    ("train", "voice_folds"): ("train", "voice"),
    **{("train", name): ("experiment", name) for name in ("balance", "voice_cv", "voice_cross", "words_cross")},
    **{(name,): ("experiment", name) for name in ("speed", "cost", "scaling")},
}


def renamed(arguments: list[str]) -> tuple[list[str], str]:
    """The arguments under today's names, and a notice, empty where nothing was renamed."""
    for old, new in RENAMED.items():
        if tuple(arguments[: len(old)]) == old:
            return [*new, *arguments[len(old) :]], f"`{' '.join(old)}` is now `{' '.join(new)}`; the old name goes with version 1.0."
    return arguments, ""
