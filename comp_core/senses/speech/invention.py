"""Whether Whisper heard what it says, or invented it: it was made to write something, and writes in silence and noise, too."""

from __future__ import annotations

import re

from comp_core.senses.speech.whisper_decoding import Decoded

# Beyond these a text is more likely invented than heard (the thresholds of Radford et al., 2022).
MOST_NO_SPEECH = 0.6
_LEAST_LOG_PROBABILITY = -1.0
# What it writes most in sound without words, from the subtitles that it was trained on. People say it, too, and are then heard clearly.
_SUBTITLES = (
    *("thank you", "thanks", "thank you very much", "thanks for watching", "thank you for watching", "please subscribe"),
    *("bye", "bye bye", "see you next time", "the end", "you", "so", "i'm sorry", "i'm so sorry"),
)
_SUBTITLE_NO_SPEECH, _SUBTITLE_LOG_PROBABILITY = 0.4, -0.8


def is_heard(decoded: Decoded) -> bool:
    """Whether there is enough evidence that these words were said."""
    words = " ".join(re.findall(r"[\w']+", decoded.text.lower()))
    if not words or decoded.repeats:
        return False
    stricter = words in _SUBTITLES
    most, least = (_SUBTITLE_NO_SPEECH, _SUBTITLE_LOG_PROBABILITY) if stricter else (MOST_NO_SPEECH, _LEAST_LOG_PROBABILITY)
    return decoded.no_speech <= most and decoded.log_probability >= least
