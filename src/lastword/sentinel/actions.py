"""Writes after-actions down as plain values and reads them again: no code goes over the socket."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from lastword.session.after.actions import hang_up, leave, transfer_to
from lastword.session.after.hand_over import hand_over

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lastword.session.after.actions import After

    from .wire import Call

_MAKERS: dict[str, Callable[..., After]] = {
    "hand_over": hand_over,
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


def action_of(told: Mapping[str, Any] | None, call: Call) -> After | None:
    """Return the action that `written` wrote down.

    Args:
        told: What was written.
        call: Whose agent is handed over by default.

    Raises:
        ValueError: It is none that is known.
    """
    if told is None:
        return None
    options = {name: value for name, value in told.items() if name != "name"}
    if told.get("name") == "hand_over":
        of_job = {"agent_name": call.agent_name, "metadata": call.metadata}
        options |= {name: value for name, value in of_job.items() if options.get(name) is None}
    try:
        return _MAKERS[told["name"]](**options)
    except (KeyError, TypeError) as unknown:
        raise ValueError(f"expected an after-action, got {sorted(told)}") from unknown
