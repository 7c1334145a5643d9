"""Background jobs: requests, the queue, the process that runs one, and each kind of job.

Here: everything that changes a workspace. Not here: HTTP, answers to readers.
"""
