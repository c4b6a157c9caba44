"""Voice activity: how likely each 32 ms of a stream is speech, by silero-vad (MIT; its weights come inside the package)."""

from __future__ import annotations

from functools import lru_cache
from threading import Lock

import numpy as np
import torch
from torch import Tensor, nn

SAMPLE_RATE = 16000
CHUNK = 512

# What the network needs besides the chunk: the tail of the chunk before, and the state of its recurrent layer.
_CONTEXT = 64
_STATE_SHAPE = (2, 1, 128)

_loading = Lock()


# Chunks that go through the network together; 8 s.
_BLOCK = 256
# A stream begins as if so much silence came before it: from its empty state the network hears the first words late.
_BEFORE = 2 * SAMPLE_RATE // CHUNK


class _Sequence(nn.Module):
    """silero's network over successive chunks of one stream: only its recurrent layer takes them one after the other.

    The outer module of the package keeps the state of one stream in itself. Its inner ``network`` takes and returns the state, so that
    one copy serves all visitors at once and a new stream costs nothing.
    """

    def __init__(self, network: torch.jit.ScriptModule) -> None:
        super().__init__()
        self.network = network

    def forward(self, chunks: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """(n, context + chunk) samples and (2, 1, 128) state -> n probabilities and the next state."""
        features = self.network.encoder(self.network.run_extractors(chunks)).squeeze(-1)
        hidden = (state[0], state[1])
        said: list[Tensor] = []
        for one in features.split(1):
            hidden = self.network.decoder.rnn(one, hidden)
            said.append(hidden[0])
        return self.network.decoder.decoder(torch.cat(said).unsqueeze(-1)).mean((1, 2)), torch.stack(hidden)


@lru_cache(maxsize=1)
def _load_network() -> torch.jit.ScriptModule:
    from silero_vad import load_silero_vad  # here, because it sets torch's number of threads to one as it is imported

    threads = torch.get_num_threads()
    network = torch.jit.script(_Sequence(load_silero_vad()._model))
    torch.set_num_threads(threads)
    chunk, state = torch.zeros(1, _CONTEXT + CHUNK), torch.zeros(_STATE_SHAPE)
    with torch.inference_mode():
        for _ in range(3):  # the first calls of a script module compile it
            _, state = network(chunk, state)
    return network


@lru_cache(maxsize=1)
def _settled_state() -> Tensor:
    with torch.inference_mode():
        return _load_network()(torch.zeros(_BEFORE, _CONTEXT + CHUNK), torch.zeros(_STATE_SHAPE))[1]


def shared_network() -> torch.jit.ScriptModule:
    """The network, loaded at the first call (0.3 s) and shared by all streams."""
    with _loading:
        _settled_state()
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
        self._state: Tensor = _settled_state()

    def push(self, samples: np.ndarray) -> list[float]:
        """Take the next samples, (n,) float32 mono 16 kHz; return one probability for each chunk of 512 that they complete."""
        waiting = np.concatenate([self._remainder, samples.astype(np.float32, copy=False)])
        whole = len(waiting) - len(waiting) % CHUNK
        self._remainder = waiting[whole:].copy()
        return [p for block in torch.from_numpy(waiting[:whole].reshape(-1, CHUNK)).split(_BLOCK) for p in self._probabilities(block)]

    def _probabilities(self, chunks: Tensor) -> list[float]:
        if not len(chunks):
            return []
        with torch.inference_mode():
            before = torch.cat([self._context, chunks[:-1, -_CONTEXT:]])
            probabilities, self._state = self._network(torch.cat([before, chunks], 1), self._state)
            self._context = chunks[-1:, -_CONTEXT:].clone()
        return probabilities.tolist()
