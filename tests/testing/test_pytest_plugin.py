"""The plugin works as the documentation shows it, with pytest-asyncio and with anyio."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGIN = "lastword.testing.pytest_plugin"

FAILING = """
import pytest
import lastword
from livekit.agents import AgentSession, inference

def make_session(message="Goodbye."):
    account = {"api_key": "key", "api_secret": "a secret of at least thirty-two characters"}
    session = AgentSession(llm=inference.LLM("openai/gpt-4o-mini", **account))
    lastword.attach(session, message)
    return session

@pytest.mark.asyncio
@pytest.mark.outage("llm", "auth")
async def test_other_words(lastword_call):
    async with lastword_call(make_session) as call:
        await call.says("hello?")
        await call.closed()
    call.assert_heard("no such words", within_s=0.2)

@pytest.mark.asyncio
@pytest.mark.outage("llm", "auth")
async def test_nothing_is_said(lastword_call):
    async with lastword_call(lambda: make_session(None)) as call:
        await call.says("hello?")
        await call.closed()
    call.assert_heard()

@pytest.mark.asyncio
async def test_nothing_is_broken(lastword_call):
    async with lastword_call(make_session) as call:
        call.assert_closed(after="hang_up")

@pytest.mark.outage("llm", "auth")
def test_without_the_fixture():
    pass

@pytest.mark.asyncio
@pytest.mark.outage("llm")
async def test_half_a_marker(lastword_call):
    pass

@pytest.mark.asyncio
async def test_the_others(lastword_gateway, lastword_sink):
    async with lastword_gateway as gateway:
        assert gateway.url
    assert lastword_sink.heard_s == 0
"""


# It has been seen to abort the process at its exit on Python 3.13, which has the newest packages;
# livekit-agents 1.4 loads it in any session.
NOTHING_NATIVE = """
from livekit.rtc._ffi_client import FfiClient

def pytest_sessionfinish():
    assert getattr(FfiClient, "_instance", None) is None, "livekit's native client was loaded"
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in a folder of its own, with the plugin and none of the project's settings."""
    installed = any(
        entry.value == PLUGIN for entry in importlib.metadata.entry_points(group="pytest11")
    )
    plugin = () if installed else ("-p", PLUGIN)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--strict-markers", *plugin, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "PY_COLORS": "0"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def documented() -> str:
    """The file of the documentation, as it stands."""
    page = (ROOT / "docs" / "rehearsal.md").read_text()
    found = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("runner", ["asyncio", "anyio"])
def test_the_documented_file_runs(tmp_path: Path, runner: str) -> None:
    """With both of the plugins that run coroutine functions."""
    code = documented().replace("mark.asyncio", f"mark.{runner}")
    if runner == "anyio":
        code += '\n\n@pytest.fixture\ndef anyio_backend():\n    return "asyncio"\n'
    (tmp_path / "test_agent.py").write_text(code)
    if sys.version_info >= (3, 11):
        (tmp_path / "conftest.py").write_text(NOTHING_NATIVE)
    off = ("-p", "no:asyncio") if runner == "anyio" else ()
    done = run(tmp_path, *off)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 passed" in done.stdout
    assert (tmp_path / "heard.wav").stat().st_size > 10000


def test_an_assertion_says_what_was_heard(tmp_path: Path) -> None:
    """And a marker that is wrong or of no use is refused."""
    (tmp_path / "test_agent.py").write_text(FAILING)
    done = run(tmp_path, "--tb=short")
    assert done.returncode == 1, done.stdout + done.stderr
    said = " ".join(done.stdout.split())
    assert "expected the words 'no such words' within 0.2 s, heard" in said
    assert "the words 'Sorry" in said  # a bundled clip: the session has no voice of its own
    assert "expected sound within 0.5 s, heard 0.0 s of sound; report: Report(" in said
    assert "expected the session to be closed and hang_up to follow, it is open; heard 0.0" in said
    assert "expected the test to use it" in said
    assert 'expected @pytest.mark.outage("llm", "quota_exhausted"' in said
    assert "1 passed" in said


def test_the_plugin_costs_nothing_unused() -> None:
    """It brings neither livekit nor numpy into a test run."""
    code = f"import sys, {PLUGIN}; print([m for m in sys.modules if m in ('livekit', 'numpy')])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_the_plugin_is_announced() -> None:
    """So that pytest finds it where lastword is installed."""
    assert f'lastword = "{PLUGIN}"' in (ROOT / "pyproject.toml").read_text()
