"""Many patients, or many observers.

- cohort.evaluate_cohort: all cases -> rows
- summary, paired, outliers: what the rows say of a structure, of two methods, of single cases
- derived_tolerances: tolerances from several observers
"""
