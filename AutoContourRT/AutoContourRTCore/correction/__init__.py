"""Corrective training without a window: project on disk, annotations, logs, a simulated user."""
