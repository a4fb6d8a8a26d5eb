"""The policy decides about real sessions: what is counted, tolerated or ended (virtual time)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from livekit.agents import Agent, APIConnectionError, APIStatusError, tts
from livekit.agents.voice.agent_session import SessionConnectOptions

import lastword
from lastword import FailureKind
from lastword.failure.policy import Decision, History
from lastword.testing.sink import RecordingSink
from session.fakes import Call, FakeLLM, FakeTTS, clip_of, out_of_credits, overloaded
from session.virtual_time import run_virtual

if TYPE_CHECKING:
    from collections.abc import Callable

    from lastword import Failure

PAUSE_S = 30.0
"""Between two turns: all retries of the first are over."""


def failing(error: Callable[[], Exception]) -> FakeLLM:
    """An LLM that never answers."""

    def answer() -> str:
        raise error()

    return FakeLLM(answer)


async def call_with(
    llm: FakeLLM | None = None, *, voice: FakeTTS | None = None, limit: int = 3, **options: Any
) -> Call:
    """A call with its last words attached."""

    def attach(call: Call) -> None:
        lastword.attach(call.session, clip_of(0.5), **options)

    return await Call.start(
        llm=llm or FakeLLM(lambda: "Hello."),
        tts=voice or FakeTTS(),
        before_start=attach,
        conn_options=SessionConnectOptions(max_unrecoverable_errors=limit),
    )


async def turns_until_closed(call: Call, pause_s: float = PAUSE_S, most: int = 8) -> int:
    """Ask for replies, one after the other; how many it took to close, 0 if it never did."""
    for turn in range(1, most + 1):
        call.session.generate_reply(user_input="Hello?")
        await asyncio.sleep(pause_s)
        if call.closed.is_set():
            return turn
    await call.session.aclose()
    return 0


def fail_sentences(call: Call, sentences: int) -> None:
    """Sentences of the turn that is being spoken fail, each on its own."""
    voice = call.session.tts
    assert voice is not None
    for _ in range(sentences):
        error = tts.TTSError(timestamp=0.0, label="fake", error=overloaded(), recoverable=False)
        voice.emit("error", error)


@pytest.mark.parametrize("limit", [0, 1, 3])
def test_a_transient_failure_is_tolerated_up_to_the_users_limit(limit: int) -> None:
    async def main() -> None:
        call = await call_with(failing(overloaded), limit=limit)
        assert await turns_until_closed(call) == limit + 1
        assert call.events[-2:] == ["frame", "close:error"]

    run_virtual(main())


def test_a_session_that_is_started_again_has_a_clean_record() -> None:
    """A rate limit is counted through apologies, but not through a close."""

    def limited() -> Exception:
        return APIStatusError("slow down", status_code=429, body=None, retryable=True)

    async def main() -> None:
        call = await call_with(failing(limited), limit=2)
        for _ in range(2):
            assert await turns_until_closed(call) == 3
            call.closed.clear()
            call.session.output.audio = RecordingSink()
            await call.session.start(Agent(instructions="again"))
        await call.session.aclose()

    run_virtual(main())


def test_a_terminal_failure_ends_the_first_turn() -> None:
    async def main() -> None:
        assert await turns_until_closed(await call_with(failing(out_of_credits))) == 1

    run_virtual(main())


@pytest.mark.parametrize("apology", [False, True])
def test_a_broken_history_ends_the_second_turn(*, apology: bool) -> None:
    """Whether the agent's code says a word after the first, or the caller hears nothing at all."""

    def broken() -> Exception:
        said = "An assistant message with 'tool_calls' must be followed by tool messages"
        return APIStatusError(said, status_code=400, body={"message": said})

    async def main() -> None:
        call = await call_with(failing(broken), limit=7)
        if apology:
            call.session.on("error", lambda _: call.session.say("Sorry, say that again?"))
        assert await turns_until_closed(call) == 2

    run_virtual(main())


def test_the_parallel_sentences_of_one_turn_count_once() -> None:
    async def main() -> None:
        # nothing of a turn is heard: that would start the count anew
        call = await call_with(voice=FakeTTS(fault=lambda: asyncio.sleep(60.0)))
        for turn in range(1, 5):
            speech = call.session.say("One. Two. Three. Four. Five.")
            await asyncio.sleep(0.1)
            assert call.session.current_speech is speech
            fail_sentences(call, 5)
            assert call.events.count("error") == 5 * turn
            speech.interrupt(force=True)
            await asyncio.sleep(5.0)
            assert call.closed.is_set() is (turn == 4)

    run_virtual(main())


def test_a_mute_failure_ends_the_session_at_its_third_turn() -> None:
    async def main() -> None:
        call = await call_with(failing(APIConnectionError), limit=7)
        assert await turns_until_closed(call) == 3

    run_virtual(main())


def test_a_rate_limit_ends_the_session_though_an_apology_is_heard_each_time() -> None:
    async def main() -> None:
        call = await call_with(failing(lambda: APIStatusError("slow down", status_code=429)))

        def apologise(event: Any) -> None:
            if not event.error.recoverable:
                call.session.say("Sorry, one moment.")

        call.session.on("error", apologise)
        assert await turns_until_closed(call, pause_s=20.0) == 4

    run_virtual(main())


def test_a_failing_detector_ends_nothing() -> None:
    async def main() -> None:
        call = await call_with()
        error = type(
            "InterruptionDetectionError",
            (),
            {
                "type": "interruption_detection_error",
                "label": "livekit.agents.inference.interruption",
                "error": out_of_credits(),
                "recoverable": False,
            },
        )()
        for _ in range(5):
            call.session.emit("error", error)
        assert await turns_until_closed(call, most=2) == 0

    run_virtual(main())


def test_the_users_policy_decides() -> None:
    seen: list[tuple[FailureKind, int]] = []

    def patient(failure: Failure, history: History) -> Decision:
        seen.append((failure.kind, history.count))
        return Decision.LAST_WORDS if history.count > 5 else Decision.TOLERATE

    async def main() -> None:
        call = await call_with(failing(out_of_credits), policy=patient)
        assert await turns_until_closed(call) == 6

    run_virtual(main())
    assert seen == [(FailureKind.QUOTA_EXHAUSTED, count) for count in range(1, 7)]
