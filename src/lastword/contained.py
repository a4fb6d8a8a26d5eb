"""Contains what the user's code raises, so that the caller goes on. Imports only `traces`."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from .traces import told

if TYPE_CHECKING:
    from types import TracebackType

logger = logging.getLogger("lastword")


class Contained:
    """Log what the body of a `with` raises instead of letting it out; the body must not await.

    Without an `await`, an `asyncio.CancelledError` is no cancellation of the running task: a
    handler raises one by asking a cancelled task for its result. `KeyboardInterrupt` and
    `SystemExit` propagate, since they end the process.

    Args:
        message: What to log in that case.
    """

    def __init__(self, message: str) -> None:
        self._message = message

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if error is None or isinstance(error, (KeyboardInterrupt, SystemExit)):
            return False
        logger.error("%s: %s", self._message, told(error))
        return True
