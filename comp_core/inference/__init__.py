"""Trained models in use: files and streams to predictions."""
