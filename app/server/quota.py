"""Who has uploaded how much: each address has a share, and in it a new file takes the place of its oldest."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

# A class behind one router is one address.
MOST_BYTES = 2_000_000_000
# Of one address, however small.
MOST_UPLOADS = 200


@dataclass
class Upload:
    """What one request brings; `paths` is empty until it is finished."""

    address: str
    size: int = 0
    paths: list[Path] = field(default_factory=list)


class Quota:
    """The uploads that are there, in the order in which they began."""

    def __init__(self) -> None:
        self._uploads: list[Upload] = []

    @property
    def held(self) -> int:
        """Bytes of all."""
        return sum(upload.size for upload in self._uploads)

    def begin(self, address: str) -> Upload:
        """Count one more; of an address that has many, the oldest goes."""
        # Files go by themselves, in time.
        self._uploads = [one for one in self._uploads if not one.paths or any(path.exists() for path in one.paths)]
        if sum(one.address == address for one in self._uploads) >= MOST_UPLOADS:
            self.remove_oldest(address)
        upload = Upload(address)
        self._uploads.append(upload)
        return upload

    def finish(self, upload: Upload, paths: list[Path]) -> None:
        """It is there, as these files; none: it failed, and nothing of it is."""
        upload.paths = paths
        if not paths:
            self._uploads.remove(upload)

    def of(self, address: str) -> int:
        """Bytes of one address."""
        return sum(upload.size for upload in self._uploads if upload.address == address)

    def remove_oldest(self, address: str) -> bool:
        """Remove the oldest finished upload of an address; returns whether there was one."""
        oldest = next((one for one in self._uploads if one.address == address and one.paths), None)
        if oldest is None:
            return False
        self._uploads.remove(oldest)
        # Files of the same content and name are one; somebody else's stay.
        kept = {path for one in self._uploads for path in one.paths}
        for path in set(oldest.paths) - kept:
            path.unlink(missing_ok=True)
            # Each lies in a folder of its content, which may hold it by other names, too.
            with suppress(OSError):
                path.parent.rmdir()
        return True
