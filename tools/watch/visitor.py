"""A visitor without a browser: the requests that the pages make."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

WAIT_S = 120
_direct = build_opener(ProxyHandler({}))


@dataclass
class Visitor:
    """One open page of the program at an address."""

    address: str
    session: str = field(default_factory=lambda: secrets.token_hex(6))

    def call(self, name: str, data: Any) -> Any:
        """A server function of the live page."""
        live = next(one["id"] for one in self._config["components"] if one["props"].get("elem_id") == "live")
        request = {"component_id": live, "fn_name": name, "session_hash": self.session, "data": data}
        return json.loads(self.post("component_server", request))

    def upload(self, name: str, content: bytes, file_type: str = "application/octet-stream") -> dict[str, Any]:
        """A file, as an event takes it afterwards."""
        boundary = secrets.token_hex(16)
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\nContent-Type: {file_type}\r\n\r\n'
        body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
        (path,) = json.loads(self.post("upload", body, f"multipart/form-data; boundary={boundary}"))
        return {"path": path, "orig_name": name, "meta": {"_type": "gradio.FileData"}}

    def event(self, label: str, trigger: str, data: list[Any], then: int = 0) -> dict[str, Any]:
        """What an event of the component with that label tells in the end, or the one that comes so many after it.

        Args:
            data: of its first inputs; the others are as the page has them at first.
        """
        components = {one["id"]: one["props"] for one in self._config["components"]}
        component = next(number for number, props in components.items() if label in (props.get("label"), props.get("value")))
        events = self._config["dependencies"]
        event = events[then + next(i for i, one in enumerate(events) if [component, trigger] in map(list, one["targets"]))]
        others = [components[number].get("value") for number in event["inputs"][len(data) :]]
        self.post("queue/join", {"data": [*data, *others], "fn_index": event["id"], "session_hash": self.session})
        with _direct.open(f"{self.address}/gradio_api/queue/data?session_hash={self.session}", timeout=WAIT_S) as told:
            for line in told:
                if line.startswith(b"data:") and (message := json.loads(line[5:]))["msg"] == "process_completed":
                    return message
        raise AssertionError(f"{label} was never completed")

    def get(self, path: Path | str) -> bytes:
        """A file that the program serves."""
        with _direct.open(f"{self.address}/gradio_api/file={path}", timeout=WAIT_S) as answer:
            return answer.read()

    def post(self, place: str, body: Any, kind: str = "application/json") -> bytes:
        """The answer, whatever its status."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = Request(f"{self.address}/gradio_api/{place}", content, {"Content-Type": kind})
        try:
            with _direct.open(request, timeout=WAIT_S) as answer:
                return answer.read()
        except HTTPError as refusal:
            return refusal.read()

    @cached_property
    def _config(self) -> dict[str, Any]:
        with _direct.open(f"{self.address}/config", timeout=WAIT_S) as answer:
            return json.loads(answer.read())
