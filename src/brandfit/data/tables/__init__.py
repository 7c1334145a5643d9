"""Tables that people and tools write: which table a sheet is, what its columns mean, records of its rows.

Here: columns by their names and values, and rows to records. Not here: files and their forms
(``data.sheets``), and cells (``data.cells``).
"""
