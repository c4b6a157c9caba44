"""Predictions as files that other programs open. All in memory: text in a dictionary, written by whoever asked."""
