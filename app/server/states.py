"""What Gradio keeps for a visitor between two jobs: kept for whoever has queued one, for nobody who only names a session."""

from __future__ import annotations

from collections.abc import Container
from copy import copy

import gradio as gr
from gradio.state_holder import SessionState, StateHolder


class States(StateHolder):
    """Gradio's own, in which a call of the live page by any name would take the place of another visitor's results.

    Args:
        blocks: whose states they are.
        joined: sessions that have queued a job.
    """

    def __init__(self, blocks: gr.Blocks, joined: Container[str]) -> None:
        super().__init__()
        self.set_blocks(blocks)
        self._joined, self._blank = joined, SessionState(blocks)

    def __getitem__(self, session_id: str) -> SessionState:
        if session_id in self.session_data or session_id in self._joined:
            return super().__getitem__(session_id)
        # To make one from the blocks takes longer than the call that it is for.
        passing = copy(self._blank)
        passing.blocks_config = copy(self._blank.blocks_config)
        passing.config_values, passing.state_data, passing._state_ttl = {}, {}, {}
        return passing

    def forget(self, session_id: str) -> None:
        """Nothing is kept for it any more."""
        self.session_data.pop(session_id, None)
        self.time_last_used.pop(session_id, None)
