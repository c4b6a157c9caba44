"""The clip page."""
