"""Agreement of contour sets."""
