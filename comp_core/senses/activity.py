"""Voice activity: how likely each 32 ms of a stream is speech, by silero-vad (MIT; its weights come inside the package)."""

from __future__ import annotations

from functools import lru_cache
from threading import Lock

import numpy as np
import torch
from torch import Tensor

SAMPLE_RATE = 16000
CHUNK = 512

# What the network needs besides the chunk: the tail of the chunk before, and the state of its recurrent layer.
_CONTEXT = 64
_STATE_SHAPE = (2, 1, 128)

_loading = Lock()


@lru_cache(maxsize=1)
def _load_network() -> torch.jit.ScriptModule:
    from silero_vad import load_silero_vad  # here, because it sets torch's number of threads to one as it is imported

    threads = torch.get_num_threads()
    # The outer module keeps the state of one stream in itself. Its inner network takes and returns the state, so that one
    # copy serves all visitors at once and a new stream costs nothing.
    network = load_silero_vad()._model
    torch.set_num_threads(threads)
    chunk, state = torch.zeros(1, _CONTEXT + CHUNK), torch.zeros(_STATE_SHAPE)
    with torch.inference_mode():
        for _ in range(3):  # the first calls of a script module compile it
            _, state = network(chunk, state)
    return network


def shared_network() -> torch.jit.ScriptModule:
    """The network, loaded at the first call (0.3 s) and shared by all streams."""
    with _loading:
        return _load_network()


class VoiceActivity:
    """Speech probability of one stream of sound. It holds the stream's state: use one per stream, from one thread at a time."""

    def __init__(self) -> None:
        self._network = shared_network()
        self.reset()

    def reset(self) -> None:
        """Forget the stream so far."""
        self._remainder = np.zeros(0, np.float32)
        self._context: Tensor = torch.zeros(1, _CONTEXT)
        self._state: Tensor = torch.zeros(_STATE_SHAPE)

    def push(self, samples: np.ndarray) -> list[float]:
        """Take the next samples, (n,) float32 mono 16 kHz; return one probability for each chunk of 512 that they complete."""
        waiting = np.concatenate([self._remainder, samples.astype(np.float32, copy=False)])
        whole = len(waiting) - len(waiting) % CHUNK
        self._remainder = waiting[whole:].copy()
        return [self._probability(chunk) for chunk in torch.from_numpy(waiting[:whole].reshape(-1, 1, CHUNK))]

    def _probability(self, chunk: Tensor) -> float:
        with torch.inference_mode():
            seen = torch.cat([self._context, chunk], 1)
            probability, self._state = self._network(seen, self._state)
            self._context = seen[:, -_CONTEXT:]
        return float(probability)
