"""What is read: contours, doses, cases and tables.

- contour_files: a file or folder -> ContourSet; dicom_contours, label_tables: parts of that
- dose_files: a dose and where it comes from
- cases: which patients two folders have in common
- csv_files: tables, in and out; hashes: what files are recognised by
"""
