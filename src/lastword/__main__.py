"""Runs the command as `python -m lastword`, for environments without its script on the path."""

from .cli.main import main

if __name__ == "__main__":  # the workers of `drill` import this module too
    main()
