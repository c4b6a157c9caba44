"""A session or a clip that was saved as JSON, opened again: checked, shown, corrected by hand, compared. Nothing of it is kept here."""
