"""How long a connection may take to say what it wants: those that never finish would hold a handle of this process each, for ever."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

# Without a byte; and for the headers in all, and a body beyond what a slow network needs for it.
QUIET_S = 20.0
SLOWEST_BYTES_PER_S = 5_000
_EVERY_S = 1.0
_LATE = b"The request was not finished in time."


class PatientProtocol(H11Protocol):
    """The server's protocol, with an end to its patience: for the headers of a request, and for its body by what has arrived of it."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        now = self.loop.time()
        # What is waited for: the state of the connection, and the request.
        self._phase: tuple[Any, Any] = (None, None)
        self._began, self._heard_at, self._bytes = now, now, 0
        self._watch: asyncio.TimerHandle | None = self.loop.call_later(_EVERY_S, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_watching()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        self._stop_watching()
        super().handle_websocket_upgrade(event)

    def data_received(self, data: bytes) -> None:
        self._heard_at = self.loop.time()
        self._bytes += len(data)
        super().data_received(data)

    def _stop_watching(self) -> None:
        if self._watch:
            self._watch.cancel()
            self._watch = None

    def _look(self) -> None:
        now = self.loop.time()
        phase = (self.conn.their_state, self.cycle)
        if phase != self._phase or self.flow.read_paused:
            # Another request, or it is we who do not read.
            self._phase, self._began, self._heard_at, self._bytes = phase, now, now, 0
        if self.conn.their_state in (h11.IDLE, h11.SEND_BODY):
            allowed = QUIET_S
            if self.conn.their_state is h11.SEND_BODY:
                allowed += self._bytes / SLOWEST_BYTES_PER_S
            if now - self._heard_at > QUIET_S or now - self._began > allowed:
                return self._end()
        self._watch = self.loop.call_later(_EVERY_S, self._look)

    def _end(self) -> None:
        self._watch = None
        if self.conn.our_state is h11.SEND_RESPONSE:
            headers = [("content-type", "text/plain"), ("content-length", str(len(_LATE))), ("connection", "close")]
            answer = (h11.Response(status_code=408, headers=headers), h11.Data(data=_LATE), h11.EndOfMessage())
            self.transport.write(b"".join(map(self.conn.send, answer)))
        self.transport.close()
