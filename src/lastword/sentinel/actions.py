"""Writes after-actions down as plain values and reads them again: no code goes over the socket."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from lastword.session.after.actions import hang_up, leave, transfer_to

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lastword.session.after.actions import After

_MAKERS: dict[str, Callable[..., After]] = {
    "hang_up": hang_up,
    "leave": leave,
    "transfer_to": transfer_to,
}
_SAID = "on_failure"
"""A message: it goes along as a sound."""


def written(action: After | None) -> dict[str, Any] | None:
    """Return an action as plain values, or None for none."""
    if action is None:
        return None
    names: list[str] = [f.name for f in fields(action)] if is_dataclass(action) else []
    options = {name: getattr(action, name) for name in names if name != _SAID}
    return {"name": action.name, **options}


def action_of(told: Mapping[str, Any] | None) -> After | None:
    """Return the action that `written` wrote down.

    Raises:
        ValueError: It is none that is known.
    """
    if told is None:
        return None
    options = {name: value for name, value in told.items() if name != "name"}
    try:
        return _MAKERS[told["name"]](**options)
    except (KeyError, TypeError) as unknown:
        raise ValueError(f"expected an after-action, got {sorted(told)}") from unknown
