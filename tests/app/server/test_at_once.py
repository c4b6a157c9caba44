"""What one address has open leaves room for others."""

import asyncio
import time

import pytest

from app.server import at_once
from app.server.asgi import UPLOAD
from tests.app.served import served
from tests.support import loops

FORM = b"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 5000\r\n\r\n--x\r\n"


def test_uploads_under_way_of_one_address_are_bounded(tmp_path):
    with served(tmp_path) as page:
        open_ones = [page.connect() for _ in range(at_once.MOST_OF_PATH[UPLOAD])]
        try:
            for one in open_ones:
                one.__enter__().sendall(f"POST {UPLOAD} HTTP/1.1\r\nHost: localhost\r\n".encode() + FORM)
            files = {"files": ("clip.mp4", b"as good as a video")}
            answer = page.client().post(UPLOAD, files=files)
            assert (answer.status_code, "of your network" in answer.text) == (429, True)
            assert page.client().get("/gradio_api/queue/status").status_code == 200
        finally:
            for one in open_ones:
                one.__exit__(None, None, None)
        # They are counted until the server has seen that they are gone.
        for _ in range(100):
            if (answer := page.client().post(UPLOAD, files=files)).status_code == 200:
                break
            time.sleep(0.1)
        assert answer.status_code == 200


@pytest.mark.parametrize(("kind", "sent"), [("http", "http.response.start"), ("websocket", "websocket.close")])
def test_of_one_address_so_many_are_answered_at_a_time(monkeypatch, kind, sent):
    monkeypatch.setattr(at_once, "MOST", 2)
    done, messages = asyncio.Event(), []

    async def answer(scope, receive, send):
        await done.wait()

    async def send(message):
        messages.append(message)

    async def run():
        limited = at_once.AtOnce(answer)

        def ask(address):
            scope = {"type": kind, "path": "/x", "client": (address, 1), "headers": []}
            return asyncio.create_task(limited(scope, None, send))

        tasks = [ask("192.0.2.1") for _ in range(3)] + [ask("192.0.2.2")]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert [task.done() for task in tasks] == [False, False, True, False]
        assert messages[0]["type"] == sent
        done.set()
        await asyncio.gather(*tasks)
        assert not limited._answered

    loops.run(run())
