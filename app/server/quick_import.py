"""Import Gradio in less than half of its time."""

from __future__ import annotations

import inspect
from typing import Any


def import_gradio() -> None:
    """Import Gradio without the type stubs that it writes for editors.

    For each of its components it would parse the source, fill in a template and parse what stands in the installed package. It passes over
    a component that has no file.
    """
    file_of = inspect.getfile

    def no_file_of_components(what: Any) -> str:
        if getattr(what, "__module__", "").startswith("gradio."):
            raise OSError("no stubs are wanted")
        return file_of(what)

    inspect.getfile = no_file_of_components
    try:
        import gradio  # noqa: F401
    finally:
        inspect.getfile = file_of
