"""What type checkers must refuse: each comment names the error of mypy, then that of pyright."""

from __future__ import annotations

from livekit.agents import AgentSession

import lastword
import lastword.testing
from lastword import attahc  # attr-defined; reportAttributeAccessIssue

session: AgentSession[None] = AgentSession()


def once(failure: lastword.Failure) -> lastword.Decision:
    """Decide without the history, which a policy is called with."""
    return lastword.Decision.LAST_WORDS


def patient(failure: lastword.Failure, history: lastword.History) -> bool:
    """Return something else than a decision."""
    return history.count < history.limit and not failure.terminal


lastword.attach(session, policy=patient)  # arg-type; reportArgumentType
lastword.attach(session, policy=once)  # arg-type; reportArgumentType
lastword.attahc(session)  # attr-defined; reportAttributeAccessIssue
lastword.testing.rehearce(attahc)  # attr-defined; reportAttributeAccessIssue
lastword.attach(session, 42)  # arg-type; reportArgumentType
lastword.attach(session, {"auth": "Sorry."})  # dict-item; reportArgumentType
lastword.attach(session, after=lastword.hang_up)  # arg-type; reportArgumentType
lastword.attach(session, afetr=None)  # call-arg; reportCallIssue
lastword.attach("session")  # arg-type; reportArgumentType
lastword.AgentSession[None](llm=3)  # arg-type; reportArgumentType
lastword.AgentSession[None](lmm="openai/gpt-4.1")  # call-arg; reportCallIssue
lastword.AgentSession[None](max_tool_steps="2")  # arg-type; reportArgumentType
lastword.AgentSession[int](userdata="Ada")  # arg-type; reportArgumentType
lastword.AgentSession[None](after="hang up")  # arg-type; reportArgumentType
lastword.AgentSession[None](silence=30.0)  # arg-type; reportArgumentType
lastword.AgentSession[None]("Sorry.")  # call-arg; reportCallIssue
lastword.decode("hold.flac", limits=7200.0)  # arg-type; reportArgumentType
lastword.bundled("en", "angry")  # arg-type; reportArgumentType
