"""Large folders of clips, in one process or on many machines."""
