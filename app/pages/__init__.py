"""What a visitor sees: each page's Python beside its markup, scripts and style."""
