"""On which methods of the benchmark a slow test is run."""

from comp_core.benchmark.methods import METHODS

# The printed preset without some of its parts is large, and shares its code with the whole one and with `comp-no-...`.
ALL_BUT_THE_PAPERS_ABLATION = [name for name in METHODS if not name.startswith("comp-paper-")]
# Without variants of one method.
ONE_OF_EACH = ["comp", "comp-paper", "prlf", *(name for name in METHODS if f"{name}-context" in METHODS)]
