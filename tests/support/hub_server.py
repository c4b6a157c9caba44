"""A stand-in for the Hugging Face Hub on this computer: it serves files, and takes commits, as the Hub does."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "c0ffee" * 6 + "cafe"


@dataclass
class Hub:
    """What it holds and what it was asked.

    Attributes:
        files: repository -> name -> content.
        claimed: name -> the size that is said of it, where that is not its own.
        asked: (method, path) of each request.
        refuses: every request is answered with 401.
    """

    url: str = ""
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    claimed: dict[str, int] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    refuses: bool = False

    def sent(self) -> list[str]:
        """Names of the files that were fetched whole."""
        return [path.rsplit("/", 1)[1] for method, path in self.asked if method == "GET" and "/resolve/" in path]


@contextmanager
def running_hub() -> Iterator[Hub]:
    """A hub that answers until the context ends."""
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def answer(self, status: int, content: bytes = b"", length: int | None = None, **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(content) if length is None else length))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def told(self, value: Any) -> None:
            self.answer(200, json.dumps(value).encode(), Content_Type="application/json")

        def path_parts(self) -> list[str]:
            hub.asked.append((self.command, self.path))
            return unquote(urlsplit(self.path).path).strip("/").split("/")

        def do_HEAD(self) -> None:
            self.serve()

        def do_GET(self) -> None:
            self.serve()

        def serve(self) -> None:
            parts = self.path_parts()
            if hub.refuses:
                return self.answer(401)
            repository, name = "/".join(parts[:2]), parts[-1]
            if repository not in hub.files:
                return self.answer(404, X_Error_Code="RepoNotFound")
            if name not in hub.files[repository]:
                return self.answer(404, X_Error_Code="EntryNotFound", X_Repo_Commit=COMMIT)
            content = hub.files[repository][name]
            claimed = hub.claimed.get(name) if self.command == "HEAD" else None
            self.answer(200, content, claimed, X_Repo_Commit=COMMIT, ETag=f'"{abs(hash(content)):x}"')

        def do_POST(self) -> None:
            parts = self.path_parts()
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if hub.refuses:
                return self.answer(401)
            if parts[-1] == "create":
                known = json.loads(body)
                name = f"{known.get('organization', 'me')}/{known['name']}"
                hub.files.setdefault(name, {})
                return self.told({"url": f"{hub.url}/{name}", "id": name})
            if parts[-1] == "validate-yaml":
                return self.told({"errors": [], "warnings": []})
            repository = "/".join(parts[2:4])
            if "preupload" in parts:
                files = [{"path": one["path"], "uploadMode": "regular", "shouldIgnore": False} for one in json.loads(body)["files"]]
                return self.told({"files": files})
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    hub.files[repository][line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            return self.told({"commitUrl": f"{hub.url}/{repository}/commit/{COMMIT}", "commitOid": COMMIT, "success": True})

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
