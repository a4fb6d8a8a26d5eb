"""Checks that a count is an integer, of whatever integer type."""

from __future__ import annotations

import operator


def count(name: str, value: int, unit: str) -> int:
    """Return a count as a plain `int`.

    Args:
        name: Name of the argument, for the message.
        value: Any integer, numpy's too.
        unit: What it counts, for the message.

    Raises:
        TypeError: It is not an integer.
    """
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(
            f"{name}: expected an integer in {unit}, got {value!r}; round it first"
        ) from None
