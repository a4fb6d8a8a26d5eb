"""`AgentSession` with the last word built in; it adds only arguments of its constructor.

For those who write `from lastword import AgentSession` instead of attaching to a session of
livekit-agents, and for code written against livekit/agents #6152, which takes the same argument.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, TypeVar

from livekit.agents import NotGiven

from .._upstream import versions
from .attach import attach
from .words.message import DEFAULT

if TYPE_CHECKING:
    from livekit.agents import AgentSession as _Session

    from .last_word import LastWord
    from .words.message import AnyMessage
else:
    _Session = versions.session_class()

Userdata_T = TypeVar("Userdata_T")

_ARGUMENTS = ("unrecoverable_error_message", "tell")


class AgentSession(_Session[Userdata_T]):
    """The session of livekit-agents, which tells the caller when an unrecoverable failure ends it.

    Args:
        unrecoverable_error_message: What the caller hears before the session closes, in any form
            that `attach` takes; None or "" for nothing. Left out, it is `lastword.DEFAULT`.
        tell: Whether the others in the room are told of the failure, as `attach` takes it.
        **options: Everything that the `AgentSession` of livekit-agents takes.

    Raises:
        ClipError: A file of the message is missing, broken or too long.
        MessageError: The message has a form that is not known.
        AttachError: No event loop runs here.
        UnsupportedVersionError: The installed livekit-agents has unknown internals.
    """

    def __init__(
        self,
        *,
        unrecoverable_error_message: AnyMessage | NotGiven = DEFAULT,
        tell: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        message = unrecoverable_error_message
        # the default of #6152, which user code may pass on
        message = DEFAULT if isinstance(message, NotGiven) else message
        self._last_word = attach(self, message, tell=tell)

    @property
    def last_word(self) -> LastWord:
        """The session's last word: its report, and the way to detach it."""
        return self._last_word


def _signature() -> inspect.Signature:
    """Name every argument for editors and `help`: the installed version's, and the added ones."""
    signature = inspect.signature(_Session.__init__)
    ours = inspect.signature(AgentSession.__init__).parameters
    named = {**signature.parameters, **{name: ours[name] for name in _ARGUMENTS}}
    return signature.replace(parameters=sorted(named.values(), key=lambda p: p.kind))


AgentSession.__init__.__signature__ = _signature()  # type: ignore[attr-defined]
