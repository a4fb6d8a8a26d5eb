"""Decides whether a failure ends the session; owns `Decision`, `History` and `Judge`, no clock.

What the default policy does with the unrecoverable failures of a component, "count" being the way
of livekit-agents itself (last words when more than `max_unrecoverable_errors` came, one per turn):

    kind                                             llm, tts, stt    realtime     detectors
    quota_exhausted, auth, model_unavailable,        last words       last words   tolerate
      account_disabled (terminal)
    context_overflow (terminal)                      last words       last words   tolerate
    rate_limited, overloaded, connection, timeout    count            last words   tolerate
    bad_request, content_filtered                    count            last words   tolerate
    unknown                                          count            last words   tolerate
    no status, code or text at all, third in a row   last words       last words   tolerate

`terminal` decides, not the kind: a rate limit that lasts a day is terminal too. The detectors are
the gateway's barge-in and end-of-turn models; without them livekit-agents falls back to its VAD.
The realtime column is livekit-agents' own way: it never tolerates one. Before 1.6 the same
holds for stt, which is what `counted` is for.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import Enum

from .kinds import Component, Failure, FailureKind

logger = logging.getLogger("lastword")

MUTE_LIMIT = 3
"""Identical failures without any status, code or text that are taken for terminal together."""

REMEMBERED = 16
"""Failures that a `History` shows at most."""

COUNTED: frozenset[Component] = frozenset({"llm", "stt", "tts"})
"""Components whose errors livekit-agents 1.6 and later counts before it closes."""

COUNTED_BEFORE_1_6: frozenset[Component] = frozenset({"llm", "tts"})
"""The same for 1.4.6 to 1.5.17, where the first unrecoverable STT error closes."""

DETECTORS: frozenset[Component] = frozenset({"interruption", "eot"})


class Decision(str, Enum):
    """What becomes of the session after a failure."""

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
        failures: The last failures with the times they came, in seconds, oldest first.
    """

    count: int
    limit: int
    counted: bool
    identical: int
    failures: tuple[tuple[float, Failure], ...]


Policy = Callable[[Failure, History], Decision]


def default_policy(failure: Failure, history: History) -> Decision:
    """Decide as the table of this module says."""
    if failure.component in DETECTORS:
        return Decision.TOLERATE
    if failure.terminal or (failure.mute and history.identical >= MUTE_LIMIT):
        return Decision.LAST_WORDS
    if history.counted and history.count <= history.limit:
        return Decision.TOLERATE
    return Decision.LAST_WORDS


@dataclass
class _Run:
    """Failures of one component since it last worked."""

    count: int = 0
    last_turn: Hashable | None = None
    same: tuple[FailureKind, str | None, str] | None = None
    identical: int = 0


class Judge:
    """Remembers the failures of one session and decides on each.

    Args:
        policy: The user's own function; None for `default_policy`. When it raises or returns
            something else than a `Decision`, the default decides.
        counted: The components whose failures the installed livekit-agents counts.
    """

    def __init__(
        self, policy: Policy | None = None, *, counted: frozenset[Component] = COUNTED
    ) -> None:
        self._policy = policy
        self._counted = counted
        self._runs: dict[Component, _Run] = {}
        self._failures: deque[tuple[float, Failure]] = deque(maxlen=REMEMBERED)

    def decide(
        self,
        failure: Failure,
        *,
        now_s: float,
        turn: Hashable | None,
        max_unrecoverable_errors: int,
    ) -> Decision:
        """Decide on an unrecoverable failure.

        Args:
            failure: What happened; recoverable errors do not belong here.
            now_s: The time, in seconds of any clock that does not jump.
            turn: What the failure belongs to, for instance a speech id: the parallel sentences of
                one turn fail together and count once. None counts always.
            max_unrecoverable_errors: The session's own setting, read now.
        """
        self._failures.append((now_s, failure))
        run = self._runs.setdefault(failure.component, _Run())
        if turn is None or turn != run.last_turn:
            run.count += 1
            same = (failure.kind, failure.provider, failure.detail)
            run.identical = run.identical + 1 if same == run.same else 1
            run.same = same
        run.last_turn = turn
        history = History(
            count=run.count,
            limit=max_unrecoverable_errors,
            counted=failure.component in self._counted,
            identical=run.identical,
            failures=tuple(self._failures),
        )
        return self._ask_user(failure, history) or default_policy(failure, history)

    def good(self, component: Component) -> None:
        """Note that a component worked: audio was heard ("tts"), a transcript came ("stt").

        Audio clears the LLM's failures too, as it does in livekit-agents.
        """
        self._runs.pop(component, None)
        if component == "tts":
            self._runs.pop("llm", None)

    def _ask_user(self, failure: Failure, history: History) -> Decision | None:
        if self._policy is None:
            return None
        try:
            return Decision(self._policy(failure, history))
        except Exception:
            logger.exception("the policy function failed; the default policy decides")
            return None
