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
    turn     the caller's words are final and the agent only listens   unanswered_after_s; with a
                                                                       tool tool_give_up_after_s
    sound    the agent speaks, and no frame above -60 dBFS comes       give_up_after_s
    answer   the LLM has answered the caller with nothing              give_up_after_s; at once for
                                                                       the third time in a row
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from .deafness import Deafness
from .limits import CLOCK_S, SOON, Limits, hanging
from .steps import Deaf, Filler, GiveUp, Soon

if TYPE_CHECKING:
    from .limits import Owed
    from .settings import Silence
    from .steps import Look, Step

EMPTY_ANSWERS = 3
"""How many answers in a row may be empty, however soon the caller speaks again."""


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
        self._limits = Limits(silence)
        self._deafness = Deafness()
        self._state = State.PAID
        self._what: Owed = "reply"
        self._since = self._turn_since = 0.0
        self._next: float | None = None
        self._filled = False
        self._agent = "initializing"
        self._user = "listening"
        self._tools = 0
        self._words_came = False
        self._answered = False
        self._is_asked = True  # for a greeting, until the agent has spoken
        self._empty_answers = 0
        self._stays_owed = False
        self._reply_since: float | None = None
        self._interrupted: tuple[float, float] | None = None
        self._sound_ends: float | None = None
        self._heard_until = 0.0

    @property
    def state(self) -> State:
        """The present state of the debt."""
        return self._state

    @property
    def due_at(self) -> float | None:
        """When `check` is to be called next, or None."""
        at, deaf_at = self._next, self._deafness.due_at
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
        self._interrupted = None
        self._answered |= state in {"thinking", "speaking"}
        if state == "thinking":
            self._stays_owed = False
            if self._user != "speaking":
                self._owe_reply(now)
            return
        self._pay()
        self._filled = False
        if state == "speaking":
            self._deafness.answered()
            self._empty_answers = 0
            self._is_asked = self._stays_owed = False
            self._reply_since = None
            self._owe_sound(now)
            return
        self._sound_ends = None
        if self._stays_owed:
            self._owe_answer(now)

    def user(self, state: str, now: float, *, manual: bool = False) -> None:
        """Note the caller's new state.

        Args:
            state: The new one.
            now: The time.
            manual: Whether the application ends the turns, and not silence.
        """
        was, self._user = self._user, state
        if state == "speaking":
            self._deafness.began(now)
            self._words_came = self._answered = self._stays_owed = False
            self._interrupted = None
            self._is_asked = True
            self._reply_since = None
            self._pay()
        elif was == "speaking":
            self._user_stopped(now, manual=manual)

    def _user_stopped(self, now: float, *, manual: bool) -> None:
        if self._agent == "thinking":
            self._owe_reply(now)
        elif self._agent == "speaking":
            self._owe_sound(now)
        else:
            if self._words_came and not manual:
                self._owe_turn(now)
            if self._agent == "listening":
                self._deafness.ended(now)

    def transcript(self, now: float, *, final: bool, manual: bool = False) -> None:
        """Note words of the caller."""
        self._words_came = self._is_asked = True
        if final:
            self._deafness.words()  # interim ones may be all that ever comes
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

    def asked_anew(self, now: float) -> None:
        """Note a new question when all that was owed before it was interrupted.

        A question at the moment of an interruption finds the agent thinking, and brings no event
        of its state.
        """
        self._sound_ends = None  # what was still to be heard is cut off
        if self._agent == "thinking" and self._user != "speaking":
            self._pay()
            self._filled = False
            self._owe_reply(now)

    def interrupted(self) -> None:
        """Note that all the agent was to say was interrupted; a queued reply leaves it thinking."""
        if self._agent == "thinking" and self._what == "reply" and self._state is not State.PAID:
            self._interrupted = (self._since, self._turn_since)
            self._pay()

    def turn_goes_on(self, now: float) -> None:
        """Note a reply to words that the caller spoke before what was said then was interrupted."""
        if self._interrupted is not None:
            since, turn_since = self._interrupted
            self._owe("reply", since)
            self._turn_since = turn_since
            self._next = self._limits.following("reply", since, now)

    def speech_done(self) -> None:
        """Note that a speech that was created is over, spoken or not."""
        if self._agent in {"listening", "initializing"} and self._what == "reply":
            self._pay()

    def asked(self) -> None:
        """Note that the caller has asked something, spoken or written."""
        self._is_asked = True

    def answered_nothing(self, now: float) -> None:
        """Note that the LLM has ended its answer without a word.

        It is told before or after the agent's state becomes "listening". An answer that the caller
        has not asked for may be empty.
        """
        if not self._is_asked:
            return
        self._empty_answers += 1
        if self._agent == "thinking":
            self._stays_owed = True
        else:
            self._owe_answer(now)

    def _owe_answer(self, now: float) -> None:
        self._stays_owed = False
        if self._agent == "speaking" or self._user == "speaking":
            return
        since = now if self._reply_since is None else self._reply_since
        self._owe("answer", since)
        is_due = self._empty_answers >= EMPTY_ANSWERS
        self._next = now if is_due else self._limits.following("answer", since, now)

    def tool_began(self) -> None:
        """Note that a tool runs."""
        self._tools += 1

    def tool_ended(self, now: float, *, all_of_them: bool = False) -> None:
        """Note that a tool, or every running one, has ended: its reply is due from now on."""
        self._empty_answers = 0
        self._tools = 0 if all_of_them else max(self._tools - 1, 0)
        if self._state is not State.PAID:
            if self._what == "reply":
                self._owe_reply(now)
            elif self._what == "turn":
                self._owe("turn", now)

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
        self._deafness.close()

    # --- what to do ------------------------------------------------------------------------------

    def check(self, now: float, look: Look) -> Step | None:
        """Return what to do now, and set `due_at` for the next time.

        Args:
            now: The time.
            look: The session as it is now.
        """
        deaf_at = self._deafness.due_at
        if deaf_at is not None and now + CLOCK_S >= deaf_at and self._deafness.is_deaf():
            return Deaf()
        if self._next is None or now + CLOCK_S < self._next:
            return None
        if look.unheard:
            self._owe(self._what, now)
            return None
        if self._what == "turn" and not look.turn_pending:
            self._pay()
            return None
        return self._step(now, look)

    def _step(self, now: float, look: Look) -> Step | None:
        waited_s, tools = now - self._since, self._tools > 0 or look.tools_run
        filler_s, bound_s = self._limits.of(self._what, look, tools=tools)
        if self._what == "answer" and self._empty_answers >= EMPTY_ANSWERS:
            bound_s = 0.0
        if waited_s + CLOCK_S >= bound_s:
            self._state, self._next = State.GIVEN_UP, None
            self._empty_answers = 0
            return GiveUp(hanging(self._what, look, tools=tools), waited_s)
        self._next = self._limits.following(self._what, self._since, now)
        if filler_s is None or self._filled or look.covered:
            return None
        if waited_s + CLOCK_S < filler_s:
            return Soon() if waited_s + CLOCK_S >= filler_s * SOON else None
        self._filled, self._state = True, State.FILLED
        return Filler(waited_s)

    def _owe(self, what: Owed, since: float) -> None:
        if self._state is State.PAID or what == "sound":
            self._turn_since = since
        if what == "reply":
            self._reply_since = since
        self._what, self._since = what, since
        self._state = State.FILLED if self._filled else State.OWED
        self._next = self._limits.following(what, since, since)

    def _pay(self) -> None:
        self._state, self._next = State.PAID, None
