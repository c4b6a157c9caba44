"""Who is here, who waits, and what one visit holds: it dies with its token."""
