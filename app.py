"""`python app.py`: the live demo. All of it is in :mod:`app`."""

import sys

from app.main import main

if __name__ == "__main__":
    sys.exit(main())
