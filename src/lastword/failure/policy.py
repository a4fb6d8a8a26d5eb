"""Decides whether a failure ends the session. Has no clock of its own.

What the default policy does with the unrecoverable failures of a component:

    kind                                          llm, tts, stt     realtime      detectors
    --------------------------------------------  ----------------  ------------  ---------
    quota_exhausted, auth, model_unavailable,     last words        last words    tolerate
      account_disabled, context_overflow
    rate_limited                                  count, escalate   last words    tolerate
    overloaded, connection, timeout               count             last words    tolerate
    content_filtered, unknown                     count             last words    tolerate
    bad_request                                   count             last words    tolerate
    bad_request, again for the same reason        last words        last words    tolerate
    dead_air                                      last words        last words    tolerate
    any, terminal                                 last words        last words    tolerate
    any, mute, for the third time                 last words        last words    tolerate

- The first row is terminal by its kind; any other failure may be too, a rate limit that lasts a
  day or a refused handshake. `Failure.terminal` decides, not the kind.
- count: like `AgentSession._on_error` of livekit-agents: last words when more than
  `max_unrecoverable_errors` came since audio was heard (llm, tts) or a transcript came (stt). The
  sentences of one turn are synthesised in parallel and fail together: they count once.
- escalate: an apology after each failed turn is audio too and would reset the count every time.
  A persistent rate limit is therefore counted across apologies.
- again: a chat history that the provider refuses is sent with each later request, and refused each
  time; the second such refusal, with no success but apologies in between, is final.
- mute: the error has no status, code or text of the provider, so only repetition is evidence.
- realtime: livekit-agents tolerates no unrecoverable error of a realtime model, and none of the
  stt before 1.6; `counted` says which components it counts.
- an exception in the agent's own nodes, and a speech with words and no sound, is a failed turn:
  last words at the third in a row, or sooner where `max_unrecoverable_errors` says so.
- an LLM or TTS that fails after its first words is heard in each turn, which would reset the count
  every time: last words at the third such turn in a row.
- a realtime session's errors that it announces as recoverable are no failures, until the third of
  them with nothing heard between.
- detectors: the gateway's barge-in and end-of-turn models. Without them livekit-agents falls back
  to its VAD, so their failure never ends a session.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from ..contained import Contained
from .failure import Failure
from .kinds import Component, FailureKind

MUTE_LIMIT = 3
"""Number of identical failures without status, code or text that is taken as terminal."""

REFUSAL_LIMIT = 2
"""Number of bad requests for the same reason that is taken as terminal."""

RATE_GAP_S = 60.0
"""A rate limit not seen for this long has ended; providers count per minute."""

_GAPS_S = {FailureKind.RATE_LIMITED: RATE_GAP_S, FailureKind.BAD_REQUEST: math.inf}
"""Kinds whose count an apology does not reset -> how long they may go unseen and still continue."""

RECOVERING_LIMIT = 3
"""Number of errors of a realtime session in a row, with nothing heard in between, at which it must
not recover again."""

FAILED_TURNS_LIMIT = 3
"""Number of turns in a row that may fail: in the agent's own code with none heard in between, or in
the LLM or TTS after the first words."""

REMEMBERED = 16
"""Failures that a `History` shows at most."""

COUNTED: frozenset[Component] = frozenset({"llm", "stt", "tts"})
"""Components whose errors livekit-agents 1.6 and later counts before it closes."""

COUNTED_BEFORE_1_6: frozenset[Component] = frozenset({"llm", "tts"})
"""The same for 1.4.6 to 1.5.17, where the first unrecoverable STT error closes."""

DETECTORS: frozenset[Component] = frozenset({"interruption", "eot"})


class Decision(str, Enum):
    """What happens to the session after a failure."""

    LAST_WORDS = "last_words"
    TOLERATE = "tolerate"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class History:
    """What a session has seen when a failure is judged, that failure included.

    Attributes:
        count: Turns in which this component failed since it last worked, as livekit-agents counts;
            1 at least.
        limit: The session's `max_unrecoverable_errors`.
        counted: livekit-agents tolerates `limit` failures of this component; else none.
        identical: Times that this very failure came in a row with nothing good between.
        rate_limited: Turns in which this component was rate limited, counted through apologies;
            0 if this failure is none.
        refused: Turns in which this very request was refused as a bad one, likewise.
        failures: The last failures with the times they came, in seconds, oldest first.
        cut_short: Turns in a row whose LLM or TTS failed when a part of them was heard, and this
            one; 0 if the turn before was whole.
        failed_turns: Turns in a row that failed in the agent's own code; 0 if this one did not.
    """

    count: int
    limit: int
    counted: bool
    identical: int
    rate_limited: int
    refused: int
    failures: tuple[tuple[float, Failure], ...]
    failed_turns: int = 0
    cut_short: int = 0


Policy: TypeAlias = Callable[[Failure, History], Decision]
"""Decides whether a failure ends its session; what `attach(..., policy=...)` takes."""


def default_policy(failure: Failure, history: History) -> Decision:
    """Decide according to the table in this module's docstring."""
    if failure.component in DETECTORS:
        return Decision.TOLERATE
    if failure.terminal or (failure.mute and history.identical >= MUTE_LIMIT):
        return Decision.LAST_WORDS
    goes_on = history.refused >= REFUSAL_LIMIT or history.cut_short >= FAILED_TURNS_LIMIT
    if goes_on or failure.kind is FailureKind.DEAD_AIR:
        return Decision.LAST_WORDS
    if history.failed_turns:
        lasts = history.failed_turns >= min(FAILED_TURNS_LIMIT, history.limit + 1)
        return Decision.LAST_WORDS if lasts else Decision.TOLERATE
    if history.counted and max(history.count, history.rate_limited) <= history.limit:
        return Decision.TOLERATE
    return Decision.LAST_WORDS


@dataclass
class _Run:
    """Failures of one component since it last worked."""

    count: int = 0
    turn: Hashable | None = None
    same: tuple[object, ...] = ()
    identical: int = 0

    def add(self, failure: Failure, turn: Hashable | None) -> bool:
        """Count a failure unless its turn was already counted; return whether it was counted."""
        if failure.component == "tts" and turn is not None and turn == self.turn:
            return False
        self.turn = turn
        self.count += 1
        same = (failure.kind, failure.provider, failure.status_code)
        self.identical = self.identical + 1 if same == self.same else 1
        self.same = same
        return True


@dataclass
class _Lasting:
    """A failure that persists although audio is heard, which may be an apology after each turn.

    Attributes:
        kind: What goes on.
        reason: Why; a different reason makes it a different failure.
        gap_s: A failure not seen for this long has ended.
    """

    kind: FailureKind
    reason: str
    gap_s: float
    turns: int = 0
    last_s: float = 0.0
    heard: int = 0

    def goes_on(self, failure: Failure, now_s: float) -> bool:
        is_same = (self.kind, self.reason) == (failure.kind, failure.reason)
        return is_same and now_s - self.last_s <= self.gap_s and self.heard <= 1


class Tally:
    """Remembers the failures of one session and decides on each.

    Args:
        policy: The user's own function; None for `default_policy`. If it raises or returns
            anything but a `Decision`, the default decides.
        counted: The components whose failures the installed livekit-agents counts.
    """

    def __init__(
        self, policy: Policy | None = None, *, counted: frozenset[Component] = COUNTED
    ) -> None:
        self._policy = policy
        self._counted = counted
        self._runs: dict[Component, _Run] = {}
        self._lasting: dict[tuple[Component, FailureKind], _Lasting] = {}
        self._failures: deque[tuple[float, Failure]] = deque(maxlen=REMEMBERED)
        self._recovered = self._failed_turns = self._cut_short = 0

    def decide(
        self,
        failure: Failure,
        *,
        now_s: float,
        turn: Hashable | None,
        max_unrecoverable_errors: int,
        of_agent: bool = False,
    ) -> Decision:
        """Decide on an unrecoverable failure.

        Args:
            failure: What happened; must not be a recoverable error.
            now_s: The time, in seconds of any clock that does not jump.
            turn: What the failure belongs to, for instance a speech id: the parallel sentences of
                one turn fail together and count once. None counts always.
            max_unrecoverable_errors: The session's own setting, read now.
            of_agent: A turn failed in the agent's own code.
        """
        self._failures.append((now_s, failure))
        run = self._runs.setdefault(failure.component, _Run())
        counted = run.add(failure, turn)
        lasting = self._goes_on(failure, now_s, new=counted)
        self._failed_turns += of_agent
        of_speech = failure.component in {"llm", "tts"}
        history = History(
            count=run.count,
            limit=max_unrecoverable_errors,
            counted=failure.component in self._counted,
            identical=run.identical,
            rate_limited=lasting if failure.kind is FailureKind.RATE_LIMITED else 0,
            refused=lasting if failure.kind is FailureKind.BAD_REQUEST else 0,
            failures=tuple(self._failures),
            failed_turns=self._failed_turns if of_agent else 0,
            cut_short=self._cut_short + 1 if self._cut_short and of_speech else 0,
        )
        return self._ask_user(failure, history) or default_policy(failure, history)

    def turn_was_good(self) -> None:
        """Note that a turn of the agent was heard."""
        self._failed_turns = 0

    def turn_was_heard(self, *, whole: bool) -> None:
        """Note that a turn is over of which something was heard.

        Args:
            whole: Neither the LLM nor the TTS failed in it.
        """
        self._cut_short = 0 if whole else self._cut_short + 1

    def recovers(self, failure: Failure) -> bool:
        """Count a realtime session's recoverable error; return whether it may recover again.

        The errors of a server that accepts and then ends each connection, or fails each response,
        are announced as recoverable forever. Bad requests are not counted: committing an empty
        audio buffer is one, and harmless.

        Args:
            failure: What happened.
        """
        if failure.kind is FailureKind.BAD_REQUEST:
            return True
        self._recovered += 1
        return self._recovered < RECOVERING_LIMIT

    def good(self, component: Component) -> None:
        """Note that a component worked, and forget its failures.

        Args:
            component: "tts" when audio was heard, which clears the LLM's failures too, as it does
                in livekit-agents; "stt" when a transcript came; "llm" when it is known that an
                answer came from the LLM itself; "realtime" likewise.
        """
        self._runs.pop(component, None)
        for kind in _GAPS_S:
            self._lasting.pop((component, kind), None)
        if component == "tts":
            self._recovered = 0
            self._runs.pop("llm", None)
            for lasting in self._lasting.values():
                lasting.heard += 1

    def reset(self) -> None:
        """Forget everything, for a session that was closed and may be started again."""
        self._runs.clear()
        self._lasting.clear()
        self._failures.clear()
        self._recovered = self._failed_turns = self._cut_short = 0

    def _goes_on(self, failure: Failure, now_s: float, *, new: bool) -> int:
        """Count the turns of a failure that persists across apologies; return 0 for other kinds."""
        gap_s = _GAPS_S.get(failure.kind)
        if gap_s is None:
            return 0
        where = failure.component, failure.kind
        lasting = self._lasting.get(where)
        if lasting is None or not lasting.goes_on(failure, now_s):
            lasting = _Lasting(failure.kind, failure.reason, gap_s)
            self._lasting[where] = lasting
        lasting.turns += new or not lasting.turns
        lasting.last_s, lasting.heard = now_s, 0
        return lasting.turns

    def _ask_user(self, failure: Failure, history: History) -> Decision | None:
        if self._policy is None:
            return None
        with Contained("the policy function failed; the default policy decides"):
            return Decision(self._policy(failure, history))
        return None
