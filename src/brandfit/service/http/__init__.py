"""HTTP for API and pages: middleware, errors, access, dependencies of routes, uploads, and the server.

Here: requests and responses. Not here: routes, calls of the pipeline.
"""
