"""Figures, calibration and fixed rules, from arrays alone."""
