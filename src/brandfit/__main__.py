"""The command line as ``python -m brandfit``, for environments whose scripts are not on the path."""

from brandfit.cli import main

if __name__ == "__main__":
    main()
