"""Files, devices, progress, errors: what every room needs."""
