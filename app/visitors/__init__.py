"""Who is here, who waits, how much they may ask."""
