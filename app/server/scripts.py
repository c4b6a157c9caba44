"""The pages' scripts, as modules from our own address, and their dictionaries. Only they are served, out of memory."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

_PAGES = Path(__file__).resolve().parents[1] / "pages"
# Path below `app/pages` -> what the browser gets.
SCRIPTS = {path.relative_to(_PAGES).as_posix(): path.read_bytes() for path in sorted(_PAGES.rglob("*.js*"))}
# It stands in every address, and modules name one another relatively: a browser may keep them, and never mixes two versions.
VERSION = sha256(b"\0".join(SCRIPTS.values())).hexdigest()[:16]
_FOR_A_YEAR = {"cache-control": "public, max-age=31536000, immutable"}


def on_load(script: str, *given: str) -> str:
    """What a Gradio component runs when it is there: the function ``open`` of a module, with these of Gradio's variables.

    The address is relative to the page's own, because a proxy may have put it below another path.
    """
    below = f'location.origin + location.pathname.replace(/\\/*$/, "/scripts/{VERSION}/{script}")'
    return f"import({below}).then((module) => module.open({', '.join(given)}));"


async def _script(request: Request) -> Response:
    content = SCRIPTS.get(request.path_params["name"])
    if content is None:
        return PlainTextResponse("There is nothing here.", 404)
    kind = "application/json" if request.path_params["name"].endswith(".json") else "text/javascript"
    return Response(content, media_type=kind, headers=_FOR_A_YEAR)


ROUTE = Route(f"/scripts/{VERSION}/{{name:path}}", _script)
