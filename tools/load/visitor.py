"""One visitor without a browser: sends pictures and sound as the live page's script does, and notes what comes back."""

from __future__ import annotations

import base64
import http.client
import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import numpy as np

# As app/pages/live/live.js and app/pages/live/capture.js have it.
PERIOD_S = 0.1
RETRY_S = 1.0
IN_LINE_S = 2.0
KEEP_S = 10
SAMPLE_RATE = 16_000
CHUNK = SAMPLE_RATE // 10
PICTURES_HZ = 10


@dataclass(frozen=True)
class Media:
    """What a camera and a microphone give, again and again: base64 JPEGs at ``PICTURES_HZ``, and int16 mono 16 kHz samples (n,)."""

    pictures: list[str]
    sound: np.ndarray

    def picture(self, seconds: float) -> str:
        return self.pictures[int(seconds * PICTURES_HZ) % len(self.pictures)]

    def between(self, first: int, last: int) -> str:
        """Samples in base64."""
        return base64.b64encode(self.sound[np.arange(first, last) % len(self.sound)].tobytes()).decode()


@dataclass
class Seen:
    """What came back.

    Attributes:
        updates: (when, delay) in seconds of each view of a newer picture.
        errors: what the server refused, and what went wrong.
        forgotten: samples that waited too long here to be sent.
        heard: numbers of the utterances in the history.
        until: when the last answer came, in seconds since the first sample.
        words: (when, words) each time that other words are shown, in seconds since the first sample.
        view: the newest.
        before: how many come first, while it waits in line.
        recogniser: its name.
    """

    updates: list[tuple[float, float]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    forgotten: int = 0
    heard: set[int] = field(default_factory=set)
    until: float = 0.0
    words: list[tuple[float, str]] = field(default_factory=lambda: [(0.0, "")])
    view: dict | None = None
    before: int | None = None
    recogniser: str = ""


class Server:
    """The calls of the live page's script over one connection that stays open.

    Args:
        address: of the running program, as http://host:port.
    """

    def __init__(self, address: str) -> None:
        self._host = urlsplit(address).netloc
        self._connection = http.client.HTTPConnection(self._host, timeout=60)
        self._session = secrets.token_hex(6)
        components = self._answer("GET", "/config")["components"]
        self._component = next(c["id"] for c in components if "exchange" in c["props"].get("server_fns", ()))

    def call(self, name: str, data: dict) -> dict:
        """What a server function answers to ``data``."""
        body = {"data": data, "fn_name": name, "session_hash": self._session, "component_id": self._component}
        return self._answer("POST", "/gradio_api/component_server/", json.dumps(body))

    def _answer(self, method: str, path: str, body: str | None = None) -> dict:
        self._connection.request(method, path, body, {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        content = response.read()
        if response.status != 200:
            raise OSError(f"{response.status} {response.reason}")
        return json.loads(content)

    def close(self) -> None:
        self._connection.close()


class Visitor:
    """Starts, waits in line where there is no place, exchanges media at the page's pace until it is told to stop.

    Args:
        media: what its devices give.
        offset: seconds by which its media are ahead of those of the first visitor, so that not all speak at once.
    """

    def __init__(self, address: str, media: Media, offset: float) -> None:
        self.seen = Seen()
        self._server = Server(address)
        self._media, self._offset = media, offset
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._visit, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def join(self) -> None:
        self._thread.join()
        self._server.close()

    def _visit(self) -> None:
        try:
            if token := self._place():
                self._run(token)
                self._server.call("close_session", {"token": token})
        except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
            self.seen.errors.append(f"{type(error).__name__}: {error}")

    def _place(self) -> str | None:
        """A token, after waiting in line if need be; None if it was stopped before."""
        ticket = None
        while not self._stop.is_set():
            answer = self._server.call("open_session", {"ticket": ticket})
            if "token" in answer:
                self.seen.before = None
                return answer["token"]
            if "ticket" in answer:
                ticket, self.seen.before = answer["ticket"], answer["before"]
            else:
                self.seen.errors.append(answer["error"])
            self._stop.wait(IN_LINE_S)
        if ticket:
            self._server.call("close_session", {"ticket": ticket})
        return None

    def _run(self, token: str) -> None:
        """The loop of the page: one exchange at a time; sound waits, pictures are simply not taken."""
        began = due = time.perf_counter()
        sent, last = 0, None
        while not self._stop.is_set():
            captured = time.perf_counter()
            seconds = captured - began
            there = int(seconds * 10) * CHUNK
            forgotten = max(0, there - sent - KEEP_S * SAMPLE_RATE)
            self.seen.forgotten += forgotten
            sent += forgotten
            start = round(self._offset * SAMPLE_RATE)
            pcm = self._media.between(start + sent, start + there) if there > sent else None
            request = {"token": token, "jpeg": self._media.picture(self._offset + seconds), "captured": 1000 * captured}
            answer = self._server.call("exchange", {**request, "pcm": pcm, "first": sent})
            now = time.perf_counter()
            if "error" in answer:
                self.seen.errors.append(answer["error"])
                self._stop.wait(RETRY_S)
                continue
            sent, self.seen.until = there, now - began
            view, self.seen.recogniser = answer["view"], answer["recogniser"]["name"]
            if view:
                self.seen.view = view
                self.seen.heard |= {said["number"] for said in view["utterances"]}
                if (words := view["transcript"]["text"]) != self.seen.words[-1][1]:
                    self.seen.words.append((now - began, words))
                if view["captured"] is not None and view["captured"] != last:
                    last = view["captured"]
                    self.seen.updates.append((now, now - last / 1000))
            due = max(due + PERIOD_S, now - PERIOD_S)
            self._stop.wait(max(0.0, due - now))
