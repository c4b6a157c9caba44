"""Tables from JSON reports."""
