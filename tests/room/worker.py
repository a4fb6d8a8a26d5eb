"""Runs a real livekit-agents worker beside a server, in a separate process."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livekit import api

if TYPE_CHECKING:
    from typing_extensions import Self

    from lastword.testing.room.server import Server

TESTS = Path(__file__).parents[1]
START_TIMEOUT_S = 60.0
END_TIMEOUT_S = 20.0


class Worker:
    """`with Worker(server, "room.guarded_agent", "thread") as worker`.

    Args:
        server: Where it registers.
        module: A module that runs a worker, see `guarded_agent`.
        name: Its one argument, and the name by which jobs are dispatched to it.
    """

    def __init__(self, server: Server, module: str, name: str) -> None:
        self._server = server
        self._command = [sys.executable, "-m", module, name]
        self.name = name
        self._folder = tempfile.TemporaryDirectory(prefix="lastword-worker-")
        self.log_path = Path(self._folder.name) / "worker.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        path = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
        environment = {**os.environ, **self._server.environment(), "PYTHONPATH": path}
        with self.log_path.open("wb") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
                start_new_session=True,  # a group of its own, as services have
            )
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], START_TIMEOUT_S)
        if not ready or self._process.stdout.readline().strip() != b"registered":
            log_text = self.log()
            self.__exit__()
            raise RuntimeError(f"the worker did not start: {log_text}")
        return self

    def __exit__(self, *_: object) -> None:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()
        self._folder.cleanup()

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    def terminate(self) -> None:
        """Send it SIGTERM, as a roll-out does."""
        assert self._process is not None
        self._process.terminate()

    def log(self) -> str:
        """What it has written so far, the last of it."""
        return self.log_path.read_text(errors="replace")[-4000:]

    async def dispatch(self, room: str, case: str, **order: str) -> Notes:
        """Have a job run one case in a room; the answer is where it writes."""
        notes = Notes(Path(self._folder.name) / f"{room}.jsonl")
        metadata = json.dumps({"case": case, "notes": str(notes.path), **order})
        async with self._server.api() as client:
            await client.agent_dispatch.create_dispatch(
                api.CreateAgentDispatchRequest(agent_name=self.name, room=room, metadata=metadata)
            )
        return notes


class Notes:
    """What a job has told: lines of JSON, each with `at`, its `time.monotonic()`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def lines(self) -> list[dict[str, Any]]:
        """All of it so far."""
        if not self.path.exists():
            return []
        return [json.loads(line) for line in self.path.read_text().splitlines()]

    def failed_at(self) -> float:
        """When the case let its failure happen."""
        return float(next(line["at"] for line in self.lines() if "failed" in line))

    def reports(self) -> list[dict[str, Any]]:
        """The reports it was given."""
        return [line["report"] for line in self.lines() if "report" in line]
