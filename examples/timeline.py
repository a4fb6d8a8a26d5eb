"""Records what happened in one failing call, in readable form; both demos use it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field


@dataclass
class Timeline:
    """Moments of one call, in event-loop time.

    Attributes:
        title: What the call shows.
        moments: Each moment's name and time.
    """

    title: str
    moments: list[tuple[str, float]] = field(default_factory=list)

    def mark(self, name: str, at: float | None = None) -> None:
        """Record a moment, now or at an event-loop time."""
        self.moments.append((name, asyncio.get_running_loop().time() if at is None else at))

    def at(self, name: str) -> float | None:
        """Return when a moment first came, or None if it never did."""
        return next((at for moment, at in sorted(self.moments, key=_time) if moment == name), None)

    def since(self, start: float) -> list[tuple[str, float]]:
        """Return all moments, their times counted from an event-loop time."""
        return [(name, at - start) for name, at in self.moments]

    def show(self, zero: str) -> str:
        """Render all moments in order, each with its seconds since the moment named `zero`."""
        origin = self.at(zero)
        lines = [f"{self.title}", "-" * len(self.title)]
        for name, at in sorted(self.moments, key=_time):
            since = f"{at - origin:+9.3f} s" if origin is not None else " " * 11
            lines.append(f"  {since}  {name}")
        return "\n".join(lines)


def _time(moment: tuple[str, float]) -> float:
    return moment[1]
