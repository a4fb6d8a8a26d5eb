"""Tells what a caller heard of a drilled failure, in a few words and as a drawing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from .page import Drawn

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .cases import Case
    from .rehearsal import Rehearsal

_BEFORE_S = 1.0  # of the call shown before something breaks


@dataclass(frozen=True)
class Outcome:
    """What a caller heard of one failure.

    Attributes:
        case: The failure.
        heard: "full", "part" or "none": how much of the last words, or "text" if they were shown to
            a caller without sound.
        words: The last words; empty if there were none.
        origin: Where their sound came from: "clip", "own_voice" or "bundled"; None without any.
        last_words_s: How long the caller waits for them: seconds from when something broke, or did
            not answer; None if they were not heard.
        closed_s: Seconds from then to the close; None if the session stayed open.
        after: The action that would follow, or None.
        told_as: The kind of failure that was reported, or None.
        drawn: The call for a page, or None if it was not asked for.
    """

    case: Case
    heard: str
    words: str
    origin: str | None
    last_words_s: float | None
    closed_s: float | None
    after: str | None
    told_as: str | None
    drawn: Drawn | None = field(default=None, repr=False)

    @property
    def is_well(self) -> bool:
        """Whether the caller heard something before the call ended."""
        return self.heard != "none"


class Ears(Protocol):
    """Where a caller listens; times are the event loop's, in seconds."""

    def words_at(self, since: float) -> float | None:
        """Return when the last words began after a failure, or None if nothing was heard of them.

        Args:
            since: When the caller began to wait.
        """

    def line(self, since: float) -> tuple[NDArray[Any], int]:
        """Return the sound since a time, (samples,), silence included, and its rate in Hz."""

    def sound_s(self, since: float) -> float:
        """Return how many seconds of sound were heard since a time, without the silence."""


class OutputEars:
    """Listens to what the session's output plays."""

    def __init__(self, call: Rehearsal) -> None:
        self._call = call

    def words_at(self, since: float) -> float | None:
        """Return when the last stretch of sound began."""
        sounds = self._call.sink.sounds(since)
        return sounds[-1][0] if sounds else None

    def line(self, since: float) -> tuple[NDArray[Any], int]:
        """Return the sound since a time, of the first channel."""
        heard = self._call.heard_since(since)
        return heard.samples[:: heard.num_channels], heard.sample_rate

    def sound_s(self, since: float) -> float:
        """Return how many seconds were played since a time."""
        return self._call.heard_since(since).sound_s


def outcome_of(call: Rehearsal, case: Case, broken_at: float, ears: Ears, *, draw: bool) -> Outcome:
    """Tell what a caller heard of a call that is over.

    Args:
        call: The call.
        case: What broke.
        broken_at: Since when the caller has waited, in the event loop's time.
        ears: Where the caller listened.
        draw: Whether the call is to be drawn on a page.
    """
    report = call.report
    closed = next((event.at_s for event in call.events if event.name == "close"), None)
    heard: str = "none" if report is None else report.played
    words_at = ears.words_at(broken_at) if heard in ("full", "part") else None
    if report is not None and report.path == "text":
        heard = "text"
    elif words_at is None:
        heard = "none"
    outcome = Outcome(
        case=case,
        heard=heard,
        words="" if report is None else report.transcript,
        origin=None if report is None else report.source,
        last_words_s=None if words_at is None else words_at - broken_at,
        closed_s=None if closed is None else closed - (broken_at - call.began_at),
        after=None if report is None else report.after,
        told_as=None if report is None else str(report.failure.kind),
    )
    return replace(outcome, drawn=_drawn(outcome, call, broken_at, ears)) if draw else outcome


def _drawn(outcome: Outcome, call: Rehearsal, broken_at: float, ears: Ears) -> Drawn:
    begin = max(broken_at - _BEFORE_S, call.began_at)
    moments = [
        (f"{event.name}: {event.detail}", event.at_s - (begin - call.began_at))
        for event in call.events
        if event.at_s >= begin - call.began_at
    ]
    if outcome.last_words_s is not None:
        moments.append(("first sound of the words", broken_at - begin + outcome.last_words_s))
    samples, sample_rate = ears.line(begin)
    return Drawn(
        title=outcome.case.name.replace(":", ", "),
        samples=samples,
        sample_rate=sample_rate,
        heard_s=ears.sound_s(broken_at),
        words=outcome.words,
        moments=moments,
        zero_s=broken_at - begin,
        verdict=None,
        is_well=outcome.is_well,
        anchor=outcome.case.name,
    )
