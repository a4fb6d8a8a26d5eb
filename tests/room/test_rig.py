"""The rig itself: what a plain session says in a room is heard, and the analyser reads it right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from livekit.agents import AgentSession

from lastword.testing.room.agent import joined
from lastword.testing.room.caller import Caller
from lastword.testing.room.recording import RATE
from room.call import frames, running
from room.sweep import find_sweep, sweep, tone

if TYPE_CHECKING:
    from lastword.testing.room.recording import Samples
    from lastword.testing.room.server import Server


def quiet(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.float32)


def test_the_analyser_reads_a_whole_sweep() -> None:
    """A sweep between silences is one run of 3 s that begins where it was put."""
    heard = find_sweep(np.concatenate([quiet(0.5), sweep(), quiet(0.5)]))
    assert heard.times == 1
    assert heard.seconds == pytest.approx(3.0, abs=0.02)
    assert heard.runs[0].at_s == pytest.approx(0.5, abs=0.01)


def test_the_analyser_sees_what_is_missing() -> None:
    """A cut start, a cut end, a hole and a second playing are told apart."""
    cut = find_sweep(np.concatenate([quiet(0.2), sweep()[: 2 * RATE], quiet(0.2)]))
    assert cut.runs[0].last_s == pytest.approx(2.0, abs=0.02)
    late = find_sweep(np.concatenate([quiet(0.2), sweep()[RATE:], quiet(0.2)]))
    assert late.runs[0].first_s == pytest.approx(1.0, abs=0.02)
    holed = sweep()
    holed[RATE : RATE + RATE // 2] = 0
    assert find_sweep(holed).seconds == pytest.approx(2.5, abs=0.05)
    assert find_sweep(np.concatenate([sweep(), quiet(1), sweep()])).times == 2
    begun_anew = find_sweep(np.concatenate([sweep()[:RATE], sweep()]))
    assert (begun_anew.times, round(begun_anew.seconds, 1)) == (2, 3.0)


def test_the_analyser_forgives_a_late_machine() -> None:
    """Pieces of 50 ms with gaps between them, each stretched a little, are one sweep."""
    piece = RATE // 20
    whole = sweep()
    stuttered = [
        part
        for start in range(0, len(whole), piece)
        for part in (whole[max(0, start - piece // 2) : start + piece], quiet(0.25))
    ]
    heard = find_sweep(np.concatenate(stuttered))
    assert (heard.times, round(heard.seconds, 1)) == (1, 3.0)


def test_the_analyser_ignores_other_sounds() -> None:
    """Silence, a high tone and noise hold no sweep."""
    rng = np.random.default_rng(7)
    noise = rng.normal(0, 0.1, 2 * RATE).astype(np.float32)
    assert find_sweep(np.concatenate([quiet(1), tone(4000, 1), noise])).times == 0


async def test_what_a_session_says_is_heard(server: Server, room_name: str) -> None:
    """A plain session says a sweep; the caller hears it once, to the end."""
    async with Caller(server, room_name) as caller, joined(server, room_name) as room:
        async with running(AgentSession(), room) as run:
            speech = run.session.say("a sweep", audio=frames(sweep()))
            await speech.wait_for_playout()
            await caller.until_quiet()  # the last of it is still in the caller's jitter buffer
            await caller.until(lambda: bool(caller.shown), 5)
        heard = find_sweep(caller.recording().samples())
    assert heard.times == 1
    assert heard.seconds >= 2.8  # a track that has never carried sound loses up to 0.1 s
    assert [s.text for s in caller.shown] == ["a sweep"]
