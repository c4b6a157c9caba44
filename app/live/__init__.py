"""A visitor's session: what comes in, the loop, what is shown."""
