"""Commands that measure: load, peers, fuzz, soak, pictures."""
