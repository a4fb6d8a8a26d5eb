"""Every failure that the plugins are tried with, and which way each recorded case takes.

A case takes the wire if a real plugin can be made to ask a local server for it; any other is raised
in the base class of livekit-agents.
"""

from __future__ import annotations

from failure.recorded import CASES
from failure.wires import llm, realtime, stt, tts

WIRES = {**llm.WIRES, **realtime.WIRES, **stt.WIRES, **tts.WIRES}
"""Name -> failure on the wire; a recorded case has its id as name."""

RAISED = {
    "llm-wrapped-after-retries": "livekit-agents itself wraps the last error after all retries, "
    "which the tap does not let a terminal one come to",
}
"""Id of a recorded case -> why no wire leads to it."""

WAYS = {case["id"]: "raised" if case["id"] in RAISED else "wire" for case in CASES}
"""Id of a recorded case -> the way it takes."""
