"""Gradio is imported without the stubs that it writes for editors, and nothing else is changed."""

from __future__ import annotations

import subprocess
import sys

COUNT = """
import ast, inspect
parsed, parse, file_of = [], ast.parse, inspect.getfile
ast.parse = lambda source, *rest, **more: parsed.append(1) or parse(source, *rest, **more)
from app.server.quick_import import import_gradio
{how}
import gradio
assert inspect.getfile is file_of
assert gradio.Textbox(label="still there").label == "still there" and inspect.getfile(gradio.Textbox).endswith("textbox.py")
print(len(parsed))
"""


def parsed(how):
    run = subprocess.run([sys.executable, "-c", COUNT.format(how=how)], capture_output=True, text=True, check=True)
    return int(run.stdout)


def test_no_source_of_a_component_is_parsed():
    assert parsed("import_gradio()") < 20 < parsed("")
