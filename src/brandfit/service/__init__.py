"""The service: a REST API and pages over the pipeline. Thin: no numerics here."""
