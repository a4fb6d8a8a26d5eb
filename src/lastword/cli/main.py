"""Puts the command together and runs it; each subcommand has its own module.

Exit codes: 0 all is well, 1 something would not be heard or could not be rendered, 2 wrong use.
"""

from __future__ import annotations

import io
import sys
from typing import Annotated

import typer

from .. import __version__
from .bake import bake
from .check import check
from .drill import drill
from .inspect import inspect_files
from .languages import languages

app = typer.Typer(no_args_is_help=True, pretty_exceptions_show_locals=False)
app.command("inspect")(inspect_files)
app.command("languages")(languages)
app.command("bake")(bake)
app.command("check")(check)
app.command("drill")(drill)


def main() -> None:
    """Run the command with the arguments of the process."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # an ASCII terminal gets "?" for what it cannot show: no text here is worth a traceback
        sys.stdout.reconfigure(errors="replace")
    app(prog_name="lastword")


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - how typer calls it
    if wanted:
        typer.echo(f"lastword {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and exit.", is_eager=True, callback=_show_version
        ),
    ] = False,
) -> None:
    """Show and rehearse what callers hear when a LiveKit voice agent fails."""
