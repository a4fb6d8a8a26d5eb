"""Programs that a test needs beside Python: without one it is skipped, except in CI."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest


def needs(name: str, package: str) -> str:
    """Return the path of a program.

    Args:
        name: How it is called.
        package: The package of Debian that it comes with.
    """
    found = shutil.which(name)
    if found is None:
        unavailable(f"{name} is missing: apt-get install {package}")
    return found


def unavailable(what: str) -> NoReturn:
    """Skip the test and say what it lacks; in CI, which installs everything, fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)
