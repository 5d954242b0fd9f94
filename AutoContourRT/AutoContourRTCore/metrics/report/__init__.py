"""Pages and tables for people.

- report: the page of a cohort; html_page, svg_plots: what it is built of
- cohort_files: everything that is written about a cohort
- analytic: shapes whose figures are known on paper, and the page that shows them
"""
