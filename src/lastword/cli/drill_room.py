"""Finds the server for the rooms of a drill: the user's own, or one that is started here."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from .factories import environment
from .terminal import WrongUseError, err

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lastword.testing.room.server import Access

_NAMES = ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET")


@contextlib.contextmanager
def server() -> Iterator[Access]:
    """Return access to a server, which the environment names too while the context is open.

    Raises:
        WrongUseError: The environment names half a server, or none and none can be started.
    """
    from lastword.testing.room.server import (  # noqa: PLC0415 - takes a second to import
        Access,
        NoServerError,
        Server,
        ServerError,
        must_be_built,
    )

    if os.environ.get(_NAMES[0]):
        missing = [name for name in _NAMES if not os.environ.get(name)]
        if missing:
            raise WrongUseError(
                f"expected {_NAMES[0]} with {' and '.join(_NAMES[1:])}, {' and '.join(missing)} "
                "is not set; set all three, or none to start a server here"
            )
        yield Access(*(os.environ[name] for name in _NAMES))
        return
    if must_be_built():
        err.print("building livekit-server once, about 2 min on two cores ...")
    try:
        started = contextlib.ExitStack()
        running = started.enter_context(Server())
    except NoServerError as error:
        raise WrongUseError(
            f"{error}; or set {', '.join(_NAMES)} to use a server that runs elsewhere"
        ) from None
    except ServerError as error:
        raise WrongUseError(str(error)) from None
    with started, environment(running.environment()):
        yield Access(running.url, running.api_key, running.api_secret)  # it goes to processes
