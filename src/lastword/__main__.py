"""Runs the command as `python -m lastword`, for environments without its script on the path."""

from .cli.main import main

main()
