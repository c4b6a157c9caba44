"""One target of `tools.fuzz.guided` in a process of its own: `python -m tools.fuzz.guided_target NAME LIBFUZZER'S ARGUMENTS`."""

import sys
import tempfile
from pathlib import Path

import atheris

# Before any of it is loaded: a module is instrumented when it is imported.
with atheris.instrument_imports(include=["app", "comp_core", "tools", "json", "csv", "pickle", "pickletools"]):
    from tools.fuzz.targets import TARGETS
    from tools.fuzz.worker import Guard, outcome

_, _name, *_arguments = sys.argv
_target, _guard = TARGETS[_name], Guard()


def read(content: bytes) -> None:
    """One input; a fault is raised, and so noticed by libFuzzer, which saves the input and ends."""
    with tempfile.TemporaryDirectory() as folder:
        found = outcome(_target, content, Path(folder), _guard)
    if found.fault:
        raise RuntimeError(found.fault)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as corpus, tempfile.TemporaryDirectory() as made:
        for number, content in enumerate(_target.seeds(Path(made))):
            (Path(corpus) / str(number)).write_bytes(content)
        atheris.Setup([sys.argv[0], *_arguments, corpus], read)
        atheris.Fuzz()
