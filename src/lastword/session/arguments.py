"""Refuses wrong arguments when they are given: what was expected, what came, and the remedy."""

from __future__ import annotations

import inspect
import math
from functools import partial
from numbers import Real
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def check_seconds(name: str, value: object, *, zero: bool) -> None:
    """Make sure that an argument is a finite number of seconds.

    Args:
        name: The argument.
        value: What was given for it.
        zero: Whether 0 is in the range.

    Raises:
        TypeError: It is not a number.
        ValueError: It is out of range or not finite.
    """
    wanted = f"expected {name} as a number of seconds {'of 0 or more' if zero else 'above 0'}"
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{wanted}, got {value!r} ({type(value).__name__}); pass a float")
    if not math.isfinite(value) or value < 0 or (value == 0 and not zero):
        raise ValueError(f"{wanted}, finite, got {value}; leave it out for the default")


def check_flag(name: str, value: object) -> None:
    """Make sure that an argument is True or False.

    Raises:
        TypeError: It is something else.
    """
    if not isinstance(value, bool):
        raise TypeError(f"expected {name} as True or False, got {value!r}; pass one of the two")


def check_function(name: str, value: object, *arguments: str, may_be_async: bool) -> None:
    """Make sure that a function accepts the arguments that it will be called with.

    Args:
        name: The argument.
        value: What was given for it; None is accepted.
        *arguments: Names of the arguments that it will get, for the message.
        may_be_async: Whether what it returns is awaited.

    Raises:
        TypeError: It does not accept these, or is asynchronous where that is not allowed.
    """
    if value is None:
        return
    wanted = f"expected {name} as a function of ({', '.join(arguments)})"
    if not callable(value):
        raise TypeError(f"{wanted} or None, got {value!r}; pass the function itself")
    try:
        inspect.signature(value).bind(*arguments)
    except ValueError:
        return  # a builtin that does not show its signature
    except TypeError as error:
        raise TypeError(f"{wanted}, got {value!r}, which does not take them: {error}") from None
    if not may_be_async and is_async(value):
        raise TypeError(
            f"{wanted} that returns its answer, got {value!r}, which is asynchronous; write it "
            "with def instead of async def"
        )


def is_async(function: Callable[..., Any]) -> bool:
    """Return whether the result of a function has to be awaited, as far as can be seen."""
    while isinstance(function, partial):
        function = function.func
    function = inspect.unwrap(function)
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - of an object of a class of its own
    )
