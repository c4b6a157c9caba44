"""Where the files lie that come with the code: weights, reports, model cards, samples."""

from pathlib import Path

_HERE = Path(__file__).resolve().parent
# An installed wheel carries them inside this package; in the repository they are beside it.
ASSETS = _HERE / "assets" if (_HERE / "assets").is_dir() else _HERE.parent / "assets"
