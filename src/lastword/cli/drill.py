"""`lastword drill`: takes a session through every failure and reports what a caller heard."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import Progress
from rich.table import Table

from .drill_phone import by_hand
from .drill_room import server
from .terminal import (
    FAILED,
    AsJson,
    WrongUseError,
    err,
    errors_told,
    out,
    plain,
    print_json,
)

if TYPE_CHECKING:
    from lastword.testing.cases import Case
    from lastword.testing.outcome import Outcome


_IN_ROOM = "quota_exhausted:speaking"  # calls in a room take as long as they last
_COLUMNS = ("failure", "while", "heard", "after", "closed", "then", "words")


def drill(
    factory: Annotated[
        str,
        typer.Argument(
            help="A function that makes a session with lastword attached; it returns the session, "
            "or (session, agent).",
            metavar="MODULE:SESSION_FACTORY",
        ),
    ],
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="Only some failures: words with colons between, such as llm, tts:hangs, "
            "llm:auth:speaking; may be given several times.",
            metavar="WORDS",
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write a page on which every call is seen and heard.")
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, help="Processes; one per core if not given."),
    ] = None,
    *,
    room: Annotated[
        bool,
        typer.Option(
            "--room",
            help="Make the calls in a real room, at LIVEKIT_URL or on a livekit-server that is "
            f"started here, and record the far end. Without --only: {_IN_ROOM}.",
        ),
    ] = False,
    phone: Annotated[
        bool,
        typer.Option("--phone", help="Print how to do it by hand, with a telephone; call nobody."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take a session through every failure of every component in every state of a call.

    No provider is asked: the components that are well are stand-ins, and time is virtual. Exit code
    1 says that some caller would not have heard the last words.
    """
    if phone:
        typer.echo(by_hand(factory))
        return
    with errors_told(as_json=as_json), contextlib.ExitStack() as stack:
        from . import drilling  # noqa: PLC0415 - `--help` needs no processes

        access = stack.enter_context(server()) if room else None
        components = drilling.look_at(factory)
        cases = _chosen(components, only or ([_IN_ROOM] if room else []))
        outcomes: dict[Case, Outcome] = {}
        with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
            task = progress.add_task("drilling", total=len(cases))
            for outcome in drilling.run_all(
                factory,
                cases,
                jobs=jobs or os.cpu_count() or 1,
                draw=html is not None,
                access=access,
            ):
                outcomes[outcome.case] = outcome
                progress.advance(task)
        ordered = [outcomes[case] for case in cases]
        if html is not None:
            _write_page(html, factory, ordered, in_room=room)
    if as_json:
        print_json([_row(outcome) for outcome in ordered])
    else:
        _show(ordered, html)
    if not all(outcome.is_well for outcome in ordered):
        raise typer.Exit(FAILED)


def _chosen(components: list[str], only: list[str]) -> list[Case]:
    """Choose the cases that match any of the words."""
    from lastword.testing.cases import cases_for  # noqa: PLC0415 - takes a second to import

    cases = cases_for(components)
    known = sorted({part for case in cases for part in case.name.split(":")})
    for words in only:
        unknown = [word for word in words.split(":") if word not in known]
        if unknown:
            raise WrongUseError(
                f"expected --only with words of failures of this session, got {unknown[0]!r}; "
                f"known are {', '.join(known)}"
            )
    wanted = [{*words.split(":")} for words in only] or [set()]
    chosen = [case for case in cases if any(words <= {*case.name.split(":")} for words in wanted)]
    if not chosen:
        raise WrongUseError(
            f"expected --only to fit a failure, {', '.join(only)} fits none; all of its words must "
            "belong to one failure, such as llm:auth:speaking"
        )
    return chosen


def _row(outcome: Outcome) -> dict[str, Any]:
    case = outcome.case
    return {
        "component": case.component,
        "fault": case.fault,
        "state": case.state,
        "heard": outcome.heard,
        "words": outcome.words,
        "origin": outcome.origin,
        "last_words_s": _rounded(outcome.last_words_s),
        "closed_s": _rounded(outcome.closed_s),
        "after": outcome.after,
        "kind": outcome.told_as,
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _show(outcomes: list[Outcome], html: Path | None) -> None:
    """Print a row for each fault of a component; states with the same outcome share one."""
    table = Table(*_COLUMNS)
    for column in table.columns:
        column.no_wrap = column.header != "while"
    table.columns[1].min_width = 12
    numbers: dict[str, int] = {}  # the words are listed below: they are few and long
    for alike in _grouped(outcomes):
        first, states = alike[0], ", ".join(outcome.case.state for outcome in alike)
        if first.words:
            numbers.setdefault(first.words, len(numbers) + 1)
        table.add_row(
            f"{first.case.component} {first.case.fault}",
            "any" if len(alike) == _num_states() else states,
            first.heard if first.is_well else "[red]nothing[/]",
            _longest([outcome.last_words_s for outcome in alike]),
            _longest([outcome.closed_s for outcome in alike]),
            first.after or "",
            str(numbers.get(first.words, "")),
        )
    out.print(table)
    out.print(
        "after, closed: how long the caller waits for the words and for the end, the longest time"
    )
    for words, number in numbers.items():
        out.print(plain(f"words {number}: {words}"))
    lost, asked = sum(not outcome.is_well for outcome in outcomes), len(outcomes)
    told = f"{lost} of {asked} callers would not have heard the last words."
    out.print(told if lost else f"All {asked} callers would have heard the last words.")
    if html is not None:
        out.print(f"A page to see and hear them: {html}", markup=False, highlight=False)


def _grouped(outcomes: list[Outcome]) -> list[list[Outcome]]:
    groups: dict[tuple[object, ...], list[Outcome]] = {}
    for one in outcomes:
        key = (one.case.component, one.case.fault, one.heard, one.words, one.after)
        groups.setdefault(key, []).append(one)
    return list(groups.values())


def _num_states() -> int:
    from lastword.testing.cases import STATES  # noqa: PLC0415 - takes a second to import

    return len(STATES)


def _longest(seconds: list[float | None]) -> str:
    known = [value for value in seconds if value is not None]
    return f"{max(known):.1f} s" if len(known) == len(seconds) else "never"


def _write_page(path: Path, factory: str, outcomes: list[Outcome], *, in_room: bool) -> None:
    from .drill_page import page_of  # noqa: PLC0415 - `--help` draws nothing

    try:
        path.write_text(page_of(factory, outcomes, in_room=in_room), encoding="utf-8")
    except OSError as error:
        raise WrongUseError(
            f"expected --html to name a file that can be written, got {str(path)!r}: "
            f"{error.strerror}; name another one"
        ) from None
