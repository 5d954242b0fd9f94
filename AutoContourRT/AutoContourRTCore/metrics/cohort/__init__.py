"""Many patients, or many observers.

- cohort: one case -> rows, and all of them together (run by cohorts/evaluating.py)
- packed: the same as JSON
- summary, paired, outliers: what the rows say of a structure, of two methods, of single cases
- derived_tolerances: tolerances from several observers
"""
