"""A session's snapshots for other programs: instruments, recorders, sketches."""
