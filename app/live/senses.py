"""A sense that fails makes its modality absent, and the loop goes on."""

from __future__ import annotations

import logging
from collections.abc import Callable

from comp_core.senses.reading import Reading

logger = logging.getLogger(__name__)


def failure(sense: str, error: Exception) -> str:
    """Log what went wrong; returns the reason for the absence."""
    logger.error("the %s sense failed", sense, exc_info=error)
    return f"failed: {str(error) or type(error).__name__}"


def reading_of(sense: str, read: Callable[[], Reading]) -> Reading:
    """What ``read`` returns, or absence with the reason when it fails."""
    try:
        return read()
    except Exception as error:
        return Reading.absent(failure(sense, error))
