"""The words: tokens to a feature."""
