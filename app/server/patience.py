"""How long a connection may take to say what it wants, and to take what it is sent: those that never finish would hold a handle of this
process each, for ever."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

# Without a byte; and for the headers in all, and a body beyond what a slow network needs for it.
QUIET_S = 20.0
SLOWEST_BYTES_PER_S = 5_000
# What is sent may wait so many times longer to be taken.
UNREAD = 3
_EVERY_S = 1.0
# A follower of a session sends nothing; each ping of it is answered, and answers that it does not take would pile up here.
MOST_HEARD_BYTES, MOST_UNSENT_BYTES = 4_000, 300_000
_LATE = b"The request was not finished in time."


class _Unsent:
    """Ends a connection that takes nothing of what is on its way to it, whether it is being closed or not.

    A browser that shows a paused video takes nothing for a while, and asks again where it was ended.
    """

    def __init__(self, transport: asyncio.Transport, now: float) -> None:
        self._transport, self._bytes, self._since = transport, 0, now

    def ended(self, now: float) -> bool:
        """Whether it was ended just now."""
        unsent = self._transport.get_write_buffer_size()
        if not unsent or unsent != self._bytes:
            self._bytes, self._since = unsent, now
        if now - self._since <= UNREAD * QUIET_S:
            return False
        self._transport.abort()
        return True


def patient_socket(protocol: type[Any]) -> type[Any]:
    """uvicorn's protocol for WebSockets, with an end to its patience with those that take nothing."""

    class PatientSocket(protocol):
        """The server's protocol for WebSockets."""

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._unsent = _Unsent(transport, self.loop.time())
            self._watch = self.loop.call_later(_EVERY_S, self._look)

        def connection_lost(self, exc: Exception | None) -> None:
            self._watch.cancel()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if self.transport.get_write_buffer_size() > MOST_UNSENT_BYTES:
                self.transport.abort()
            else:
                super().data_received(data)

        def _look(self) -> None:
            if not self._unsent.ended(self.loop.time()):
                self._watch = self.loop.call_later(_EVERY_S, self._look)

    return PatientSocket


class PatientProtocol(H11Protocol):
    """The server's protocol, with an end to its patience: for the headers of a request, and for its body by what has arrived of it."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        now = self.loop.time()
        # What is waited for: the state of the connection, and the request.
        self._phase: tuple[Any, Any] = (None, None)
        self._began, self._heard_at, self._bytes = now, now, 0
        self._unsent = _Unsent(transport, now)
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
        if self._unsent.ended(now):
            self._watch = None
            return
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
