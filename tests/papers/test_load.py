"""The load command does as the page does."""

import base64
import re

import numpy as np
import pytest

from tests.places import ROOT
from tools.load import __main__ as load
from tools.load import visitor

SCRIPTS = "\n".join(
    (ROOT / "app" / "pages" / "live" / f"{name}.js").read_text(encoding="utf-8") for name in ("capture", "live", "line", "resample")
)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PERIOD_MS", 1000 * visitor.PERIOD_S),
        ("RETRY_MS", 1000 * visitor.RETRY_S),
        ("ASK_AGAIN_MS", 1000 * visitor.IN_LINE_S),
        ("KEEP_SECONDS", visitor.KEEP_S),
        ("SAMPLE_RATE", visitor.SAMPLE_RATE),
        ("LONG_SIDE", load.SIDE),
        ("JPEG_QUALITY", load.QUALITY / 100),
    ],
)
def test_its_visitors_keep_the_pages_pace(name, value):
    assert float(re.search(rf"const {name} = ([\d.]+);", SCRIPTS)[1]) == value


def test_media_are_played_again_and_again():
    media = visitor.Media(["a", "b"], np.arange(10, dtype="<i2"))
    assert [media.picture(seconds) for seconds in (0.0, 0.15, 0.2)] == ["a", "b", "a"]
    assert np.frombuffer(base64.b64decode(media.between(8, 13)), "<i2").tolist() == [8, 9, 0, 1, 2]
