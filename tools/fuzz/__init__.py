"""Fuzzing of every decoder and server function: `python -m tools.fuzz --seconds 60 --out assets/reports/fuzz.json`."""
