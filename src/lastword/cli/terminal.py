"""Writes to the terminal for every subcommand: tables, JSON, and errors of one line each."""

from __future__ import annotations

import contextlib
import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from lastword.errors import LastWordError

if TYPE_CHECKING:
    from collections.abc import Iterator

out = Console()
err = Console(stderr=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]

FAILED, WRONG_USE = 1, 2
"""Exit codes."""

_LONGEST_FOREIGN = 200


class WrongUseError(Exception):
    """The command was asked for something that cannot be done; says what to change."""


@contextlib.contextmanager
def errors_told(*, as_json: bool) -> Iterator[None]:
    """Report any error inside in one line and end the command with its exit code.

    While the work is done, what the user's own modules print goes to stderr: stdout belongs to the
    result.
    """
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    except WrongUseError as error:
        code, reason = WRONG_USE, one_line(str(error))
    except LastWordError as error:
        code, reason = FAILED, one_line(str(error))
    else:
        return
    if as_json:
        print_json({"error": reason})
    else:
        err.print(reason, style="red", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(code)


def print_json(value: Any) -> None:
    """Print a value as JSON for programs, escaped where the terminal's encoding needs it."""
    text = json.dumps(value, ensure_ascii=False, indent=1)
    try:
        text.encode(out.encoding)
    except UnicodeEncodeError:
        text = json.dumps(value, indent=1)
    typer.echo(text)


def plain(text: str) -> Text:
    """Return a text to be shown as it is: square brackets in it are not markup."""
    return Text(one_line(text))


def one_line(text: str) -> str:
    """Return a text of several lines as one line."""
    return " ".join(text.split())


def foreign(error: BaseException) -> str:
    """Describe an exception of foreign code in a few words, and say where it was raised."""
    text = one_line(str(error))
    if len(text) > _LONGEST_FOREIGN:
        text = text[: _LONGEST_FOREIGN - 3] + "..."
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = "" if trace is None else f" ({trace.tb_frame.f_code.co_filename}:{trace.tb_lineno})"
    return f"{type(error).__name__}{': ' if text else ''}{text}{where}"
