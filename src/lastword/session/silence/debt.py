"""Decides when an agent has been silent for too long. Knows no session, no clock and no sound.

    state      the caller                                           left by
    ---------  ---------------------------------------------------  ---------------------------
    PAID       is spoken to, speaks, or does not wait               a turn that is the agent's
    OWED       waits for a reply, the end of a turn, a next sound   a sound, `listening`, words
                                                                    of the caller; a filler
    FILLED     has been asked to wait, once in this turn            the same; the bound
    GIVEN_UP   gets the last words, if no handler keeps the call    the same; a new start

What is owed, and the bound of `Silence` it has:

    reply    the agent thinks, or a speech of it was created           give_up_after_s; with a tool
                                                                       running tool_give_up_after_s
    turn     the caller's words are final and the agent only listens   unanswered_after_s
    sound    the agent speaks, and no frame above -60 dBFS comes       give_up_after_s
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Literal

from .steps import Deaf, Filler, GiveUp, Soon

if TYPE_CHECKING:
    from .settings import Silence
    from .steps import Hanging, Look, Step

DEAF_UTTERANCES = 3
"""How many utterances in a row without a transcript make an agent count as deaf."""

DEAF_UTTERANCE_S = 0.7
"""Anything shorter is a cough or a door."""

DEAF_WAIT_S = 3.0
"""How long the transcript of an utterance may take."""

_ORDER: tuple[Hanging, ...] = ("llm", "realtime", "tts")
"""Who is waited for if several are asked: the first in here, as a streaming TTS waits for text."""

SOON = 0.5
"""The fraction of the time to a filler after which it is prepared: a track in the room costs 2 % of
a core while it waits, and most replies have come by then."""

_CLOCK_S = 1e-6
"""How much too early a timer may fire."""


class State(Enum):
    """The states of a debt."""

    PAID = "paid"
    OWED = "owed"
    FILLED = "filled"
    GIVEN_UP = "given_up"


class Debt:
    """What an agent owes its caller.

    Events are noted with the time they came at; at `due_at`, `check` says what to do. All times
    are seconds of one monotonic clock.

    Args:
        silence: The bounds.
    """

    def __init__(self, silence: Silence) -> None:
        self._silence = silence
        self._wants_filler = silence.wants_filler
        self._times = _times_of(silence)
        self._state = State.PAID
        self._what: Literal["reply", "turn", "sound"] = "reply"
        self._since = self._turn_since = 0.0
        self._next: float | None = None
        self._filled = False
        self._agent = "initializing"
        self._user = "listening"
        self._tools = 0
        self._words_came = False
        self._answered = False
        self._user_began: float | None = None
        self._unheard = 0
        self._deaf_at: float | None = None
        self._told_deaf = False
        self._sound_ends: float | None = None
        self._heard_until = 0.0

    @property
    def state(self) -> State:
        """The present state of the debt."""
        return self._state

    @property
    def due_at(self) -> float | None:
        """When `check` is to be called next, or None."""
        at, deaf_at = self._next, self._deaf_at
        if at is None or (deaf_at is not None and deaf_at < at):
            return deaf_at
        return at

    def waited_s(self, now: float) -> float:
        """Return how long the caller has been waiting in this turn; 0.0 if nothing is owed."""
        return 0.0 if self._state is State.PAID else max(now - self._turn_since, 0.0)

    # --- what happens ---------------------------------------------------------------------------

    def agent(self, state: str, now: float) -> None:
        """Note the agent's new state."""
        self._agent = state
        self._answered |= state in {"thinking", "speaking"}
        if state == "thinking":
            if self._user != "speaking":
                self._owe_reply(now)
            return
        self._pay()
        self._filled = False
        if state == "speaking":
            self._unheard = 0
            self._owe_sound(now)
        else:
            self._sound_ends = None

    def user(self, state: str, now: float, *, manual: bool = False) -> None:
        """Note the caller's new state.

        Args:
            state: The new one.
            now: The time.
            manual: Whether the application ends the turns, and not silence.
        """
        was, self._user = self._user, state
        if state == "speaking":
            self._user_began, self._words_came, self._answered = now, False, False
            self._deaf_at = None
            self._pay()
        elif was == "speaking":
            self._user_stopped(now, manual=manual)

    def _user_stopped(self, now: float, *, manual: bool) -> None:
        spoke_s = now - self._user_began if self._user_began is not None else 0.0
        if self._agent == "thinking":
            self._owe_reply(now)
        elif self._agent == "speaking":
            self._owe_sound(now)
        elif self._words_came and not manual:
            self._owe_turn(now)
        elif self._agent == "listening" and spoke_s >= DEAF_UTTERANCE_S:
            self._deaf_at = now + DEAF_WAIT_S

    def transcript(self, now: float, *, final: bool, manual: bool = False) -> None:
        """Note words of the caller."""
        self._words_came = True
        self._unheard = 0
        self._deaf_at = None
        if final and not manual and self._user != "speaking":
            self._owe_turn(now)

    def _owe_turn(self, now: float) -> None:
        """Owe an end of the caller's turn; words may come after the answer to them was spoken."""
        if self._agent == "listening" and not self._answered:
            self._owe("turn", now)

    def speech_created(self, now: float) -> None:
        """Note that the agent was asked to speak in a way that brings it no `thinking`."""
        self._answered = True
        if self._agent in {"listening", "initializing"} and self._user != "speaking":
            self._owe("reply", now)

    def speech_done(self) -> None:
        """Note that a speech that was created is over, spoken or not."""
        if self._agent in {"listening", "initializing"} and self._what == "reply":
            self._pay()

    def tool_began(self) -> None:
        """Note that a tool runs."""
        self._tools += 1

    def tool_ended(self, now: float, *, all_of_them: bool = False) -> None:
        """Note that a tool, or every running one, has ended: its reply is due from now on."""
        self._tools = 0 if all_of_them else max(self._tools - 1, 0)
        if self._state is not State.PAID and self._what == "reply":
            self._owe_reply(now)

    def sound(self, duration_s: float, now: float, *, audible: bool) -> None:
        """Note a frame that the output has taken.

        An output may take a whole speech at once, even before the agent's state is "speaking"; it
        plays what it has taken from then on.
        """
        if self._sound_ends is None:
            self._heard_until = now
        self._sound_ends = max(self._sound_ends or now, now) + duration_s
        if not audible:
            return
        self._heard_until = self._sound_ends
        if self._agent == "speaking":
            self._owe_sound(now)
        elif self._agent == "thinking" and self._state in {State.OWED, State.FILLED}:
            self._owe_reply(now)

    def _owe_reply(self, now: float) -> None:
        """Owe a reply: the agent may begin to think while what it said before still plays."""
        plays = self._sound_ends is not None
        self._owe("reply", max(self._heard_until, now) if plays else now)

    def _owe_sound(self, now: float) -> None:
        """Owe the next sound from the end of the last; nothing where no output shows its frames."""
        if self._sound_ends is not None and self._user != "speaking":
            self._owe("sound", max(self._heard_until, now))

    def restart(self, now: float) -> None:
        """Start waiting again: a handler has kept the session."""
        if self._state is State.GIVEN_UP:
            self._owe(self._what, now)

    def close(self) -> None:
        """Note that the session closes: nothing is owed any more."""
        self._pay()
        self._deaf_at = None

    # --- what to do ------------------------------------------------------------------------------

    def check(self, now: float, look: Look) -> Step | None:
        """Return what to do now, and set `due_at` for the next time.

        Args:
            now: The time.
            look: The session as it is now.
        """
        if self._deaf_at is not None and now + _CLOCK_S >= self._deaf_at:
            self._deaf_at = None
            self._unheard += 1
            if self._unheard == DEAF_UTTERANCES and not self._told_deaf:
                self._told_deaf = True
                return Deaf()
        if self._next is None or now + _CLOCK_S < self._next:
            return None
        if look.unheard:
            self._owe(self._what, now)
            return None
        if self._what == "turn" and not look.turn_pending:
            self._pay()
            return None
        return self._step(now, look)

    def _step(self, now: float, look: Look) -> Step | None:
        waited_s = now - self._since + _CLOCK_S
        filler_s, bound_s = self._bounds(look)
        if waited_s >= bound_s:
            self._state, self._next = State.GIVEN_UP, None
            return GiveUp(self._hanging(look), now - self._since)
        self._next = self._following(now)
        if filler_s is None or self._filled or look.covered:
            return None
        if waited_s < filler_s:
            return Soon() if waited_s >= filler_s * SOON else None
        self._filled, self._state = True, State.FILLED
        return Filler(now - self._since)

    def _following(self, now: float) -> float:
        """Return the next time at which a bound may be reached, whoever hangs by then."""
        since = self._since
        for seconds in self._times[self._what]:
            if since + seconds > now + _CLOCK_S:
                return since + seconds
        return now

    def _bounds(self, look: Look) -> tuple[float | None, float]:
        """Return the seconds to a filler, or None, and to the last words."""
        silence = self._silence
        if self._what == "turn":
            return None, silence.unanswered_after_s
        if self._what == "sound":
            return None, silence.give_up_after_s
        if self._tools or not look.in_flight:
            filler_s, bound_s = silence.tool_filler_after_s, silence.tool_give_up_after_s
        else:
            filler_s, bound_s = silence.filler_after_s, silence.give_up_after_s
        return (filler_s if self._wants_filler else None), bound_s

    def _hanging(self, look: Look) -> Hanging:
        if self._what == "turn":
            return "turn"
        if self._tools and self._what == "reply":
            return "tool"
        nobody: Hanging = "tts" if self._what == "sound" else "tool"
        return next((who for who in _ORDER if who in look.in_flight), nobody)

    def _owe(self, what: Literal["reply", "turn", "sound"], since: float) -> None:
        if self._state is State.PAID or what == "sound":
            self._turn_since = since
        self._what, self._since = what, since
        self._state = State.FILLED if self._filled else State.OWED
        self._next = self._following(since)

    def _pay(self) -> None:
        self._state, self._next = State.PAID, None


def _times_of(silence: Silence) -> dict[str, tuple[float, ...]]:
    """Return the seconds after which something may have to be done, in order."""
    fillers = (silence.filler_after_s, silence.tool_filler_after_s) if silence.wants_filler else ()
    reply = [silence.give_up_after_s, silence.tool_give_up_after_s, *fillers]
    reply += [seconds * SOON for seconds in fillers]
    return {
        "turn": (silence.unanswered_after_s,),
        "sound": (silence.give_up_after_s,),
        "reply": tuple(sorted(reply)),
    }
