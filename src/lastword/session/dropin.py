"""`AgentSession` with the last word built in; it adds the arguments of `attach` to the constructor.

For those who write `from lastword import AgentSession` instead of attaching to a session of
livekit-agents, and for code written against livekit/agents #6152, which takes the message so too.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, TypeVar

from livekit.agents import NotGiven

from .._upstream import versions
from .attach import attach
from .silence.settings import DEFAULT_SILENCE
from .words.message import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Callable

    from livekit.agents import AgentSession as _Session
    from typing_extensions import Unpack

    from .._upstream.options import SessionOptions
    from ..failure.policy import Policy
    from .after.plan import AnyAfter
    from .farewell import Farewell
    from .last_word import LastWord
    from .report import Report
    from .silence.settings import Silence
    from .words.message import AnyMessage, OneMessage
else:
    _Session = versions.session_class()

Userdata_T = TypeVar("Userdata_T")


class AgentSession(_Session[Userdata_T]):
    """The session of livekit-agents, which tells the caller when an unrecoverable failure ends it.

    Args:
        unrecoverable_error_message: The `message` of `attach`: what the caller hears before the
            session closes. None or "" for nothing.
        language: As for `attach`, like all that follow.
        after: What happens to the call.
        policy: Decides which failures end the session.
        on_report: Called with the `Report`.
        silence: How long the agent may owe its caller a sound.
        apology: What is said on each failed turn that is tolerated.
        max_message_s: Longest message accepted, in seconds.
        first_frame_timeout_s: Budget for all ways to the first frame, in seconds.
        close_timeout_s: Budget for the session's own teardown, in seconds.
        standby_track: Publish a muted track when the session starts.
        tell: Tell the others in the room of the failure.
        farewell: What is said and done if the worker ends the job while the session runs.
        **options: Everything that the `AgentSession` of livekit-agents takes.

    Raises:
        ClipError: A file of the message is missing, broken or too long.
        MessageError: The message has a form that is not known.
        MissingCredentialsError: An after-action needs the server API and cannot reach it.
        AttachError: No event loop runs here.
        UnsupportedVersionError: The installed livekit-agents has unknown internals.
        TypeError: An argument has a wrong type, or livekit-agents does not know it.
        ValueError: A number is out of its range.
    """

    def __init__(
        self,
        *,
        unrecoverable_error_message: AnyMessage | NotGiven = DEFAULT,
        language: str | None = None,
        after: AnyAfter = None,
        policy: Policy | None = None,
        on_report: Callable[[Report], object] | None = None,
        silence: Silence | None = DEFAULT_SILENCE,
        apology: OneMessage | bool = None,
        max_message_s: float = 60.0,
        first_frame_timeout_s: float = 3.0,
        close_timeout_s: float = 8.0,
        standby_track: bool = False,
        tell: bool = True,
        farewell: Farewell | None = None,
        **options: Unpack[SessionOptions[Userdata_T]],
    ) -> None:
        super().__init__(**options)
        message = unrecoverable_error_message
        self._last_word = attach(
            self,
            # the default of #6152, which user code may pass on
            DEFAULT if isinstance(message, NotGiven) else message,
            language=language,
            after=after,
            policy=policy,
            on_report=on_report,
            silence=silence,
            apology=apology,
            max_message_s=max_message_s,
            first_frame_timeout_s=first_frame_timeout_s,
            close_timeout_s=close_timeout_s,
            standby_track=standby_track,
            tell=tell,
            farewell=farewell,
        )

    @property
    def last_word(self) -> LastWord:
        """The session's last word: its report, and the way to detach it."""
        return self._last_word


def _signature() -> inspect.Signature:
    """Name every argument for editors and `help`: the installed version's, and the added ones."""
    own = inspect.signature(AgentSession.__init__)
    added = {
        name: parameter
        for name, parameter in own.parameters.items()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD
    }
    theirs = inspect.signature(_Session.__init__).parameters
    return own.replace(parameters=sorted({**theirs, **added}.values(), key=lambda p: p.kind))


AgentSession.__init__.__signature__ = _signature()  # type: ignore[attr-defined]
