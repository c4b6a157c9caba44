"""The lab page and its parts."""
