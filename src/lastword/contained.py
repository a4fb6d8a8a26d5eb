"""Calls code of the user so that nothing it raises stops the caller. Imports `traces` alone."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from .traces import told

if TYPE_CHECKING:
    from types import TracebackType

logger = logging.getLogger("lastword")


class Contained:
    """Log what the body of a `with` raises instead of letting it out; the body must not await.

    Without an `await` an `asyncio.CancelledError` cancels nobody: a handler raises one by asking a
    cancelled task for its result. `KeyboardInterrupt` and `SystemExit` go on, for they end the
    process.

    Args:
        message: What the log is to say then.
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
