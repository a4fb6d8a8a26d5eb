"""Adds to the site what is written elsewhere: README, CONTRIBUTING and the like, and the reference.

mkdocs calls the functions `on_*`. What is missing is a warning, and warnings end a strict build.
"""

from __future__ import annotations

import importlib
import logging
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import griffe
from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

log = logging.getLogger("mkdocs.hooks")  # a logger of mkdocs: strict counts its warnings

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "src"))

FROM_ROOT = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changelog.md",
}
"""File in the root -> page of the site."""

REFERENCE = {
    "session": ("session.md", "Sessions and endings"),
    "failure": ("failure.md", "Failures"),
    "audio": ("sound.md", "Sound and voices"),
    "voice": ("sound.md", "Sound and voices"),
    "errors": ("errors.md", "Errors"),
}
"""Wing of the package that a public name comes from -> page and heading."""

_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#\s]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are written elsewhere."""
    pages = {page: (ROOT / name).read_text("utf-8") for name, page in FROM_ROOT.items()}
    package: Any = griffe.load("lastword", search_paths=[ROOT / "src"])
    pages |= _reference(package)
    pages["reference/command.md"] = _command()
    for page, text in pages.items():
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead links within the repository to pages of the site, or make plain words of them."""
    _ = config
    in_root = page.file.src_uri in FROM_ROOT.values()

    def mended(link: re.Match[str]) -> str:
        words, target, anchor = link[1], link[2], link[3] or ""
        if re.match(r"[a-z]+:", target):
            return link[0]
        inside = target.removeprefix("docs/") if in_root else target.removeprefix("../")
        inside = FROM_ROOT.get(inside, inside)
        is_page = inside.endswith(".md") and files.get_file_from_path(inside) is not None
        if is_page:
            return f"[{words}]({inside}{anchor})"
        if (ROOT / (target if in_root else f"docs/{target}")).exists():
            return words  # a file that the site does not have
        return link[0]  # broken: mkdocs says so

    parts = re.split(r"(^```.*?^```$)", markdown, flags=re.MULTILINE | re.DOTALL)
    return "".join(p if p.startswith("```") else _LINK.sub(mended, p) for p in parts)


def _reference(package: griffe.Module) -> dict[str, str]:
    """Return the pages of all public names, in the order of their modules."""
    pages: dict[str, str] = {}
    for name, path in sorted(_exports("lastword").items(), key=lambda item: item[1]):
        page, heading = REFERENCE[path.split(".")[1]]
        text = pages.setdefault(f"reference/{page}", f"# {heading}\n\n")
        pages[f"reference/{page}"] = f"{text}::: {_shown(package, name, path)}\n\n"
        _look_for_docstrings(package[path.partition(".")[2]], f"lastword.{name}")
    testing = package["testing"]
    text = f"# lastword.testing\n\n{testing.docstring.value}\n\n"
    for name, path in sorted(_exports("lastword.testing").items()):
        text += f"::: lastword.testing.{name}\n\n"
        _look_for_docstrings(package[path.partition(".")[2]], f"lastword.testing.{name}")
    return {**pages, "reference/testing.md": text}


def _exports(package: str) -> dict[str, str]:
    """Return the public names of a package -> the path where each is defined."""
    modules: dict[str, str] = importlib.import_module(package)._MODULES  # noqa: SLF001 - our own
    return {name: f"{package}{module}.{name}" for name, module in modules.items()}


def _shown(package: Any, name: str, path: str) -> str:
    """Return the path that a name is shown by: as users write it, unless a package is called so."""
    return f"lastword.{name}" if package[name].is_alias else path


def _look_for_docstrings(thing: Any, path: str) -> None:
    """Warn of a public name without a docstring, and of each public member without one."""
    thing = thing.final_target if thing.is_alias else thing
    if not thing.has_docstring:
        log.warning("expected a docstring for %s, got none", path)
    described = thing.docstring.value if thing.docstring else ""
    for name, member in thing.members.items() if thing.is_class else ():
        if name.startswith("_") or member.is_alias:
            continue
        is_told = member.is_attribute and f"    {name}:" in described  # under "Attributes:"
        is_value = "Enum" in {str(base).rpartition(".")[2] for base in thing.bases}
        if not (member.has_docstring or is_told or is_value):
            log.warning("expected a docstring for %s.%s, got none", path, name)


def _command() -> str:
    """Return the help of the command and of each subcommand."""
    from typer import Context  # noqa: PLC0415
    from typer.main import get_command  # noqa: PLC0415 - after the path is set

    from lastword.cli.main import app  # noqa: PLC0415

    command: Any = get_command(app)
    text = "# The command\n\n`python -m lastword` is the same command.\n\n"
    for name, one in command.commands.items():
        context = Context(one, info_name=f"lastword {name}")
        usage = " ".join(one.collect_usage_pieces(context))
        text += f"## lastword {name}\n\n{one.help}\n\n```text\nlastword {name} {usage}\n```\n\n"
        text += "| | |\n|---|---|\n"
        for parameter in one.get_params(context):
            record = parameter.get_help_record(context)
            label, help_text = record or (parameter.human_readable_name, parameter.help or "")
            text += f"| `{label}` | {help_text} |\n"
        text += "\n"
    return text
