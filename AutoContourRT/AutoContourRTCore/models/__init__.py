"""Model files: what they hold, where they live, how they come in and out."""
