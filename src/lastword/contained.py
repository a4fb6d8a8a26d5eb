"""Calls code of the user so that nothing it raises stops the caller. Imports nothing of ours."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger("lastword")


@contextmanager
def contained(what: str) -> Iterator[None]:
    """Log what the body raises instead of letting it out; the body must not await.

    Without an `await` an `asyncio.CancelledError` cancels nobody: a handler raises one by asking a
    cancelled task for its result. `KeyboardInterrupt` and `SystemExit` go on, for they end the
    process.

    Args:
        what: The name of the code that is called, for the log.
    """
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:
        logger.exception("%s raised", what)
