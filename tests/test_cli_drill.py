"""`lastword drill` takes strangers' agents through failures, tells what was heard, and draws it."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from livekit.protocol import sip
from typer.testing import CliRunner, Result

from browser import dom_of, width_of
from lastword.cli.drill_phone import RULE, TRUNK
from lastword.cli.main import app
from lastword.testing.cases import STATES, cases_for
from testing.strangers import BUSY, WORDS

TESTS = Path(__file__).parent
COMPONENTS = ["llm", "stt", "tts"]


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> None:
    """An account at a server that is not there: nobody may be asked."""
    for name in ("LIVEKIT_URL", "LIVEKIT_INFERENCE_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("LIVEKIT_API_KEY", "devkey")
    monkeypatch.setenv("LIVEKIT_API_SECRET", "a-secret-of-at-least-thirty-two-characters")
    monkeypatch.chdir(TESTS)


def run(*arguments: str) -> Result:
    """Run the command on a wide terminal."""
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, ["drill", *arguments])


def reported(*arguments: str, code: int = 0) -> list[dict[str, Any]]:
    """Run it with `--json` and read what it prints."""
    result = run(*arguments, "--json")
    assert result.exit_code == code, result.output
    rows: list[dict[str, Any]] = json.loads(result.stdout)
    return rows


def test_one_message_is_heard_in_every_state() -> None:
    """In the agent's own voice, at once, and the session closes."""
    rows = reported("testing.strangers:words", "--only", "llm:quota_exhausted")
    assert [row["state"] for row in rows] == list(STATES)
    assert {(row["heard"], row["words"], row["origin"]) for row in rows} == {
        ("full", WORDS, "own_voice")
    }
    waited = {row["state"]: row["last_words_s"] for row in rows}
    assert waited.pop("tool") < 2.0  # nobody asks the LLM before the tool has ended
    assert all(seconds < 0.2 for seconds in waited.values()), waited
    assert all(row["closed_s"] < 10 for row in rows)
    assert {row["kind"] for row in rows} == {"quota_exhausted"}


def test_each_component_fails_while_the_agent_speaks() -> None:
    """All kinds of failure of all components, each with its words and what follows."""
    rows = reported("testing.strangers:mapping", "--only", "speaking:rate_limited",
                    "--only", "speaking:quota_exhausted", "--only", "speaking:auth")  # fmt: skip
    assert [row["component"] for row in rows] == [part for part in COMPONENTS for _ in range(3)]
    assert {row["heard"] for row in rows} == {"full"}
    by_fault = {row["fault"]: (row["words"], row["after"]) for row in rows}
    assert by_fault["rate_limited"] == (BUSY, "hang_up")
    assert by_fault["quota_exhausted"][1] == "transfer_to"
    assert by_fault["auth"][0] != WORDS  # the bundled words


def test_an_agents_own_components_are_drilled_and_its_tools_left_alone() -> None:
    """A tool of the drill runs in their place; a TTS that was never well gives a bundled clip."""
    rows = reported("testing.strangers:tools", "--only", "tool:auth", "--only", "tts:start:auth")
    assert [(row["component"], row["state"]) for row in rows] == [
        ("llm", "tool"),
        ("stt", "tool"),
        ("tts", "start"),
        ("tts", "tool"),
    ]
    assert {row["heard"] for row in rows} == {"full"}
    assert [row["origin"] for row in rows] == ["own_voice", "own_voice", "bundled", "own_voice"]
    assert {row["after"] for row in rows} == {"leave"}


def test_a_caller_who_hears_nothing_fails_the_drill() -> None:
    """Exit code 1; the table says which failure it was."""
    (row,) = reported("testing.strangers:silent", "--only", "llm:auth:idle", code=1)
    assert (row["heard"], row["words"]) == ("none", "")
    shown = run("testing.strangers:silent", "--only", "llm:auth:idle", "--only", "stt:timeout:idle")
    assert shown.exit_code == 1
    assert re.search(r"llm auth +│ idle +│ nothing", shown.stdout)
    assert re.search(r"stt timeout +│ idle +│ full", shown.stdout)
    assert "1 of 2 callers would not have heard" in shown.stdout
    assert f"words 1: {WORDS}" in shown.stdout


def test_a_model_that_answers_nothing_is_heard() -> None:
    """It raises nothing; the caller hears the last words all the same."""
    rows = reported("testing.strangers:words", "--only", "llm:empty")
    assert {row["heard"] for row in rows} == {"full"}
    assert len(rows) == 5


def test_the_page_shows_every_call(tmp_path: Path) -> None:
    """A row, a waveform, a player, the words and the moments of each; it fits a telephone."""
    page = tmp_path / "drill.html"
    shown = run("testing.strangers:words", "--only", "overloaded:idle", "--html", str(page))
    assert shown.exit_code == 0, shown.output
    assert str(page) in shown.stdout
    text = page.read_text("utf-8")
    assert not re.search(r"""(src|href)=(?!["']?(data:|#))|https?://|@import|url\(""", text)
    dom = dom_of(page, tmp_path)
    assert len(re.findall(r'data-duration="[\d.]+"', dom)) == 3
    for part in COMPONENTS:
        assert f'href="#{part}:overloaded:idle"' in dom
        assert f'id="{part}:overloaded:idle"' in dom
    assert dom.count(WORDS) == 6
    assert "3 of 3 callers heard the last words" in dom
    assert width_of(page, tmp_path, window_px=390) <= 390


def test_every_failure_in_every_state_is_in_the_plan() -> None:
    """The silent ways too; an LLM alone knows content filters."""
    names = {case.name for case in cases_for(COMPONENTS)}
    assert {"llm:hangs:thinking", "tts:empty:speaking", "stt:dies:idle", "tool:hangs:tool"} <= names
    assert "llm:content_filtered:start" in names
    assert "tts:content_filtered:start" not in names
    assert len(names) == 196


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["os:getcwd"], "returned a str"),
        (["testing.strangers:nobody"], "none of this name"),
        (["testing.strangers:words", "--only", "llm:nonsense"], "got 'nonsense'; known are"),
        (["testing.strangers:words", "--only", "tts:content_filtered"], "fits none"),
        (["testing.strangers:words", "--only", "llm:auth:idle", "--html", "/no/such/folder/x"],
         "--html"),
    ],
)  # fmt: skip
def test_wrong_use_is_told(arguments: list[str], told: str) -> None:
    """In one line, as of all commands."""
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr
    assert "Traceback" not in result.stderr


def test_a_room_needs_a_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is missing is told: half of the account, a server and what builds one, an answer."""
    calls = ("testing.strangers:words", "--room")
    monkeypatch.delenv("LIVEKIT_API_SECRET")
    assert "LIVEKIT_API_SECRET is not set; set all three" in run(*calls).stderr
    monkeypatch.delenv("LIVEKIT_URL")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("LASTWORD_CACHE", str(tmp_path))
    told = " ".join(run(*calls).stderr.split())
    assert "expected Go 1.25 or later on PATH (https://go.dev/dl/), or livekit-server" in told
    assert "or set LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET" in told
    monkeypatch.setenv("LIVEKIT_URL", "ws://127.0.0.1:1")
    monkeypatch.setenv("LIVEKIT_API_SECRET", "a-secret-of-at-least-thirty-two-characters")
    refused = run(*calls, "--only", "llm:auth:idle")
    assert refused.exit_code == 2
    assert "expected a LiveKit server at ws://127.0.0.1:1 that accepts" in refused.stderr


def test_a_call_by_telephone_is_told() -> None:
    """The requests are such as LiveKit takes, the agent is one that Python does."""
    told = run("testing.strangers:words", "--phone")
    assert told.exit_code == 0
    assert "lastword.hang_up()" in told.stdout
    for text, request in (
        (TRUNK, sip.CreateSIPInboundTrunkRequest()),
        (RULE, sip.CreateSIPDispatchRuleRequest()),
    ):
        assert text in told.stdout
        json_format.Parse(text, request)  # raises for a field that it does not know
    agent = told.stdout.partition("python drill_phone.py dev")[2].partition("\n\n")[2]
    agent = agent.partition("\n3. Call the number")[0]
    assert "from testing.strangers import words" in agent
    names = {node.id for node in ast.walk(ast.parse(agent)) if isinstance(node, ast.Name)}
    assert {"AgentServer", "break_component", "words"} <= names
