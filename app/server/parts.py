"""What an upload is made of: files with names. Nothing of one that fails stays on the disk, and of none more than that in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gradio import route_utils, routes
from gradio_client.utils import strip_invalid_filename_characters
from starlette.formparsers import MultiPartException

# Each holds a file open until all have come; a page sends one.
MOST_FILES = 10
# Uploads whose progress is known.
MOST_FOLLOWED = 200
# Files under another name Gradio writes, and never looks at again.
_NAME = "files"


class FilesOnly(route_utils.GradioMultiPartParser):
    """Gradio's parser, which else gathers fields that are no files in memory, at a cost that grows with their square."""

    def on_headers_finished(self) -> None:
        super().on_headers_finished()
        file = self._current_part.file
        if file is None:
            raise MultiPartException("Only files can be uploaded.")
        if self._current_part.field_name != _NAME:
            raise MultiPartException(f"Files are uploaded under the name {_NAME!r}.")
        if self._current_files > MOST_FILES:
            raise MultiPartException(f"At most {MOST_FILES} files can be uploaded at once.")
        if strip_invalid_filename_characters(Path(file.filename or "").name) == "..":
            raise MultiPartException("An uploaded file needs a name of its own.")

    async def parse(self) -> Any:
        try:
            return await super().parse()
        except BaseException:
            for file in self._files_to_close_on_error:
                file.close()
                Path(file.name).unlink(missing_ok=True)
            raise


class Progress(route_utils.FileUploadProgress):
    """How far uploads are; Gradio would keep every name that it was ever given."""

    def track(self, upload_id: str) -> None:
        super().track(upload_id)
        self._forget_oldest()

    async def is_tracked(self, upload_id: str) -> bool:
        # Asking, too, makes an entry.
        self._signals[upload_id]
        self._forget_oldest()
        return await super().is_tracked(upload_id)

    def _forget_oldest(self) -> None:
        for kept in (self._statuses, self._signals):
            for one in list(kept)[:-MOST_FOLLOWED]:
                del kept[one]


class Unkept(set):
    """Of which Gradio's own, the paths of all uploads, would only grow."""

    def update(self, *others: Any) -> None:
        pass


def take_files_only() -> None:
    """From now on Gradio reads and follows uploads in this way, and leaves no other way to have it so."""
    route_utils.GradioMultiPartParser = FilesOnly
    routes.file_upload_statuses = Progress()
