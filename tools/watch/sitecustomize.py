"""Python runs this first in every process of a watched program (this folder is on PYTHONPATH): what it writes to, and whom it asks.

Lines of JSON go to the file WATCH_LOG: `[what, where]`. Nobody outside this computer can be reached.
"""

import ipaddress
import json
import os
import sys

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Event -> the places of its paths among the arguments, and that of the folder which a relative one starts from.
_PATHS = {
    "os.mkdir": ((0,), 2),
    "os.rename": ((1,), 3),
    "os.link": ((1,), 3),
    "os.symlink": ((1,), 2),
    "os.truncate": ((0,), None),
    "sqlite3.connect": ((0,), None),
}
_ADDRESSES = {"socket.connect": 1, "socket.sendto": 1, "socket.getaddrinfo": 0, "socket.gethostbyname": 0}
_out = os.open(os.environ["WATCH_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def _note(what, where):
    os.write(_out, (json.dumps([what, where]) + "\n").encode())


def _absolute(path, folder=None):
    if isinstance(path, int):
        return os.readlink(f"/proc/self/fd/{path}") if os.path.exists(f"/proc/self/fd/{path}") else f"descriptor {path}"
    start = os.readlink(f"/proc/self/fd/{folder}") if isinstance(folder, int) and folder >= 0 else os.getcwd()
    return os.path.normpath(os.path.join(start, os.fsdecode(path)))


def _host(address):
    host = address[0] if isinstance(address, tuple) else address
    return host.decode("ascii", "replace") if isinstance(host, bytes) else host


def _is_here(host):
    """This computer itself, by name, by number, or by a path (a local socket)."""
    if not host or host == "localhost" or host.startswith(("/", "\0")):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback or ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def _watch(event, arguments):
    if event == "open":
        path, _, flags = arguments
        if flags & _WRITES:
            _note("write", _absolute(path))
    elif event in _PATHS:
        places, start = _PATHS[event]
        for place in places:
            _note("write", _absolute(arguments[place], arguments[start] if start else None))
    elif event in _ADDRESSES:
        host = _host(arguments[_ADDRESSES[event]])
        if not _is_here(host):
            _note("ask", host)
            raise PermissionError(f"a watched program may not ask {host}")
    elif event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system"):
        _note("start", str(arguments[1] if event == "subprocess.Popen" else arguments[0]))


sys.addaudithook(_watch)
