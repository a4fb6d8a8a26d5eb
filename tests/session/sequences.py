"""Runs a test with as many random calls as are asked for, always the same ones, without their log.

LASTWORD_SEQUENCES sets how many there are, LASTWORD_SEED which.
"""

from __future__ import annotations

import contextlib
import logging
import os
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, seed, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def sequences(count: int, first: int) -> Callable[[Any], Any]:
    """Run a test with random calls: how many and from which seed, unless the environment says."""
    count = int(os.environ.get("LASTWORD_SEQUENCES", count))
    first = int(os.environ.get("LASTWORD_SEED", first))
    settled = settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    return lambda test: seed(first)(settled(test))


@contextlib.contextmanager
def without_log() -> Iterator[None]:
    """Write no log meanwhile: thousands of scripted failures need none."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
