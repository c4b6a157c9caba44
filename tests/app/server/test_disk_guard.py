"""Uploads: each address has its share of the disk, nothing of one that fails stays, and a reserve is kept whatever a request declares."""

import threading
import time
from pathlib import Path

import pytest

from app.server import disk_guard
from app.server.disk_guard import FULL, MANY, SPARE_BYTES
from app.server.parts import MOST_FILES
from app.server.quota import MOST_UPLOADS, Quota, Upload
from tests.app.served import bytes_below, served
from tests.support import loops

UPLOAD = "/gradio_api/upload"
MB = 1_000_000
FORM = {"content-type": "multipart/form-data; boundary=x"}
HEAD = b'--x\r\nContent-Disposition: form-data; name="files"; filename="%b"\r\n\r\n'
TAIL = b"\r\n--x--\r\n"


def pieces(name, size, wait=0.0):
    """A file of its own content, piece by piece and so without a declared length."""
    yield HEAD % name.encode()
    for n in range(size // MB):
        time.sleep(wait)
        yield f"{name}{n}".encode().ljust(MB, b".")
    yield TAIL


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A disk with room for 45 MB beside its reserve."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    with served(tmp_path, SMALL_DISK=str(SPARE_BYTES + 45 * MB)) as page:
        yield page


def on_disk(page):
    """Bytes of uploads, of those that failed too."""
    return sum(bytes_below(folder) for folder in page.log.parent.glob("live-affect-*"))


def upload(page, name, size, **timing):
    return page.client().post(UPLOAD, content=pieces(name, size, **timing), headers=FORM)


def test_without_a_declared_length_the_reserve_is_kept(small):
    answer = upload(small, "large.mp4", 60 * MB)
    assert (answer.status_code, answer.text) == (507, FULL)
    assert on_disk(small) == 0


def test_an_address_that_uploads_on_keeps_its_newest_and_half_of_the_room_stays_for_others(small):
    paths = []
    for n in range(4):
        answer = upload(small, f"{n}.mp4", 20 * MB)
        assert answer.status_code == 200
        paths += map(Path, answer.json())
    assert [path.exists() for path in paths] == [False, False, False, True]
    assert on_disk(small) < 21 * MB


def test_many_at_once_from_one_address_are_told_to_wait(small):
    answers = []
    sending = [
        threading.Thread(target=lambda n=n: answers.append(upload(small, f"{n}.mp4", 20 * MB, wait=0.05)), daemon=True) for n in range(4)
    ]
    for thread in sending:
        thread.start()
    for thread in sending:
        thread.join()
    assert 429 in {answer.status_code for answer in answers} <= {200, 429, 507}
    assert {answer.text for answer in answers if answer.status_code == 429} == {MANY}
    assert on_disk(small) < 45 * MB


@pytest.mark.parametrize("ending", ["broken off", "too late"])
def test_nothing_of_an_upload_that_is_not_finished_stays(tmp_path, monkeypatch, ending):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    with served(tmp_path, QUIET_S="2") as page, page.connect() as connection:
        head = f"POST {UPLOAD} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM['content-type']}\r\nContent-Length: {50 * MB}\r\n\r\n"
        connection.sendall(head.encode() + HEAD % b"part.mp4" + b"." * 5 * MB)
        until = time.monotonic() + 10
        while on_disk(page) < 4 * MB:
            assert time.monotonic() < until
            time.sleep(0.05)
        if ending == "too late":
            connection.settimeout(15)
            assert connection.recv(100).startswith(b"HTTP/1.1 408")
        else:
            connection.close()
        until = time.monotonic() + 10
        while on_disk(page):
            assert time.monotonic() < until
            time.sleep(0.05)
        assert page.client().get("/gradio_api/queue/status").status_code == 200
        assert "Traceback" not in page.log.read_text() and "failed" not in page.log.read_text()


def test_fields_that_are_no_files_are_not_gathered_in_memory(page):
    """Gradio would add each piece to all of those before, on the loop that answers everyone."""
    field = b'--x\r\nContent-Disposition: form-data; name="files"\r\n\r\n'
    before, begin = page.most_mb(), time.monotonic()
    answer = page.client().post(UPLOAD, content=field + b"." * 60 * MB + TAIL, headers=FORM)
    assert (answer.status_code, answer.text) == (400, "Only files can be uploaded.")
    assert time.monotonic() - begin < 2
    assert page.most_mb() - before < 50


def form(*names, field="files"):
    """Small files in one request."""
    head = HEAD.replace(b"files", field.encode())
    return b"\r\n".join(head % name.encode() + b"." for name in names) + TAIL


@pytest.mark.parametrize(
    ("content", "why"),
    [(form("a.mp4", field="other"), "under the name 'files'"), (form(*(f"{n}.mp4" for n in range(MOST_FILES + 1))), "At most 10 files")],
    ids=["another name", "many"],
)
def test_files_that_gradio_would_write_and_forget_or_hold_open_are_refused(tmp_path, monkeypatch, content, why):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    with served(tmp_path) as page:
        answer = page.client().post(UPLOAD, content=content, headers=FORM)
        assert answer.status_code == 400 and why in answer.text
        assert on_disk(page) == 0
        assert len(page.client().post(UPLOAD, content=form("a.mp4", "b.mp4"), headers=FORM).json()) == 2


@pytest.mark.parametrize("path", ["upload", "upload_progress"])
def test_a_name_of_an_upload_that_would_be_kept_for_ever_is_refused(page, path):
    method = "POST" if path == "upload" else "GET"
    answer = page.client().request(method, f"/gradio_api/{path}", params={"upload_id": "x" * 65}, content=form("a.mp4"), headers=FORM)
    assert answer.status_code == 404


def test_of_many_small_uploads_of_an_address_the_oldest_goes_with_its_folder(tmp_path):
    quota, paths = Quota(), [tmp_path / str(n) / "small.mp4" for n in range(MOST_UPLOADS + 3)]
    for path in paths:
        path.parent.mkdir()
        path.touch()
        quota.finish(quota.begin("a"), [path])
    assert [path.parent.exists() for path in paths] == [False] * 3 + [True] * MOST_UPLOADS


def test_neighbours_of_one_ipv6_network_share_their_part_of_the_disk(tmp_path, monkeypatch):
    guard = disk_guard.RoomForUploads(None, tmp_path)
    begun = []
    monkeypatch.setattr(guard._quota, "begin", lambda home: begun.append(home) or Upload(home))
    monkeypatch.setattr(guard._quota, "finish", lambda upload, paths: None)

    async def take(scope, receive, send):
        await send({"type": "http.response.start", "status": 400, "headers": []})

    async def send(message):
        pass

    guard._app = take
    for last in (1, 2):
        scope = {"type": "http", "method": "POST", "path": UPLOAD, "headers": [], "client": (f"2001:db8::{last}", 1)}
        loops.run(guard(scope, None, send))
    assert len(begun) == 2 and len(set(begun)) == 1


def test_a_file_that_two_addresses_have_is_removed_with_the_last(tmp_path):
    quota, path = Quota(), tmp_path / "same.mp4"
    path.touch()
    for address in ("a", "b"):
        upload = quota.begin(address)
        upload.size = 7
        quota.finish(upload, [path])
    assert (quota.of("a"), quota.held) == (7, 14)
    assert quota.remove_oldest("a") and path.exists()
    assert not quota.remove_oldest("a")
    assert quota.remove_oldest("b") and not path.exists()
    assert quota.held == 0


def test_what_is_under_way_or_has_failed_is_not_removed_for_others(tmp_path):
    quota = Quota()
    under_way, failed = quota.begin("a"), quota.begin("a")
    under_way.size = failed.size = 5
    quota.finish(failed, [])
    assert quota.of("a") == 5
    assert not quota.remove_oldest("a")
