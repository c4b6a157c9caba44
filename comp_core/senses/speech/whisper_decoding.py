"""Greedy decoding with openai-whisper's modules, over a context as short as the sound allows.

Whisper was trained on 30 s of sound, padded with silence, and reads all of it however little is speech. 12 s are enough (below 10 s it
repeats itself) and cost less than half. Nothing of the model is changed: many threads may decode with one.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from comp_core.senses.speech.vad import SAMPLE_RATE

# Of silence and sound together, in seconds.
WHOLE_CONTEXT = 30.0
SHORT_CONTEXT = 12.0
# Longer sound is followed by so much silence.
SILENCE_AFTER = 2.0
# Nobody says more tokens in a second; some more for the shortest sounds. What goes on after that repeats itself.
_TOKENS_PER_SECOND, _SPARE_TOKENS = 12, 8
_MOST_REPETITION = 2.4  # the threshold of Radford et al., 2022


@dataclass(frozen=True)
class Decoded:
    """What Whisper makes of a stretch of sound.

    Attributes:
        text: without the leading space.
        log_probability: mean of its tokens', the end included.
        no_speech: probability that there is no speech at all.
        ended: whether it came to an end, rather than to the most tokens that can be said.
    """

    text: str
    log_probability: float
    no_speech: float
    ended: bool

    @property
    def repetition(self) -> float:
        """By how much the text can be compressed: a loop of one phrase compresses well."""
        raw = self.text.encode()
        return len(raw) / len(zlib.compress(raw)) if raw else 0.0

    @property
    def repeats(self) -> bool:
        """Whether it goes round in circles."""
        return self.repetition > _MOST_REPETITION or not self.ended


def context_for(seconds: float) -> float:
    """Seconds of context for so much sound."""
    return min(WHOLE_CONTEXT, max(SHORT_CONTEXT, seconds + SILENCE_AFTER))


@torch.inference_mode()
def decode(model: Any, samples: np.ndarray, context: float, language: str, task: str) -> Decoded:
    """The likeliest words, one after the other, without timestamps.

    Args:
        model: an openai-whisper ``Whisper``.
        samples: (n,) float32 mono 16 kHz; what is longer than the context is cut off.
        context: seconds that the encoder sees, up to `WHOLE_CONTEXT`.
        language, task: of a multilingual model, such as ``"de"`` and ``"translate"``.
    """
    sound = encode(model, samples, context)
    words = _words(model.is_multilingual, model.num_languages, language, task)
    memory = _Memory(model.decoder, sound)
    forbidden = words.forbidden.to(sound.device)
    most = min(model.dims.n_text_ctx - len(words.start), round(_SPARE_TOKENS + _TOKENS_PER_SECOND * len(samples) / SAMPLE_RATE))
    logits = memory.step(words.start)
    no_speech = logits[words.no_speech_at].softmax(-1)[words.no_speech].item()
    said: list[int] = []
    total = 0.0
    for _ in range(most + 1):
        scores = (logits[-1] + forbidden).log_softmax(-1)
        best = int(scores.argmax())
        total += scores[best].item()
        if best == words.end or len(said) == most:
            break
        said.append(best)
        logits = memory.step([best])
    return Decoded(words.text(said), total / (len(said) + 1), no_speech, best == words.end)


def encode(model: Any, samples: np.ndarray, context: float = WHOLE_CONTEXT) -> Tensor:
    """(n,) samples, padded with silence or cut to so many seconds -> (1, 50 a second, width) states of Whisper's encoder."""
    import whisper

    encoder, device = model.encoder, model.device
    padded = whisper.pad_or_trim(samples, round(context * SAMPLE_RATE))
    mel = whisper.log_mel_spectrogram(padded, model.dims.n_mels, device=device)[None]
    x = mel.half() if device.type == "cuda" else mel
    x = functional.gelu(encoder.conv1(x))
    x = functional.gelu(encoder.conv2(x)).permute(0, 2, 1)
    x = (x + encoder.positional_embedding[: x.shape[1]]).to(x.dtype)
    for block in encoder.blocks:
        x = block(x)
    return encoder.ln_post(x)


class _Memory:
    """Keys and values of the decoder for one sound, and for the tokens so far."""

    def __init__(self, decoder: Any, sound: Tensor) -> None:
        self._decoder, self._dtype, self._length = decoder, sound.dtype, 0
        self._of_sound = [(block.cross_attn.key(sound), block.cross_attn.value(sound)) for block in decoder.blocks]
        self._of_text = [(sound[:, :0], sound[:, :0]) for _ in decoder.blocks]

    def step(self, tokens: list[int]) -> Tensor:
        """The next tokens -> (their number, vocabulary) logits of what follows each."""
        decoder, begin = self._decoder, self._length
        self._length += len(tokens)
        x = decoder.token_embedding(torch.tensor([tokens], device=decoder.mask.device))
        x = (x + decoder.positional_embedding[begin : self._length]).to(self._dtype)
        for number, block in enumerate(decoder.blocks):
            y = block.attn_ln(x)
            keys, values = self._of_text[number]
            self._of_text[number] = torch.cat([keys, block.attn.key(y)], 1), torch.cat([values, block.attn.value(y)], 1)
            x = x + _attend(block.attn, y, *self._of_text[number], decoder.mask)
            x = x + _attend(block.cross_attn, block.cross_attn_ln(x), *self._of_sound[number])
            x = x + block.mlp(block.mlp_ln(x))
        return functional.linear(decoder.ln(x)[0], decoder.token_embedding.weight.to(x.dtype)).float()


def _attend(attention: Any, x: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None = None) -> Tensor:
    return attention.out(attention.qkv_attention(attention.query(x), keys, values, mask)[0])


@dataclass(frozen=True)
class _Words:
    """Whisper's tokens for one language and task.

    Attributes:
        start: what a text begins with.
        end: what it ends with.
        no_speech, no_speech_at: the token for "no speech", and after which of ``start`` it is predicted.
        forbidden: (vocabulary,) minus infinity for signs that are not spoken, and for marks other than the end; else 0.
    """

    start: list[int]
    end: int
    no_speech: int
    no_speech_at: int
    forbidden: Tensor
    tokenizer: Any

    def text(self, tokens: list[int]) -> str:
        return self.tokenizer.decode(tokens).strip()


@cache
def _words(multilingual: bool, languages: int, language: str, task: str) -> _Words:
    from whisper.tokenizer import get_tokenizer

    tokenizer = get_tokenizer(multilingual, num_languages=languages, language=language, task=task)
    start = list(tokenizer.sot_sequence_including_notimestamps)
    forbidden = torch.zeros(tokenizer.encoding.n_vocab)
    forbidden[tokenizer.eot + 1 :] = -torch.inf
    forbidden[list(tokenizer.non_speech_tokens)] = -torch.inf
    return _Words(start, tokenizer.eot, tokenizer.no_speech, start.index(tokenizer.sot), forbidden, tokenizer)
