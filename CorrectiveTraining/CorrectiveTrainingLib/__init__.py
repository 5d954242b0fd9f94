"""Corrective training in Slicer: nodes, views, keys and panels around a project of Core."""
