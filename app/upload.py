"""The file component of every page and of the interface for programs: it takes what is uploaded, and nothing else."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
from gradio_client.utils import is_http_url_like


class Upload(gr.File):
    """A file component that refuses an address in place of a file: Gradio's own would download it, however large."""

    is_template = True  # for the browser it is a plain file component

    async def async_move_resource_to_block_cache(self, url_or_file_path: str | Path | None) -> str | None:
        if url_or_file_path is not None and is_http_url_like(str(url_or_file_path)):
            raise gr.Error("This server downloads nothing: upload the file itself.", print_exception=False)
        return await super().async_move_resource_to_block_cache(url_or_file_path)
