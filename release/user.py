"""What a user does first, run by the Python of a clean environment: the wheel, without the sources.

    python -I user.py SOURCES SOUNDS PATHS PYTHON...

SOURCES is the folder from which nothing may come, SOUNDS one of files that last a second, PATHS the
instruction sets that the resampler is to have here, joined by commas, PYTHON how this was called.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import numpy as np
from livekit.agents import Agent, AgentSession, inference

import lastword
from lastword.audio import _native
from lastword.testing.gateway import Gateway, quota_exceeded
from lastword.testing.sink import RecordingSink

CLOSED_WITHIN_S = 60.0


def look_at_the_package(sources: Path) -> None:
    """It is the installed one, and whole."""
    package = Path(lastword.__file__).resolve().parent
    assert sources not in package.parents, f"imported from the sources: {package}"
    assert (package / "py.typed").exists()
    assert not [*package.rglob("*.c"), *package.rglob("*.pyx")], "sources in the wheel"
    assert len(lastword.bundled_languages()) >= 12


def decode(sounds: Path) -> None:
    """Every file is read at its length, and becomes frames."""
    for path in sorted(sounds.iterdir()):
        samples, sample_rate = lastword.decode(path)
        duration_s = len(samples) / sample_rate
        assert abs(duration_s - 1.0) < 0.06, (path.name, duration_s)  # MP3 has its padding
        assert 0.3 < float(np.abs(samples).max()) < 0.8, path.name  # 0.4, and what AAC adds
        assert len(lastword.Clip.load(path).frames()) in (20, 21), path.name


def run_the_command(python: list[str]) -> None:
    """The module, and the program that was installed; a folder of packages has none."""
    program = Path(sys.executable).with_name("lastword")
    for command in ([*python, "-m", "lastword"], *([[program]] if program.exists() else [])):
        for arguments in (["--version"], ["languages", "--json"]):
            done = subprocess.run([*command, *arguments], capture_output=True, check=True)
            assert done.stdout.strip(), arguments


async def fail() -> lastword.Report | None:
    """A call whose LLM has run out of credits."""
    async with Gateway() as gateway:
        gateway.script("/v1/chat/completions", quota_exceeded())
        llm = inference.LLM(
            "openai/gpt-4o-mini", base_url=f"{gateway.url}/v1", api_key="key", api_secret="s" * 32
        )
        session: AgentSession[None] = AgentSession(llm=llm)
        session.output.audio = RecordingSink()
        last_word = lastword.attach(session)
        closed = asyncio.Event()
        session.on("close", lambda _: closed.set())
        await session.start(Agent(instructions="You answer the phone."))
        session.generate_reply(user_input="hello?")
        await asyncio.wait_for(closed.wait(), CLOSED_WITHIN_S)
        return await last_word.settled()


def main() -> None:
    """Do it all; the last line of stdout says that it went well."""
    sources, sounds, paths, *python = sys.argv[1:]
    look_at_the_package(Path(sources).resolve())
    assert _native.simd_paths() == paths.split(","), _native.simd_paths()
    decode(Path(sounds))
    run_the_command(python)
    report = asyncio.run(fail())
    assert report is not None
    assert (report.played, report.closed_by) == ("full", "lastword"), report
    print(f"lastword {lastword.__version__}: {report.transcript!r} was heard")


if __name__ == "__main__":
    main()
