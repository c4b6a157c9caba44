"""What writes a report and no weights, one file for each question."""
