"""What runs inside a job process of livekit-agents: a clip from `prewarm`, used by the job."""

import json
import os
from pathlib import Path

from livekit.agents import JobContext, JobProcess

from lastword import Clip
from lastword.audio import sound


def prewarm(process: JobProcess) -> None:
    """Load and prepare the clip, as an agent does before it takes calls."""
    process.userdata["clip"] = Clip.load(os.environ["LASTWORD_TEST_CLIP"])
    process.userdata["clip"].frames()


def _tell(report: dict[str, object]) -> None:
    Path(os.environ["LASTWORD_TEST_REPORT"]).write_text(json.dumps(report))


async def entrypoint(ctx: JobContext) -> None:
    """Load the same file again and tell whether anything was left to do."""
    clip = ctx.proc.userdata["clip"]
    calls: list[str] = []
    sound.Sound._prepare = lambda *_: calls.append("prepared")  # type: ignore[method-assign, assignment]
    again = Clip.load(os.environ["LASTWORD_TEST_CLIP"])
    same = again.frames()[0].data.obj is clip.frames()[0].data.obj
    report = {"frames": len(clip.frames()), "same": same, "calls": calls, "pid": os.getpid()}
    _tell(report)
    ctx.shutdown()
