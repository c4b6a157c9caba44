"""Predictions as files that other programs open. All in memory: text in a dictionary, written by whoever asked."""

# Of a record as JSON, a file's or a session's. It grows with a change after which a program that reads it may have to change, too.
SCHEMA_VERSION = "1"
