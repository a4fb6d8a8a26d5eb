"""Draws the page of a drill: a table whose rows link to the calls below it."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from lastword.testing.page import render

if TYPE_CHECKING:
    from lastword.testing.outcome import Outcome

_WHERE = {
    False: "in virtual time",
    True: "in a real room, and recorded where the caller was",
}
_HEADINGS = ("failure", "heard", "after", "closed", "then", "words")


def page_of(factory: str, outcomes: list[Outcome], *, in_room: bool = False) -> str:
    """Draw the page of a drill.

    Args:
        factory: What made the sessions.
        outcomes: The calls, with their drawings.
        in_room: Whether they were made in a real room.

    Returns:
        The HTML.
    """
    well = sum(outcome.is_well for outcome in outcomes)
    heard = f"{well} of {len(outcomes)} callers heard the last words"
    rows = "".join(_row(outcome) for outcome in outcomes)
    head = "".join(f"<th>{name}</th>" for name in _HEADINGS)
    return render(
        f"The drill of {factory}",
        f"{heard}. Every call was made with stand-ins for all components, {_WHERE[in_room]}; times "
        "count from when the caller begins to wait.",
        [outcome.drawn for outcome in outcomes if outcome.drawn is not None],
        one_scale=False,
        table=f'<div class="overview"><table><tr>{head}</tr>{rows}</table></div>',
    )


def _row(outcome: Outcome) -> str:
    name = html.escape(outcome.case.name)
    cells = (
        f'<a href="#{name}">{name.replace(":", ", ")}</a>',
        outcome.heard if outcome.is_well else "nothing",
        _seconds(outcome.last_words_s),
        _seconds(outcome.closed_s),
        outcome.after or "",
        html.escape(outcome.words),
    )
    state = "well" if outcome.is_well else "ill"
    return f'<tr class="{state}">{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'


def _seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.2f} s"
