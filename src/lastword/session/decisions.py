"""Decides which error ends a session, with what came before and what user code does about it."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from livekit.agents.llm import LLMError, RealtimeModelError
from livekit.agents.tts import TTSError
from livekit.agents.voice.events import ErrorEvent

from .._upstream import sessions, speeches
from ..failure.classify import classify
from ..failure.policy import COUNTED, COUNTED_BEFORE_1_6, Decision, Tally
from ..failure.tap import install as tap
from ..failure.verdict import verdict_of
from .repair import Repair
from .turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable

    from livekit.agents import Agent, AgentSession

    from ..failure.failure import Failure
    from ..failure.policy import Policy

logger = logging.getLogger("lastword")


class Decisions:
    """What the errors of one session lead to.

    Args:
        session: The session.
        policy: The user's own function, or None for the default one.
        on_tolerated: Called with each failure that the session survives, and its turn.
    """

    def __init__(
        self,
        session: AgentSession[Any],
        policy: Policy | None,
        *,
        on_tolerated: Callable[[Failure, str | None], None],
    ) -> None:
        self._session = session
        self._on_tolerated = on_tolerated
        counted = COUNTED if sessions.counts_stt_errors(session) else COUNTED_BEFORE_1_6
        self._tally = Tally(policy, counted=counted)
        self._repair = Repair(session)
        tally = self._tally
        self._turns = Turns(session, self._turn_failed, tally.turn_was_good, tally.turn_was_heard)
        self._of_agent = False

    def follow(self, agent: Agent) -> None:
        """Watch the turns of an agent that is going to run."""
        self._turns.follow(agent)

    def stop(self) -> None:
        """Stop watching."""
        self._turns.stop()

    def saw(self, event: str, *args: Any) -> None:
        """Note what an event of the session says about its components."""
        if event == "agent_state_changed" and args[0].new_state == "speaking":
            self._tally.good("tts")
            self._repair.worked()
            self._turns.heard()
        elif event == "speech_created":
            self._turns.created(args[0].speech_handle, apologises=self._of_agent)
        elif event == "user_input_transcribed":
            self._tally.good("stt")
        elif event == "metrics_collected" and args[0].metrics.type == "llm_metrics":
            self._tally.good("llm")  # emitted only for answers that came without an error
        elif event == "error":
            self._repair.before_handlers(args[0])
            if isinstance(args[0], ErrorEvent):
                error = args[0].error
                self._end_recovering(error)
                if not error.recoverable or isinstance(error, RealtimeModelError):
                    self._turns.told(broke=isinstance(error, LLMError | TTSError))

    def ends_session(self, error: Any) -> Failure | None:
        """Decide whether an unrecoverable error, which the user's handlers have seen, is final.

        Args:
            error: The `LLMError` or the like.

        Returns:
            The failure that ends the session; None if the session goes on.
        """
        failure = classify(error)
        if self._repair.after_handlers(error):
            logger.warning(
                "the call goes on: user code has replaced the %s that failed",
                failure.component,
                extra={"kind": failure.kind},
            )
            return None
        turn = getattr(self._session.current_speech, "id", None)
        decision = self._tally.decide(
            failure,
            now_s=asyncio.get_running_loop().time(),
            turn=turn,
            max_unrecoverable_errors=self._session.conn_options.max_unrecoverable_errors,
            of_agent=self._of_agent,
        )
        if decision is Decision.LAST_WORDS:
            return failure
        self._on_tolerated(failure, turn)
        return None

    def reset(self) -> None:
        """Forget everything: the session was closed and may be started again."""
        self._tally.reset()

    def _turn_failed(self, agent: Agent, node: str, error: Exception, *, heard: bool) -> None:
        """Announce a failed turn, as recoverable if all of it was heard."""
        self._of_agent = not heard
        token = tap.failing.set(agent)
        try:
            speeches.tell_of_node(self._session, agent, node, error, recoverable=heard)
        finally:
            tap.failing.reset(token)
            self._of_agent = False

    def _end_recovering(self, error: object) -> None:
        """Make an error unrecoverable if a realtime session would recover from it forever."""
        if not isinstance(error, RealtimeModelError) or not error.recoverable:
            return
        verdict = verdict_of(error)
        if verdict is None or not verdict.retried:
            error.recoverable = self._tally.recovers(classify(error))
