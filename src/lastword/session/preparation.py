"""Prepares everything that one session needs when it fails.

Messages, own voice, after-action and standby track are prepared when attached, and checked again
when the agent's state changes, because the output, the room or the voice may be new. At failure
time `for_failure` is a look-up.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Literal

from .._upstream import rooms, sessions, speakers
from ..room.own_track import Standby
from .after.followup import PhoneWarning
from .script import Script
from .words.message import DEFAULT, Message
from .words.own_voice import OwnVoice
from .words.utterance import OutputFormat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from livekit.agents import AgentSession

    from ..audio.bundled import Tone
    from ..failure.kinds import FailureKind
    from .after.plan import Plan
    from .ending import Words
    from .farewell import Farewell
    from .words.message import AnyMessage, OneMessage
    from .words.utterance import Utterance

logger = logging.getLogger("lastword")


RemarkName = Literal["filler", "apology", "deaf_prompt", "frozen"]
"""What may be said while the call goes on."""

_TONES: dict[RemarkName, Tone] = {
    "filler": "moment",
    "apology": "again",
    "deaf_prompt": "hear",
    "frozen": "moment",
}


class Preparation:
    """Everything that a session has ready for a failure.

    Args:
        session: The session.
        message: What the caller hears.
        language: The language asked for, or None for the session's own.
        plan: What follows.
        max_message_s: Longest message accepted, in seconds.
        standby_track: Whether a muted track is to wait in the room.
        tell: Whether the others in the room are told of a failure.
        farewell: What is said if the job is sent away, or None.
        remarks: What may be said while the call goes on, in any form of message; True for the
            bundled words.

    Raises:
        ClipError: A file is missing, broken or too long.
        MessageError: A message has a form that is not known.
    """

    def __init__(
        self,
        session: AgentSession[Any],
        message: AnyMessage,
        *,
        language: str | None,
        plan: Plan,
        max_message_s: float,
        standby_track: bool,
        tell: bool,
        farewell: Farewell | None,
        remarks: Mapping[RemarkName, OneMessage | bool],
    ) -> None:
        languages = [language, *speakers.languages_of(session)]
        self._session = session
        self._script = Script(
            message, plan, languages=languages, max_message_s=max_message_s, tell=tell
        )
        self._remarks = {
            name: Message(
                DEFAULT if remark is True else remark or None,
                languages=languages,
                max_message_s=max_message_s,
                tone=_TONES[name],
            )
            for name, remark in remarks.items()
        }
        self.farewell = None
        if farewell is not None:
            self.farewell = farewell.script(
                languages=languages, max_message_s=max_message_s, tell=tell
            )
        scripts = self._scripts()
        messages = [*(m for script in scripts for m in script.messages), *self._remarks.values()]
        self._own_voice = OwnVoice(session, messages, language=language)
        self._format: OutputFormat | None = None
        self._standby = Standby() if standby_track else None
        self._phone_warning = PhoneWarning(plan, "attach")
        self.follow()
        self._own_voice.begin()

    def follow(self) -> None:
        """Prepare what the session needs in its present state; quick if nothing has changed."""
        wanted = self._wanted_format()
        for script in self._scripts():
            script.prepare(wanted)
        if wanted != self._format:
            for remark in self._remarks.values():
                remark.prepare(wanted)
            self._format = wanted
        self._publish_standby(wanted)
        self._own_voice.follow()
        self._phone_warning.look_at(rooms.linked_participant(self._session))

    def _scripts(self) -> list[Script]:
        return [script for script in (self._script, self.farewell) if script is not None]

    async def ready(self) -> None:
        """Wait until every sound is ready or given up."""
        self.follow()
        await self._own_voice.ready()

    def for_failure(self, kind: FailureKind) -> Words:
        """Return what is said and done about a kind of failure."""
        return self._script.for_failure(kind, self._standby)

    def remark(self, name: RemarkName) -> Utterance | None:
        """Return what is said while the call goes on, or None for nothing."""
        return self._remarks[name].for_kind(None)

    @property
    def format(self) -> OutputFormat:
        """The format of the session's output, as far as it is known."""
        return self._format or OutputFormat()

    def stop(self) -> None:
        """End all background work."""
        self._own_voice.stop()

    def _publish_standby(self, wanted: OutputFormat) -> None:
        if self._standby is None or sessions.is_closing(self._session):
            return
        if sessions.is_running(self._session):
            room = rooms.room_of(self._session)
            self._standby.publish_in(room, wanted.sample_rate, wanted.num_channels)

    def leave_room(self) -> None:
        """Take the standby track out of the room."""
        if self._standby is not None:
            self._standby.remove()

    def _wanted_format(self) -> OutputFormat:
        output = self._session.output.audio
        if output is None:
            return OutputFormat()
        rate = output.sample_rate or OutputFormat.sample_rate
        return OutputFormat(rate, rooms.num_channels_of(output))
