"""Finds and calls the functions of the user's modules that the subcommands are told to use.

Any error in such a module or function becomes a `WrongUseError` that names it.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import inspect
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lastword.bounded import ends

from .terminal import WrongUseError, foreign

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

MAKING_S = 60.0
"""How long a user's function may take, in seconds."""

CLOSING_S = 5.0
"""How long a component may take to close, in seconds."""


def find_function(name: str) -> Callable[[], Any]:
    """Import what "MODULE:FUNCTION" names; modules in the working directory are found too.

    Raises:
        WrongUseError: It is not a function that can be called without arguments.
    """
    module, _, function = name.partition(":")
    if not all(part.isidentifier() for part in [*module.split("."), *function.split(".")]):
        raise WrongUseError(
            f"expected MODULE:FUNCTION, such as my_agent:make_session, got {name!r}"
        )
    found: Any = _imported(module, name)
    for part in function.split("."):
        try:
            found = getattr(found, part)
        except Exception as error:  # noqa: BLE001 - a module's own __getattr__ may raise anything
            raise WrongUseError(
                f"expected {name!r} to name a function, {module} has none of this name "
                f"({type(error).__name__}: {error}); look at the spelling"
            ) from None
    if not callable(found):
        raise WrongUseError(
            f"expected {name!r} to be a function, it is a {type(found).__name__}; name a function "
            "that returns it"
        )
    _refuse_parameters(found, name)
    called: Callable[[], Any] = found
    return called


async def call(function: Callable[[], Any], name: str) -> Any:
    """Call a user's function, and wait for it if it is a coroutine function.

    Args:
        function: What `find_function` has found.
        name: Its "MODULE:FUNCTION", for errors.

    Raises:
        WrongUseError: It raises, exits, or takes longer than `MAKING_S`.
    """
    try:
        made = function()
    except (Exception, SystemExit, asyncio.CancelledError) as error:  # noqa: BLE001 - a user's
        raise _raised(name, error) from None
    if not inspect.isawaitable(made):
        return made
    task = asyncio.create_task(_awaited(made, name), name="lastword.factory")
    if await ends(task, timeout_s=MAKING_S):
        if task.cancelled():
            raise _raised(name, asyncio.CancelledError())
        return task.result()
    raise WrongUseError(
        f"expected {name} to return within {MAKING_S:.0f} s, it did not; make what it needs "
        "without waiting for a call"
    )


async def close_quietly(*components: Any) -> None:
    """Close components that are no longer needed; errors in closing change no result.

    Args:
        components: TTS, LLM and the like; None and objects without `aclose` are skipped.
    """
    for component in components:
        aclose = getattr(component, "aclose", None)
        if aclose is not None:
            with contextlib.suppress(Exception):
                closing = asyncio.create_task(aclose(), name="lastword.close_component")
                await ends(closing, timeout_s=CLOSING_S)


async def _awaited(made: Awaitable[Any], name: str) -> Any:
    try:
        return await made
    except (Exception, SystemExit) as error:  # noqa: BLE001 - user code; the loop would end with it
        raise _raised(name, error) from None


def _raised(name: str, error: BaseException) -> WrongUseError:
    return WrongUseError(
        f"expected {name} to return what it makes, it raised {foreign(error)}; mend it, or set in "
        "the environment what it needs"
    )


def _imported(module: str, name: str) -> Any:
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise WrongUseError(f"cannot import {module}: {foreign(error)}; install it") from None
        raise WrongUseError(
            f"expected {name!r} to name a function, there is no module {error.name!r} in "
            f"{folder} or among the installed ones; go to its folder, or install it"
        ) from None
    except SystemExit:
        raise WrongUseError(
            f"importing {module} exits the process; put what runs it behind "
            "`if __name__ == '__main__':`"
        ) from None
    except Exception as error:  # noqa: BLE001 - user code may raise anything
        raise WrongUseError(
            f"importing {module} raised {foreign(error)}; mend the module, or set in the "
            "environment what it needs"
        ) from None


def _refuse_parameters(function: Callable[..., Any], name: str) -> None:
    """Refuse a function that cannot be called without arguments, as a job's entrypoint cannot."""
    try:
        inspect.signature(function).bind()
    except TypeError:
        parameters = inspect.signature(function)
        raise WrongUseError(
            f"expected {name} to be callable without arguments, it takes {parameters}; write a "
            "function that makes and returns the session, and call it in your entrypoint too"
        ) from None
    except ValueError:  # some functions written in C do not reveal their parameters
        return


@contextlib.contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set variables of the environment while the context is open."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
