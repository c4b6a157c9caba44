"""How many threads PyTorch uses on the processor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """For networks as small as a fusion model, as a context or a decorator.

    Another number of threads changes last digits, which a training makes grow; and where other programs want the processor, too, threads
    that wait for one another take many times longer than one.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
