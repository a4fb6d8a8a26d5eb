"""`lastword check`: tells for each kind of failure what a caller would hear, without a call."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from .factories import call, close_quietly, find_function
from .terminal import FAILED, AsJson, WrongUseError, errors_told, out, plain, print_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from lastword.session.last_word import LastWord


def check(
    factory: Annotated[
        str,
        typer.Argument(
            help="A function that attaches lastword to a session and returns either of the two.",
            metavar="MODULE:SESSION_FACTORY",
        ),
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Tell for each kind of failure what a caller would hear, and whether that is anything.

    Words are rendered as they would be in a call, or taken from where `lastword bake` left them.
    """
    with errors_told(as_json=as_json):
        rows = asyncio.run(_check(find_function(factory), factory))
    if as_json:
        print_json(rows)
    else:
        table = Table("failure", "heard", "seconds", "language", "words")
        for row in rows:
            table.add_row(
                row["kind"],
                row["source"] or "[red]nothing[/]",
                "" if row["duration_s"] is None else f"{row['duration_s']:.1f}",
                row["language"] or "",
                plain(row["transcript"] or ""),
            )
        out.print(table)
    if any(row["source"] is None for row in rows):
        raise typer.Exit(FAILED)


async def _check(function: Callable[[], Any], factory: str) -> list[dict[str, Any]]:
    from lastword._upstream import speakers  # noqa: PLC0415 - livekit-agents takes a second to import

    async with speakers.http_sessions():
        made = await call(function, factory)
        last_word = last_word_of(made, factory)
        await last_word.ready()
        sounds = last_word.would_say()
        last_word.detach()
        if made is not last_word:  # an LLM may hold a connection that it opened in advance
            await close_quietly(made.llm, made.stt, made.tts)
    return [
        {
            "kind": kind.value,
            "source": sound and sound.source,
            "duration_s": sound and round(sound.clip.duration_s, 3),
            "language": sound and sound.clip.language,
            "transcript": sound and sound.transcript,
        }
        for kind, sound in sounds.items()
    ]


def last_word_of(made: object, factory: str) -> LastWord:
    """Return the `LastWord` of what a factory has made.

    Raises:
        WrongUseError: It is neither an attached session nor a `LastWord`.
    """
    from livekit.agents import AgentSession  # noqa: PLC0415 - takes a second to import

    from lastword.session.last_word import LastWord, attached_to  # noqa: PLC0415 - the same

    if isinstance(made, LastWord):
        return made
    if not isinstance(made, AgentSession):
        raise WrongUseError(
            f"expected {factory} to return an AgentSession, or what lastword.attach() returned; it "
            f"returned a {type(made).__name__}"
        )
    last_word = attached_to(made)
    if last_word is None:
        raise WrongUseError(
            f"expected {factory} to return a session with lastword attached, it has none; call "
            "lastword.attach(session, ...) in the function"
        )
    return last_word
