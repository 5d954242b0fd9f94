"""Two contour sets of one patient.

- comparison.compare: two sets -> a Row per structure; structure: one of them
- columns, rows: every figure that there is, and how it is written
- limits: pass, borderline, fail; ratings: a person's grades
- file_comparison.compare_files, service.CompareService: the same from files, and in the worker
- parallel: structures on threads
"""
