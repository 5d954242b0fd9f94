"""Agreement of contour sets.

- comparison.compare: two sets (LabelMap or ContourSet) -> a rows.Row per structure; pair_of: the
  two masks of one of them on the comparison grid
- signed_distances: what the surface of one contour is coloured by
- limits: pass, borderline, fail; ratings: a person's grades; matching: which contour is which
- file_comparison.compare_files, service.CompareService: the same from files, and in the worker
- cohort, summary, paired, outliers, report, cohort_files: many patients
- derived_tolerances: tolerances from several observers
- measures, surfaces, path_length, common_range, pooled, dose: the figures themselves
- analytic: shapes whose figures are known on paper
"""
