"""One harness for all fusion models: same data, same masks, same budget, chosen on validation data."""
