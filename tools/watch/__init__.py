"""Watching what a program writes to and whom it asks, without rights that a test would not have."""
