"""The decision on each failure follows the table of `policy` and counts as livekit-agents does."""

import inspect
import logging

import pytest
from livekit.agents import AgentSession

from lastword import Failure, FailureKind
from lastword.failure.kinds import Component
from lastword.failure.policy import (
    COUNTED,
    COUNTED_BEFORE_1_6,
    REMEMBERED,
    Decision,
    History,
    Tally,
    default_policy,
)

TERMINAL = [
    FailureKind.QUOTA_EXHAUSTED,
    FailureKind.AUTH,
    FailureKind.MODEL_UNAVAILABLE,
    FailureKind.ACCOUNT_DISABLED,
    FailureKind.CONTEXT_OVERFLOW,
]
AT_ONCE = [FailureKind.DEAD_AIR]
"""Kinds that end a session although a later turn might pass: the caller has waited long enough."""
COUNTING: list[Component] = ["llm", "tts", "stt"]
LAST_WORDS, TOLERATE = Decision.LAST_WORDS, Decision.TOLERATE


def failure(
    kind: FailureKind = FailureKind.OVERLOADED,
    component: Component = "llm",
    *,
    terminal: bool = False,
    mute: bool = False,
    reason: str = "",
) -> Failure:
    return Failure(
        kind, terminal=terminal, retryable=False, component=component, mute=mute, reason=reason
    )


class Call:
    """A tally with a clock of its own: each failure comes one second after the other."""

    def __init__(self, tally: Tally | None = None, limit: int = 3) -> None:
        self.tally = tally or Tally()
        self.limit = limit
        self.now_s = 0.0

    def fails(self, what: Failure, turn: str | None = None, after_s: float = 1.0) -> Decision:
        self.now_s += after_s
        return self.tally.decide(
            what, now_s=self.now_s, turn=turn, max_unrecoverable_errors=self.limit
        )

    def until_last_words(self, what: Failure) -> int:
        """How many such failures it takes."""
        for times in range(1, 20):
            if self.fails(what) is LAST_WORDS:
                return times
        raise AssertionError("tolerated for ever")


@pytest.mark.parametrize("component", [*COUNTING, "realtime", "unknown"])
@pytest.mark.parametrize("kind", TERMINAL)
def test_a_terminal_failure_ends_the_session_at_once(
    kind: FailureKind, component: Component
) -> None:
    """Whichever component it was."""
    assert Call().fails(failure(kind, component, terminal=True)) is LAST_WORDS


@pytest.mark.parametrize(
    "kind",
    [kind for kind in FailureKind if kind not in {*TERMINAL, *AT_ONCE, FailureKind.BAD_REQUEST}],
)
@pytest.mark.parametrize("component", COUNTING)
def test_other_failures_are_counted(kind: FailureKind, component: Component) -> None:
    """Tolerated up to `max_unrecoverable_errors`, 3 by default."""
    assert Call().until_last_words(failure(kind, component)) == 4


@pytest.mark.parametrize("limit", [0, 1, 5])
def test_the_users_own_limit_is_honoured(limit: int) -> None:
    assert Call(limit=limit).until_last_words(failure()) == limit + 1


def test_no_unrecoverable_error_of_a_realtime_model_is_tolerated() -> None:
    """As in livekit-agents."""
    assert Call().fails(failure(component="realtime")) is LAST_WORDS


@pytest.mark.parametrize(("counted", "times"), [(COUNTED, 4), (COUNTED_BEFORE_1_6, 1)])
def test_stt_is_counted_from_1_6_on(counted: frozenset[Component], times: int) -> None:
    assert Call(Tally(counted=counted)).until_last_words(failure(component="stt")) == times


def test_the_installed_version_counts_what_counted_says() -> None:
    """`AgentSession._on_error` still counts these components and no other."""
    source = inspect.getsource(AgentSession._on_error)
    names = {
        name for name in ("llm", "stt", "tts", "realtime") if f"_{name}_error_counts" in source
    }
    assert names in (COUNTED, COUNTED_BEFORE_1_6)


@pytest.mark.parametrize("component", ["interruption", "eot"])
@pytest.mark.parametrize("terminal", [True, False])
def test_a_detector_never_ends_a_session(component: Component, *, terminal: bool) -> None:
    call = Call(limit=0)
    for _ in range(10):
        assert call.fails(failure(component=component, terminal=terminal)) is TOLERATE


def test_components_are_counted_apart() -> None:
    call = Call()
    for _ in range(3):
        assert {call.fails(failure(component=part)) for part in COUNTING} == {TOLERATE}
    assert call.fails(failure(component="tts")) is LAST_WORDS


def test_heard_audio_starts_the_count_of_llm_and_tts_anew() -> None:
    call = Call()
    for component in COUNTING:
        for _ in range(3):
            call.fails(failure(component=component))
    call.tally.good("tts")
    assert call.fails(failure(component="llm")) is TOLERATE
    assert call.fails(failure(component="tts")) is TOLERATE
    assert call.fails(failure(component="stt")) is LAST_WORDS


def test_a_transcript_starts_the_count_of_stt_anew() -> None:
    call = Call()
    for _ in range(3):
        call.fails(failure(component="stt"))
        call.fails(failure(component="llm"))
    call.tally.good("stt")
    assert call.fails(failure(component="stt")) is TOLERATE
    assert call.fails(failure(component="llm")) is LAST_WORDS


def test_parallel_sentences_of_one_turn_count_once() -> None:
    call = Call()
    sentence = failure(component="tts")
    for turn in ("a", "b", "c"):
        assert {call.fails(sentence, turn) for _ in range(8)} == {TOLERATE}
    assert call.fails(sentence, "d") is LAST_WORDS


def test_stt_failures_during_one_speech_are_not_parallel() -> None:
    call = Call()
    assert [call.fails(failure(component="stt"), "a") for _ in range(4)][-1] is LAST_WORDS


@pytest.mark.parametrize("component", COUNTING)
def test_a_mute_failure_ends_the_session_at_its_third_time(component: Component) -> None:
    call = Call(limit=10)
    mute = failure(FailureKind.TIMEOUT, component, mute=True)
    assert [call.fails(mute) for _ in range(3)] == [TOLERATE, TOLERATE, LAST_WORDS]


def test_a_mute_failure_needs_three_alike_with_nothing_good_between() -> None:
    call = Call(limit=10)
    mute = failure(FailureKind.TIMEOUT, "tts", mute=True)
    other = failure(FailureKind.UNKNOWN, "tts", mute=True)
    assert [call.fails(what) for what in (mute, mute, other, mute)] == [TOLERATE] * 4
    call.fails(mute)
    call.tally.good("tts")
    assert [call.fails(mute) for _ in range(2)] == [TOLERATE] * 2


def test_a_failure_with_words_is_not_mute_however_often_it_comes() -> None:
    assert Call(limit=10).until_last_words(failure(FailureKind.OVERLOADED)) == 11


def test_a_rate_limit_escalates_through_apologies() -> None:
    """The apology after each failed turn is heard, but the limit goes on."""
    call = Call()
    decisions = []
    for _ in range(4):
        decisions.append(call.fails(failure(FailureKind.RATE_LIMITED), after_s=10.0))
        call.tally.good("tts")
    assert decisions == [TOLERATE] * 3 + [LAST_WORDS]


@pytest.mark.parametrize("heard", [["llm"], ["tts", "tts"]])
def test_a_rate_limit_with_good_turns_between_does_not_escalate(heard: list[Component]) -> None:
    call = Call()
    for _ in range(10):
        assert call.fails(failure(FailureKind.RATE_LIMITED), after_s=10.0) is TOLERATE
        call.tally.good("tts")
        for component in heard:
            call.tally.good(component)


def test_a_rate_limit_that_was_quiet_for_a_minute_does_not_escalate() -> None:
    call = Call()
    for _ in range(10):
        assert call.fails(failure(FailureKind.RATE_LIMITED), after_s=61.0) is TOLERATE
        call.tally.good("tts")


@pytest.mark.parametrize("component", [*COUNTING, "realtime", "tool", "turn"])
def test_dead_air_ends_the_session_at_once(component: Component) -> None:
    assert Call(limit=10).fails(failure(FailureKind.DEAD_AIR, component)) is LAST_WORDS


@pytest.mark.parametrize("component", COUNTING)
def test_a_bad_request_that_comes_again_ends_the_session(component: Component) -> None:
    """A broken history is sent with each later turn."""
    assert Call(limit=10).until_last_words(failure(FailureKind.BAD_REQUEST, component)) == 2


@pytest.mark.parametrize("quiet_s", [1.0, 600.0])
def test_a_bad_request_comes_again_through_apologies(quiet_s: float) -> None:
    call = Call()
    refused = failure(FailureKind.BAD_REQUEST, reason="a")
    assert call.fails(refused) is TOLERATE
    call.tally.good("tts")
    assert call.fails(refused, after_s=quiet_s) is LAST_WORDS


@pytest.mark.parametrize("good", [["llm", "tts"], ["llm"], ["tts", "tts"]])
def test_a_bad_request_after_a_good_turn_is_the_first_again(good: list[Component]) -> None:
    call = Call()
    for _ in range(10):
        assert call.fails(failure(FailureKind.BAD_REQUEST, reason="a")) is TOLERATE
        for component in ["tts", *good]:
            call.tally.good(component)


def test_a_bad_request_for_another_reason_is_another() -> None:
    call = Call()
    for reason in ("a", "b", "a"):
        assert call.fails(failure(FailureKind.BAD_REQUEST, reason=reason)) is TOLERATE


def test_sentences_of_one_turn_are_refused_once() -> None:
    call = Call()
    refused = failure(FailureKind.BAD_REQUEST, "tts")
    assert {call.fails(refused, "turn") for _ in range(8)} == {TOLERATE}
    assert call.fails(refused, "another") is LAST_WORDS


def test_a_reset_forgets_everything() -> None:
    call = Call()
    for _ in range(3):
        call.fails(failure(FailureKind.RATE_LIMITED))
    call.tally.reset()
    assert call.until_last_words(failure(FailureKind.RATE_LIMITED)) == 4


def test_a_reset_forgets_what_a_session_has_recovered_from() -> None:
    call = Call()
    lost = failure(FailureKind.CONNECTION, "realtime")
    for _ in range(2):
        assert [call.tally.recovers(lost) for _ in range(3)] == [True, True, False]
        call.tally.reset()


def test_the_users_policy_decides_with_the_history() -> None:
    seen: list[History] = []

    def policy(what: Failure, history: History) -> Decision:
        seen.append(history)
        return TOLERATE

    call = Call(Tally(policy))
    terminal = failure(FailureKind.AUTH, terminal=True)
    for _ in range(REMEMBERED + 4):
        assert call.fails(terminal) is TOLERATE
    assert [history.count for history in seen] == list(range(1, REMEMBERED + 5))
    assert len(seen[-1].failures) == REMEMBERED
    assert seen[1].failures == ((1.0, terminal), (2.0, terminal))
    assert (seen[0].limit, seen[0].counted) == (3, True)


@pytest.mark.parametrize("answer", [None, "nonsense", 7, RuntimeError("mine")])
def test_a_failing_policy_falls_back_to_the_default(
    answer: object, caplog: pytest.LogCaptureFixture
) -> None:
    def policy(what: Failure, history: History) -> Decision:
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[return-value]

    with caplog.at_level(logging.WARNING, "lastword"):
        call = Call(Tally(policy))
        assert call.fails(failure(FailureKind.AUTH, terminal=True)) is LAST_WORDS
        assert call.fails(failure()) is TOLERATE
    assert {record.message.partition(":")[0] for record in caplog.records} == {
        "the policy function failed; the default policy decides"
    }


def test_the_words_of_the_decisions_may_be_returned_as_text() -> None:
    call = Call(Tally(lambda _failure, _history: "last_words"))  # type: ignore[arg-type, return-value]
    assert call.fails(failure()) is LAST_WORDS


def test_the_default_policy_can_be_built_upon() -> None:
    """A user's policy that only makes an exception asks the default for the rest."""

    def policy(what: Failure, history: History) -> Decision:
        if what.kind is FailureKind.CONTENT_FILTERED:
            return LAST_WORDS
        return default_policy(what, history)

    call = Call(Tally(policy))
    assert call.fails(failure(FailureKind.CONTENT_FILTERED)) is LAST_WORDS
    assert call.fails(failure()) is TOLERATE


@pytest.mark.parametrize("component", ["llm", "tts"])
def test_turns_that_break_off_count_although_they_are_heard(component: Component) -> None:
    """The third in a row ends the call; a whole one between, and an STT's failure, do not count."""
    call = Call()
    for _ in range(2):
        for _ in range(2):
            assert call.fails(failure(component=component)) is TOLERATE
            call.tally.good("tts")
            call.tally.turn_was_heard(whole=False)
        call.tally.turn_was_heard(whole=True)
    for _ in range(2):
        assert call.fails(failure(component=component)) is TOLERATE
        call.tally.good("tts")
        call.tally.turn_was_heard(whole=False)
    assert call.fails(failure(component="stt")) is TOLERATE
    assert call.fails(failure(component=component)) is LAST_WORDS
