"""What the service stores: jobs, keys, the audit log and annotations, and how people are erased from them.

Here: tables and files of the service. Not here: HTTP, calls of the pipeline.
"""
