"""Tells who in a room is a caller, and who of them is on a phone."""

from __future__ import annotations

from livekit import rtc

_NO_CALLERS = frozenset({
    rtc.ParticipantKind.PARTICIPANT_KIND_AGENT,
    rtc.ParticipantKind.PARTICIPANT_KIND_EGRESS,
    rtc.ParticipantKind.PARTICIPANT_KIND_INGRESS,
})  # fmt: skip


def callers_in(room: rtc.Room) -> list[str]:
    """Return the identities of all callers in a room."""
    others = room.remote_participants.values()
    return [participant.identity for participant in others if participant.kind not in _NO_CALLERS]


def is_phone(participant: rtc.RemoteParticipant | None) -> bool:
    """Tell whether a participant is on a phone."""
    sip = rtc.ParticipantKind.PARTICIPANT_KIND_SIP
    return participant is not None and participant.kind == sip
