"""Where the files lie that come with the code: weights, reports, model cards, samples."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent
# An installed wheel carries them inside comp_core; in the repository they are beside it.
ASSETS = _PACKAGE / "assets" if (_PACKAGE / "assets").is_dir() else _PACKAGE.parent / "assets"
