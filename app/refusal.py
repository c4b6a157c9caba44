"""What a page is told when its request is not served."""

from __future__ import annotations


class Refused(Exception):
    """A request that is not served.

    Attributes:
        code: for the page's script: "ended", "full", "too_fast", "too_large", "bad_request".
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
