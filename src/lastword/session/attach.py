"""`attach`: checks what a user asks for, and gives one session its last word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._upstream import versions
from ..errors import AlreadyAttachedError
from ..sentinel.watch import sentinel_address
from .after.plan import Plan
from .arguments import check_flag, check_function, check_seconds
from .attachable import check_place, check_session
from .closing import Bounds
from .farewell import Farewell, check_farewell
from .last_word import LastWord, is_attached
from .preparation import Preparation
from .silence.settings import DEFAULT_SILENCE, Silence, check_silence
from .words.language import check_language
from .words.message import DEFAULT, AnyMessage, OneMessage

if TYPE_CHECKING:
    from collections.abc import Callable

    from livekit.agents import AgentSession

    from ..failure.policy import Policy
    from .after.plan import AnyAfter
    from .report import Report


def attach(
    session: AgentSession[Any],
    message: AnyMessage = DEFAULT,
    *,
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
) -> LastWord:
    """Give a session the last word: an unrecoverable failure is heard, then the session closes.

    Args:
        session: Any `AgentSession` or subclass of one, before or after `start()`.
        message: What the caller hears: words, a file, a `Clip`, a `BuiltinAudioClip`, a mapping of
            these by `FailureKind`, or None for nothing. `""` means the same as None.
        language: Language of bundled words, such as "en" or "pt-BR".
        after: What follows: `leave()`, `hang_up()`, `transfer_to(...)`, `hand_over(...)`, or a
            mapping of these by `FailureKind`. None leaves the job and the caller as upstream does.
        policy: Your own function that decides which failures end the session.
        on_report: Called with the `Report` when the session is closed and `after` is over. The
            `close` event comes before that. What an asynchronous one returns is awaited, for at
            most 10 s; `session.aclose()` and the end of the job wait for it.
        silence: How long the agent may owe its caller a sound, and what is said meanwhile. None
            switches the watch off.
        apology: What is said on each failed turn that is tolerated: any form of message, True for
            the bundled "please say that again", None for nothing.
        max_message_s: Longest message accepted, in seconds.
        first_frame_timeout_s: One budget in seconds for waiting for a listener and for all ways to
            the first frame.
        close_timeout_s: How long the session's own teardown may take before it is forced, in
            seconds.
        standby_track: Publish a muted track when the session starts, so that no time is lost if
            the session's output fails.
            It costs 2 % of a core for the whole call (measured with livekit 1.1.21).
        tell: Tell the others in the room, as data, that the agent has failed, which kind of failure
            it is, and what follows; never what the provider wrote.
        farewell: What is said and done if the worker ends the job while the session runs, such as
            in a roll-out: `lastword.farewell(...)`, or None for nothing.

    Returns:
        The session's `LastWord`.

    Raises:
        ClipError: A file of the message is missing, broken or too long.
        MessageError: The message has a form that is not known.
        MissingCredentialsError: An after-action needs the server API and cannot reach it.
        AlreadyAttachedError: The session has a last word already.
        AttachError: The session is closed or closing, no event loop is running, or the session
            belongs to another one.
        UnsupportedVersionError: The installed livekit-agents has unknown internals.
        TypeError: An argument has a wrong type.
        ValueError: A number is out of its range.
    """
    check_session(session)
    if is_attached(session):
        raise AlreadyAttachedError(
            "expected a session without a last word, got one that has one; attach once, or call "
            "detach() on the first LastWord before"
        )
    versions.check_session(session)
    check_place(session)
    check_language(language)
    check_function("policy", policy, "failure", "history", may_be_async=False)
    check_function("on_report", on_report, "report", may_be_async=True)
    check_seconds("max_message_s", max_message_s, zero=False)
    check_seconds("first_frame_timeout_s", first_frame_timeout_s, zero=False)
    check_seconds("close_timeout_s", close_timeout_s, zero=True)
    check_flag("standby_track", standby_track)
    check_flag("tell", tell)
    check_silence(silence)
    check_farewell(farewell)
    return LastWord(
        session,
        Preparation(
            session,
            message,
            language=language,
            plan=Plan(after),
            max_message_s=max_message_s,
            standby_track=standby_track,
            tell=tell,
            farewell=farewell,
            remarks={
                "filler": silence.filler if silence is not None else None,
                "deaf_prompt": silence.deaf_prompt if silence is not None else None,
                "apology": apology,
                "frozen": _frozen(silence),
            },
        ),
        silence=silence,
        policy=policy,
        on_report=on_report,
        bounds=Bounds(first_frame_timeout_s, close_timeout_s),
    )


def _frozen(silence: Silence | None) -> OneMessage | bool:
    """Return what a sentinel says while a frozen process may still come back."""
    if sentinel_address() is None:
        return None
    return silence.filler if silence is not None and silence.filler else True
