"""What the code blocks of the documentation find: files, a module, a local provider."""

from __future__ import annotations

import ast
import asyncio
import inspect
import os
import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livekit.agents import Agent, AgentServer, AgentSession, BuiltinAudioClip, JobContext
from livekit.plugins import openai

import lastword
from audio.files import encoded, sweep
from lastword.testing import Gateway, RecordingSink, exception_of_kind, says
from voice.speech import SPEECH, spoken

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
COMMAND_LIMIT_S = 120.0

_BLOCK = re.compile(
    r"^(?P<indent> *)```(?P<language>\w+)\n(?P<code>.*?)^ *```$", re.MULTILINE | re.DOTALL
)
_TARGET = re.compile(r"^([a-z][a-z-]+):", re.MULTILINE)

SOUNDS = ("sorry.opus", "sorry.m4a", "sorry.mp3", "busy.opus", "hold.flac", "long.flac")
FORMATS = {
    "opus": ("libopus", "ogg"),
    "m4a": ("aac", "ipod"),
    "mp3": ("libmp3lame", "mp3"),
    "flac": ("flac", "flac"),
}
"""Suffix -> codec and container of FFmpeg."""

MY_AGENT = """
import os

from livekit.agents import AgentSession
from livekit.plugins import openai

import lastword

WORDS = "Sorry, we have to end this call. Please try again later."
URL = os.environ["GATEWAY"] + "/v1"


def make_tts():
    return openai.TTS(base_url=URL, api_key="none", model="tts-1", response_format="wav")


def make_session():
    session = AgentSession(llm=openai.LLM(base_url=URL, api_key="none"), tts=make_tts())
    lastword.attach(session, WORDS, after=lastword.hang_up())
    return session
"""
WORDS_TOML = """
tts = "my_agent:make_tts"
words = ["Sorry, we have to end this call. Please try again later."]
"""


@dataclass(frozen=True)
class Block:
    """One block of a page.

    Attributes:
        language: Its language.
        code: What stands in it.
        line: The line where it begins.
    """

    language: str
    code: str
    line: int


def blocks(page: Path) -> Iterator[Block]:
    """Yield the blocks of a page, in order."""
    text = page.read_text("utf-8")
    for found in _BLOCK.finditer(text):
        indent = found["indent"]
        code = "".join(
            line.removeprefix(indent) for line in found["code"].splitlines(keepends=True)
        )
        yield Block(found["language"], code, text.count("\n", 0, found.start()) + 2)


class Stage:
    """A folder and a local provider in which the blocks of one page run, one after the other.

    Args:
        folder: The working directory of the blocks.
        gateway: Answers for the LLM and the TTS.
    """

    def __init__(self, folder: Path, gateway: Gateway) -> None:
        self._folder = folder
        self._gateway = gateway
        self._sessions: list[AgentSession[Any]] = []
        gateway.script("/v1/chat/completions", says("Hello."))
        gateway.script(SPEECH, spoken())
        os.environ["GATEWAY"] = gateway.url
        (folder / "my_agent.py").write_text(MY_AGENT)
        (folder / "words.toml").write_text(WORDS_TOML)
        (folder / "sounds").mkdir()
        for name in SOUNDS:
            data = encoded(sweep(48000, 48000), 48000, *FORMATS[name.rpartition(".")[2]])
            (folder / name).write_bytes(data)
            (folder / "sounds" / name).write_bytes(data)
        self._names: dict[str, Any] = {
            # what an agent's module has imported anyway
            "lastword": lastword,
            "openai": openai,
            "AgentServer": AgentServer,
            "BuiltinAudioClip": BuiltinAudioClip,
            "JobContext": JobContext,
            "agent": Agent(instructions="You answer the phone."),
            "error": exception_of_kind("quota_exhausted", "llm"),
            "server": AgentServer(),
            "make_session": self._own_make_session,
            "ctx": None,
        }

    async def run(self, block: Block, page: Path) -> None:
        """Run a Python block, and the tests in it, statement by statement."""
        tree = ast.parse(block.code, filename=f"{page.name}:{block.line}")
        ast.increment_lineno(tree, block.line - 1)
        names = self._names
        for statement in tree.body:
            if "session" not in names or _attaches(statement):
                names["session"] = self._session()
            code = compile(
                ast.Module([statement], []), str(page), "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
            )
            result = eval(code, names)  # noqa: S307 - our own documentation
            if inspect.isawaitable(result):
                await result
        for statement in tree.body:
            if isinstance(statement, ast.AsyncFunctionDef) and statement.name.startswith("test_"):
                await names[statement.name]()

    async def command(self, line: str) -> None:
        """Run a line of a shell block, if it is one of lastword or of the Makefile."""
        words = shlex.split(line, comments=True)
        if words[:1] == ["make"]:
            targets = _TARGET.findall((ROOT / "Makefile").read_text("utf-8"))
            assert words[1] in targets, line
        if words[:1] != ["lastword"]:
            return
        if words[1] == "drill" and "--only" not in words:
            words += ["--only", "llm:auth:speaking"]  # all of them take a minute, and have tests
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", *words,
            cwd=self._folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            printed, _ = await asyncio.wait_for(process.communicate(), COMMAND_LIMIT_S)
        finally:
            if process.returncode is None:
                process.kill()
        assert process.returncode == 0, f"{line}\n{printed.decode()}"

    async def aclose(self) -> None:
        """Close the sessions that the blocks have used."""
        for session in self._sessions:
            await session.aclose()
            for component in (session.llm, session.tts):
                if component is not None:
                    await component.aclose()

    def _session(self) -> AgentSession[Any]:
        url = f"{self._gateway.url}/v1"
        session: AgentSession[Any] = AgentSession(
            llm=openai.LLM(base_url=url, api_key="none"),
            tts=openai.TTS(base_url=url, api_key="none", model="tts-1", response_format="wav"),
        )
        session.output.audio = RecordingSink()
        self._sessions.append(session)
        return session

    def _own_make_session(self) -> AgentSession[Any]:
        session = self._session()
        lastword.attach(session, after=lastword.hang_up())
        return session


def _attaches(statement: ast.stmt) -> bool:
    """Return whether a statement attaches: each alternative of a page gets a new session."""
    return any(
        isinstance(part, ast.Call) and ast.unparse(part).startswith("lastword.attach(session")
        for part in ast.walk(statement)
        if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef)
    )
