"""The queue of clips and curves, shared between network addresses: nobody fills it, and nobody works for a page that was closed."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Container, Sequence
from typing import Any

import gradio as gr
from fastapi import HTTPException
from gradio.queueing import Event, Queue

from app.server.asgi import Receive, Scope, Send, asked
from app.visitors.rates import household

# Queued and running, of one address: a class that starts all at once is told to try again, and four such addresses fill the queue.
MOST_JOBS = 8
IN_LINE = 32
# Visitors whose results are remembered, of one address (a class) and of all.
RESULTS_PER_ADDRESS = 40
RESULTS = 200
# A job that nobody has asked the result of for so long is for nobody.
PATIENCE_S = 15.0
# What is kept for programs is counted apart from the pages of their address.
_PROGRAMS = " programs"
_LISTENS = re.compile(r"/gradio_api/(?:queue/data|call/(?:v2/)?\w+/(?P<event>\w+))/?")


class Unheard(gr.Error):
    """The page or the program that a job is for has gone."""

    def __init__(self) -> None:
        super().__init__("Nobody waits for this any more.", print_exception=False)


class FairQueue(Queue):
    """Gradio's queue, with at most ``MOST_JOBS`` of an address, which take turns with those of others.

    A job whose listener has gone leaves the queue; while it runs, it ends when it next tells its progress.

    Args:
        blocks: whose queue it is, as `Blocks.queue` has set it up.

    Attributes:
        listeners: sessions and jobs whose results somebody is being sent, kept by `Listening`.
        sessions: session -> address of the last visitors who have queued something.
    """

    def __init__(self, blocks: gr.Blocks) -> None:
        super().__init__(True, blocks.max_threads, 1, IN_LINE, blocks, default_concurrency_limit=1)
        self.listeners: Counter[str] = Counter()
        self._joining = asyncio.Lock()
        self.sessions: dict[str, str] = {}

    async def push(self, body: Any, request: Any, username: str | None) -> Any:
        home = _home(request)
        # Between the count and the place in the queue, nobody else may come.
        async with self._joining:
            if sum(_home(event.request) == home for event in self._pending()) >= MOST_JOBS:
                raise HTTPException(429, f"{MOST_JOBS} clips or curves of your network are being worked on. Please try again in a moment.")
            if not body.session_hash:
                # A program that calls has no session; Gradio would name one too late for what follows.
                body.session_hash, home = secrets.token_urlsafe(9), f"{home}{_PROGRAMS}"
            earlier, joined = self.sessions.pop(body.session_hash, None), False
            self.sessions[body.session_hash] = home
            try:
                pushed = await super().push(body, request, username)
                joined = pushed[0]
            finally:
                if not (joined or earlier):
                    del self.sessions[body.session_hash]
            self._take_turns()
            self._forget(home)
        return pushed

    def get_events(self) -> Any:
        for line in self.event_queue_per_concurrency_id.values():
            for event in [event for event in line.queue if not self._heard(event)]:
                line.queue.remove(event)
                self.event_ids_to_events.pop(event._id, None)
        return super().get_events()

    def send_message(self, event: Any, event_message: Any) -> None:
        """To nobody, where Gradio has forgotten the session: an error here would stop the queue."""
        if event.session_hash in self.pending_messages_per_session:
            super().send_message(event, event_message)

    def set_progress(self, event_id: str, iterables: Any) -> None:
        """Called by a job, in its own thread.

        Raises:
            Unheard: it may end.
        """
        if any(event._id == event_id and not self._heard(event) for event in self._running()):
            raise Unheard
        super().set_progress(event_id, iterables)

    def _running(self) -> list[Event]:
        return [event for job in list(self.active_jobs) if job for event in job]

    def _pending(self) -> list[Event]:
        return [*self._running(), *(event for line in self.event_queue_per_concurrency_id.values() for event in line.queue)]

    def _heard(self, event: Event) -> bool:
        heard = event.session_hash in self.listeners or event._id in self.listeners
        return event.alive and (heard or time.monotonic() - event.enqueue_time < PATIENCE_S)

    def _take_turns(self) -> None:
        """The first job of each address comes before the second of any."""
        for name, line in self.event_queue_per_concurrency_id.items():
            counted = Counter(_home(event.request) for event in self._running() if event.concurrency_id == name)
            turns = {}
            for event in line.queue:
                turns[event._id] = counted[_home(event.request)]
                counted[_home(event.request)] += 1
            line.queue.sort(key=lambda event, turns=turns: turns[event._id])

    def _forget(self, home: str) -> None:
        """Gradio keeps the results of a visitor; of each address it is to keep so many, not as many as all others leave.

        Whose job waits or runs, and who is being sent results, is never forgotten: the queue would stop for everybody.
        """
        busy = {event.session_hash for event in self._pending()}
        own = [one for one, whose in self.sessions.items() if whose == home]
        self._forget_idle(own[:-RESULTS_PER_ADDRESS], busy)
        pages = [one for one, whose in self.sessions.items() if not whose.endswith(_PROGRAMS)]
        self._forget_idle(pages[:-RESULTS], busy)

    def _forget_idle(self, sessions: Sequence[str], busy: Container[str]) -> None:
        for one in sessions:
            names = (one, *self.pending_event_ids_session.get(one, ()))
            if one not in busy and not any(name in self.listeners for name in names):
                del self.sessions[one]
                self.server_app.state_holder.forget(one)
                self.pending_messages_per_session.pop(one, None)
                self.pending_event_ids_session.pop(one, None)


class Listening:
    """ASGI middleware that notes for whom results are being sent.

    Args:
        app: what handles the requests.
        listeners: session or job -> how many requests wait for its results.
    """

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]], listeners: Counter[str]) -> None:
        self._app, self._listeners = app, listeners

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = _listened_to(scope)
        if key is None:
            return await self._app(scope, receive, send)
        self._listeners[key] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._listeners[key] -= 1
            if not self._listeners[key]:
                del self._listeners[key]


def _listened_to(scope: Scope) -> str | None:
    if scope["type"] != "http" or scope["method"] != "GET":
        return None
    found = _LISTENS.fullmatch(scope["path"].removeprefix(scope.get("root_path", "")))
    if found is None:
        return None
    return found["event"] or next(iter(asked(scope, "session_hash")), None)


def _home(request: Any) -> str:
    return household(request.client.host if request.client else "")
