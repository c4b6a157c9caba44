"""The pages' scripts are modules from our own address, and name one another rightly."""

import posixpath
import re

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.server.scripts import ROUTE, SCRIPTS, VERSION, on_load

_IMPORT = re.compile(r'^import \{ ([^}]+) \} from "(\.\.?/[\w/]*\w+\.js)";', re.MULTILINE)
_EXPORT = re.compile(r"^export (?:async )?(?:function|const|let|class) (\w+)", re.MULTILINE)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_served_as_a_module_that_may_be_kept(name):
    answer = TestClient(Starlette(routes=[ROUTE])).get(f"/scripts/{VERSION}/{name}")
    assert answer.content == SCRIPTS[name]
    kind = "application/json" if name.endswith(".json") else "text/javascript"
    assert answer.headers["content-type"].startswith(kind)
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize("path", [f"{VERSION}/live/page.py", f"{VERSION}/../main.py", f"{VERSION}/", "older/live/page.js"])
def test_nothing_else_is_served(path):
    assert TestClient(Starlette(routes=[ROUTE])).get(f"/scripts/{path}").status_code == 404


@pytest.mark.parametrize("name", [name for name in SCRIPTS if name.endswith(".js")])
def test_what_a_script_imports_is_exported_there_and_used_here(name):
    folder, text = name.rsplit("/", 1)[0], SCRIPTS[name].decode()
    rest = _IMPORT.sub("", text)
    for names, other in _IMPORT.findall(text):
        for one in names.split(", "):
            assert one in _EXPORT.findall(SCRIPTS[posixpath.normpath(f"{folder}/{other}")].decode()), f"{other} has no {one}"
            assert re.search(rf"\b{one}\b", rest), f"{one} is not used"


def test_what_a_component_runs_names_the_version():
    assert f"/scripts/{VERSION}/live/page.js" in on_load("live/page.js", "element", "server")
    assert "open(element, server)" in on_load("live/page.js", "element", "server")
