"""What a comparison is told to do, and the record of it.

- settings: all of it; tolerance_files: the tolerances; drawn_slices: which slices were drawn
- matching, matching_files: which contour is which
- provenance: what a table was made from, by what, by whom and when
"""
