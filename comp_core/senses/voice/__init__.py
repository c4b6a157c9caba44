"""The voice: spectra to a feature."""
