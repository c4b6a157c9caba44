"""Where somebody speaks, and what is said."""
