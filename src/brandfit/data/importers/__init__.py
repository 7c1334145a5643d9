"""Importers read a source of data, one file each; the file name is the name of the importer.

Here: reading files into rows, with rejected rows and reasons. Not here: writing to a workspace.
"""
