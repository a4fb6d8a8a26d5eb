"""How long a caller waits whose agent fails in its own code or is refused, in each turn."""

from __future__ import annotations

import asyncio

import pytest
from livekit.agents import APIStatusError

from session.broken import Broken, start, turn
from session.fakes import FakeLLM, FakeTTS
from session.scenario import Scenario
from session.virtual_time import run_virtual

pytestmark = pytest.mark.usefixtures("collected")

AT_ONCE_S = 0.2


@pytest.mark.parametrize("node", ["llm_node", "tts_node", "transcription_node"])
def test_a_node_that_raises_is_announced_at_once(node: str) -> None:
    """The third such turn in a row ends the call with the last words."""

    async def main() -> None:
        s = await start(Broken(node))
        loop = asyncio.get_running_loop()
        failed_at: list[float] = []
        s.session.on("error", lambda _: failed_at.append(loop.time()))
        for count in (1, 2, 3):
            asked_at = loop.time()
            await turn(s)
            assert len(failed_at) == count
            waited_s = failed_at[-1] - asked_at
            print(f"\n# {node}, turn {count}: {waited_s:.2f} s")  # noqa: T201 - for people, with pytest -s
            assert waited_s < AT_ONCE_S
        report = await s.closed()
        assert report.played == "full"

    run_virtual(main())


def test_a_request_that_is_refused_each_time() -> None:
    """A history that the provider does not take: the second such turn in a row is the last."""
    asked_at: list[float] = []

    def refuse() -> str:
        asked_at.append(asyncio.get_running_loop().time())
        raise APIStatusError("messages: tool call without a result", status_code=400)

    async def main() -> None:
        s = await Scenario.start(llm=FakeLLM(refuse), tts=FakeTTS())
        for _ in range(3):
            await turn(s)
        report = await s.closed()
        assert report.played == "full"
        assert s.call.events.count("error") == len(asked_at) == 2
        waited_s = s.call.times[1] - asked_at[1]
        print(f"\n# refused: {waited_s:.2f} s, in turn {len(asked_at)}")  # noqa: T201 - for people, with pytest -s
        assert waited_s < AT_ONCE_S

    run_virtual(main())
