"""The place where the program listens: whether it is free, whom it believes, and how many connections it can hold."""

from __future__ import annotations

import errno
import os
import socket
from contextlib import closing, suppress

# Of connections, files and pipes together; usual limits are 256 to 1024.
_HANDLES = 16_384
# Where a proxy runs: on this computer, or in the private network before it.
_PROXIES = "127.0.0.0/8,::1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,169.254.0.0/16,fc00::/7,fe80::/10"
# Read by the server when it starts.
_BELIEVED = "FORWARDED_ALLOW_IPS"


def why_not_listen(host: str, port: int) -> str | None:
    """Why nothing can listen there, in one sentence; None if it can."""
    try:
        kind, _, _, _, place = socket.getaddrinfo(host.strip("[]") or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with closing(socket.socket(kind)) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(place)
            # Another may be bound to it and not listen.
            tried.listen()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return f"port {port} is taken. Stop what uses it, or choose another with --port."
        return f"it cannot listen on {host}, port {port}: {error.strerror}. Choose others with --host and --port."
    return None


def believe_proxy(behind_proxy: bool) -> None:
    """Whether `X-Forwarded-For` says who asks. Only a proxy that is near is believed, never what it passes on from further away."""
    if not behind_proxy:
        os.environ[_BELIEVED] = ""
    else:
        os.environ[_BELIEVED] = os.environ.get(_BELIEVED) or _PROXIES


def raise_handle_limit() -> None:
    """As many open connections as the system allows, up to a bound."""
    with suppress(ImportError):  # a system without such limits
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = _HANDLES if hard == resource.RLIM_INFINITY else min(_HANDLES, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
