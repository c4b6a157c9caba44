"""The file component of every page and of the interface for programs: it takes what is uploaded, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
from gradio_client.utils import is_http_url_like


def upload(**settings: Any) -> gr.File:
    """A Gradio file component that refuses an address in place of a file: Gradio would download it, however large."""
    file = gr.File(**settings)
    take = file.async_move_resource_to_block_cache

    async def take_no_address(url_or_file_path: str | Path | None) -> str | None:
        if is_http_url_like(str(url_or_file_path)):
            raise gr.Error("This server downloads nothing: upload the file itself.", print_exception=False)
        return await take(url_or_file_path)

    # Not a class of its own: for each of those Gradio writes a stub beside its source.
    file.async_move_resource_to_block_cache = take_no_address
    return file
