"""The face: found, aligned, read."""
