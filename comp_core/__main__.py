"""`python -m comp_core`: see `comp_core.cli`."""

from comp_core.cli import main

# A process that another one spawns imports this file again.
if __name__ == "__main__":
    raise SystemExit(main())
