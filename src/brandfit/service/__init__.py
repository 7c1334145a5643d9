"""The service: a REST API and pages over the pipeline.

Here: requests, access, jobs, pages. Not here: numerics, training in the process that answers requests.
"""
