"""Wrong use of the command is told in one line with its remedy, never in a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from lastword.cli import factories
from lastword.cli.main import app

if TYPE_CHECKING:
    from pathlib import Path

MODULE = """
import asyncio, sys
from livekit.agents import AgentSession
import lastword

print("a module may print what it likes")

def session():
    print("a function too")
    return AgentSession()

def last_word():
    return lastword.attach(AgentSession(), None)

def text():
    return "a text"

def raises():
    raise KeyError("OPENAI_API_KEY")

def raises_ours():
    lastword.attach(AgentSession(), "missing.wav")

async def raises_later():
    raise ValueError("two\\nlines")

def exits():
    sys.exit("bye")

async def exits_later():
    sys.exit("bye")

async def is_cancelled():
    raise asyncio.CancelledError

async def hangs():
    await asyncio.get_running_loop().create_future()

def entrypoint(job):
    pass

class Factory:
    def __call__(self, job):
        pass

number = 7
with_call = Factory()
"""
MODULES = {
    "maker": MODULE,
    "exits_when_imported": "import sys; sys.exit(2)",
    "raises_when_imported": "1 / 0",
    "broken": "def f(:",
    "imports_what_is_missing": "import no_such_package",
}
FILES = {
    "unknown.toml": 'voice = "x"',
    "one_text.toml": 'tts = "maker:text"\nwords = "Bye now"',
    "numbers.toml": 'tts = "maker:text"\nwords = ["Bye now", 5]',
    "table.toml": 'tts = "maker:text"\nwords = {a = 1}',
    "tts_is_a_number.toml": 'tts = 5\nwords = ["Bye now"]',
    "tts_is_a_text.toml": 'tts = "maker:text"\nwords = ["Bye now"]',
    "without_words.toml": 'tts = "maker:text"',
    "without_tts.toml": 'words = ["Bye now"]',
    "files_are_a_text.toml": 'files = "sorry.mp3"',
    "words_and_files.toml": 'words = ["Bye now"]\nfiles = ["sorry.mp3"]',
    "broken.toml": "tts = ",
}


@pytest.fixture
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory with modules and orders in it."""
    for name, code in MODULES.items():
        (tmp_path / f"{name}.py").write_text(code)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "latin.toml").write_bytes(b'words = ["\xe4"]')
    (tmp_path / "folder.toml").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for name in MODULES:
        monkeypatch.delitem(sys.modules, name, raising=False)


WRONG = {
    # what is named
    "check maker": "expected MODULE:FUNCTION",
    "check :session": "expected MODULE:FUNCTION",
    "check maker:": "expected MODULE:FUNCTION",
    "check maker:missing": "none of this name",
    "check maker:session.inner": "none of this name",
    "check maker:number": "it is a int",
    "check no.such.module:session": "there is no module 'no'",
    "check .maker:session": "expected MODULE:FUNCTION",
    "check folder/maker.py:session": "expected MODULE:FUNCTION",
    # what happens when it is imported
    "check exits_when_imported:f": "__main__",
    "check raises_when_imported:f": "ZeroDivisionError",
    "check broken:f": "SyntaxError",
    "check imports_what_is_missing:f": "install it",
    # what it does
    "check maker:raises": "KeyError: 'OPENAI_API_KEY' (",
    "check maker:raises_ours": "ClipNotFoundError",
    "check maker:raises_later": "ValueError: two lines",
    "check maker:exits": "SystemExit: bye",
    "check maker:exits_later": "SystemExit: bye",
    "check maker:is_cancelled": "CancelledError",
    "check maker:hangs": "return within",
    "check maker:entrypoint": "it takes (job)",
    "check maker:with_call": "it takes (job)",
    # what it returns
    "check os:getcwd": "returned a str",
    "check maker:text": "returned a str",
    "check maker:session": "lastword.attach(session, ...)",
    "bake maker:text -t Bye": "returned a str",
    "bake maker:session -t Bye": "returned a AgentSession",
    # what is to be rendered
    "bake maker:text": "--text",
    "bake missing.toml": "missing.toml",
    "bake folder.toml": "folder.toml",
    "bake latin.toml": "latin.toml",
    "bake broken.toml": "broken.toml",
    "bake unknown.toml": "got also voice",
    "bake one_text.toml": "a list of texts",
    "bake numbers.toml": "a list of texts",
    "bake table.toml": "a list of texts",
    "bake tts_is_a_number.toml": "got 5",
    "bake tts_is_a_text.toml": "returned a str",
    "bake without_words.toml": "--text",
    "bake files_are_a_text.toml": "a list of texts",
    "bake words_and_files.toml": "got none",
    "bake without_tts.toml": "got none",
}


@pytest.mark.usefixtures("_here")
@pytest.mark.parametrize("line", WRONG)
def test_wrong_use_is_one_line(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With exit code 2 and the reason: on stderr, or as JSON on stdout and nothing else there."""
    monkeypatch.setattr(factories, "MAKING_S", 0.05)
    plain = CliRunner().invoke(app, line.split())
    assert plain.exit_code == 2, plain.output
    assert plain.stdout == ""
    *printed, reason = plain.stderr.splitlines()
    assert WRONG[line] in reason
    # rich before 14.3 ends what it showed for a while with an empty line
    assert {*filter(None, printed)} <= {"a module may print what it likes", "a function too"}
    as_json = CliRunner().invoke(app, [*line.split(), "--json"])
    assert (as_json.exit_code, [*json.loads(as_json.stdout)]) == (2, ["error"])
    assert WRONG[line] in json.loads(as_json.stdout)["error"]


def test_an_unknown_command_is_wrong_use() -> None:
    """So is a command without its argument."""
    for line in (["nonsense"], ["inspect"], ["check"], ["bake"], ["inspect", "--nonsense"]):
        result = CliRunner().invoke(app, line)
        assert (result.exit_code, result.stdout) == (2, "")


def test_a_keyboard_is_no_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard input must be piped in; a terminal would wait for ever."""
    runner = CliRunner()
    monkeypatch.setattr("lastword.cli.inspect._is_piped", lambda: False)
    result = runner.invoke(app, ["inspect", "-"])
    assert result.exit_code == 2
    assert "pipe" in result.stderr


# --- real processes ------------------------------------------------------------------------------


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "lastword", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        errors="surrogateescape",
        timeout=120,
        check=False,
    )


ASCII = {"LANG": "C", "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}


def test_a_terminal_that_knows_ascii_alone(tmp_path: Path) -> None:
    """It gets what it can show, and JSON whole."""
    (tmp_path / "grüße.txt").write_text("no sound")
    shown = run("languages", **ASCII)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "Entschuldigung" in shown.stdout
    listed = run("languages", "--json", **ASCII)
    assert json.loads(listed.stdout) == json.loads(run("languages", "--json").stdout)
    refused = run("inspect", str(tmp_path / "grüße.txt"), **ASCII)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "Traceback" not in refused.stderr
    assert run("--help", **ASCII).returncode == 0


def test_a_name_that_is_no_text_is_told(tmp_path: Path) -> None:
    """A file name of bytes that are no UTF-8."""
    name = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.wav")
    refused = run("inspect", name, "--json")
    assert (refused.returncode, json.loads(refused.stdout)["file"]) == (1, name)


def test_the_version_is_told() -> None:
    """On stdout, with exit code 0."""
    shown = run("--version")
    assert (shown.returncode, shown.stdout.split()[0]) == (0, "lastword")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_the_command(shell: str) -> None:
    """The script that is installed asks the command for what fits."""
    # without it, the option takes no value: it asks which shell the tests were started from
    named = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    script = run("--show-completion", shell, **named)
    assert script.returncode == 0, script.stderr
    assert "_LASTWORD_COMPLETE" in script.stdout
    asked = {"_LASTWORD_COMPLETE": "complete_bash", "COMP_WORDS": "lastword in", "COMP_CWORD": "1"}
    assert run(**asked).stdout.split() == ["inspect"]


def test_json_stays_json_whatever_a_decoder_prints(tmp_path: Path) -> None:
    """A damaged SDS file: libsndfile 1.2.2 prints two lines for each of its blocks."""
    header = bytes.fromhex("f07e0001 0000 10 102700 7f0000 000000 000000 7f f7")
    first = bytes.fromhex("f07e000200") + b"\x01" * 122
    (tmp_path / "broken.sds").write_bytes(header + first + b"\x01" * 127 * 50)
    found = run("inspect", str(tmp_path / "broken.sds"), "--json")
    assert json.loads(found.stdout)["file"].endswith("broken.sds")
