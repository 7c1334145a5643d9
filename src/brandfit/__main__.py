"""The command line as ``python -m brandfit``, where the environment's scripts are not on the path."""

from brandfit.cli import main

if __name__ == "__main__":
    main()
