"""Runs the command line as ``python -m brandfit``, for environments where ``brandfit`` is not on PATH."""

from brandfit.cli import main

if __name__ == "__main__":
    main()
