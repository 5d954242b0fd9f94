"""One call from a Volume to a LabelMap."""
