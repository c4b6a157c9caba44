"""One thread for small networks, and as many as before afterwards."""

from __future__ import annotations

import pytest
import torch

from comp_core.support.threads import one_thread


def test_the_number_of_threads_comes_back_even_after_an_error():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:

        @one_thread()
        def broken():
            assert torch.get_num_threads() == 1
            raise RuntimeError("broken")

        for _ in range(2):
            with pytest.raises(RuntimeError, match="broken"):
                broken()
            assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
