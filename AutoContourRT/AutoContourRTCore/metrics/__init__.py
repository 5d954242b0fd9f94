"""Agreement of contour sets: the figures of two masks; from sets to reports in the folders.

- contours: where a mask lies; boxes, grids: two of them on one grid
- marching, borders, surfaces: their surfaces; tolerances: what a grid can tell apart
- measures, path_length, common_range, pooled, dose: the figures themselves

inputs/ <- choices/ <- compare/ <- cohort/ <- report/: each may import from those before it, and
from here; nothing here imports from them.
"""
