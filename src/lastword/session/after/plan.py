"""Decides what follows which kind of failure: reads and checks what `after=` was given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from ...failure.kinds import FailureKind
from .actions import After, hang_up

AnyAfter: TypeAlias = After | Mapping[FailureKind | None, After | None] | None
"""What `after=` takes: one action, or one for each kind of failure; None for what upstream does."""


class Plan:
    """Which action follows which kind of failure.

    Args:
        after: One action for all, a mapping whose None key is the default, or None for none.
        check: Call `check` now; a decorator runs before the worker has set the environment.

    Raises:
        TypeError: `after` is none of these.
        MissingCredentialsError: An action needs the server API and cannot reach it.
    """

    def __init__(self, after: AnyAfter, *, check: bool = True) -> None:
        given: Mapping[FailureKind | None, After | None]
        given = after if isinstance(after, Mapping) else {None: after}
        for kind, action in given.items():
            if kind is not None and kind not in set(FailureKind):
                raise TypeError(f"expected a FailureKind or None as a key of after, got {kind!r}")
            if action is not None and not isinstance(action, After):
                raise TypeError(
                    "expected leave(), hang_up(), transfer_to(...), hand_over(...), a mapping of "
                    f"these by FailureKind, or None as after; got {action!r}"
                )
        self._given = given
        self._instead = hang_up()
        if check:
            self.check()

    def check(self) -> None:
        """Make sure that every action can be run.

        Raises:
            MissingCredentialsError: One needs the server API and cannot reach it.
        """
        for action in self.actions():
            action.check()

    def for_kind(self, kind: FailureKind) -> After | None:
        """Return what follows a kind of failure, or None for nothing."""
        if kind in self._given:
            return self._given[kind]
        action = self._given.get(None)
        return action if action is None or action.helps(kind) else self._instead

    def handed_on(self) -> list[FailureKind]:
        """Return the kinds of failure after which the caller stays on the line."""
        after = {kind: self.for_kind(kind) for kind in FailureKind}
        return [kind for kind, action in after.items() if action is not None and action.hands_on]

    def actions(self) -> list[After]:
        """Return every action that may be needed, so that its message can be prepared."""
        actions = [action for action in self._given.values() if action is not None]
        if any(self.for_kind(kind) is self._instead for kind in FailureKind):
            actions.append(self._instead)
        return actions
