"""The breaks that the tests must notice: each is one replacement in the package's own text."""

from __future__ import annotations

from dataclasses import dataclass

SCENARIOS = "tests/session/test_scenarios.py"
SPEAKER = "tests/session/playout/test_speaker.py"
POLICY = "tests/failure/test_policy.py"
IN_SESSION = "tests/failure/test_policy_in_session.py"
TEARDOWN = "tests/session/test_teardown.py"
GUARD = "tests/session/test_guard.py"
GUARD_SESSIONS = "tests/session/test_guard_sessions.py"


@dataclass(frozen=True)
class Mutant:
    """One break.

    Attributes:
        what: What is wrong then, for the table.
        file: The file, below `src/lastword`.
        old: Text that stands there exactly once.
        new: Text in its place.
        tests: The test files of which one at least must fail.
    """

    what: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


MUTANTS = (
    Mutant(
        "every frame counts as the first one",
        "session/playout/heard.py",
        "if self.first_frame_at is None:",
        "if True:",
        (SCENARIOS,),
    ),
    Mutant(
        "every frame is the clip's first one",
        "session/playout/speaker.py",
        "            yield frame\n",
        "            yield frames[0]\n",
        (SCENARIOS,),
    ),
    Mutant(
        "first_frame_s is taken at the second frame",
        "session/playout/heard.py",
        "if self.first_frame_at is None:",
        "if self.first_frame_at is None and self.accepted:",
        (SPEAKER,),
    ),
    Mutant(
        "rewind goes one frame too far back",
        "session/playout/heard.py",
        "int(self.position_s / frame_s + 1e-6))",
        "max(int(self.position_s / frame_s + 1e-6) - 1, 0))",
        (SPEAKER,),
    ),
    Mutant(
        "rewind skips one frame",
        "session/playout/heard.py",
        "int(self.position_s / frame_s + 1e-6))",
        "int(self.position_s / frame_s + 1e-6) + 1)",
        (SPEAKER,),
    ),
    Mutant(
        "the words enter the chat history",
        "session/playout/speaker.py",
        "add_to_chat_ctx=False",
        "add_to_chat_ctx=True",
        (SCENARIOS,),
    ),
    Mutant(
        "a phone's tail is 0.2 s",
        "session/after/followup.py",
        "SIP_TAIL_S = 1.0",
        "SIP_TAIL_S = 0.2",
        ("tests/session/after/test_followup.py",),
    ),
    Mutant(
        "every call has a phone's tail",
        "session/after/followup.py",
        "return SIP_TAIL_S if is_phone(self._place.caller) else TAIL_S",
        "return SIP_TAIL_S",
        (SCENARIOS,),
    ),
    Mutant(
        "two close events",
        "session/closing.py",
        "        if self._state is State.CLOSED:\n            return False\n",
        "",
        ("tests/session/after/test_followup.py",),
    ),
    Mutant(
        "the policy is not reset after a close",
        "session/last_word.py",
        "        self._decisions.reset()  # the session may be started again\n",
        "",
        (IN_SESSION,),
    ),
    Mutant(
        "a reset forgets no failures in a row",
        "failure/policy.py",
        "        self._runs.clear()\n",
        "",
        (POLICY,),
    ),
    Mutant(
        "a reset forgets no failure that goes on",
        "failure/policy.py",
        "        self._lasting.clear()\n",
        "",
        (POLICY,),
    ),
    Mutant(
        "the third recovery in a row is tolerated",
        "failure/policy.py",
        "return self._recovered < RECOVERING_LIMIT",
        "return self._recovered <= RECOVERING_LIMIT",
        (POLICY,),
    ),
    Mutant(
        "a reset forgets no recovery",
        "failure/policy.py",
        "clear()\n        self._recovered = self._failed_turns = self._cut_short = 0",
        "clear()\n        self._failed_turns = self._cut_short = 0",
        (POLICY,),
    ),
    Mutant(
        "an apology ends a rate limit",
        "failure/policy.py",
        "self.heard <= 1",
        "self.heard < 1",
        (POLICY,),
    ),
    Mutant(
        "each sentence of a turn counts",
        "failure/policy.py",
        "            return False\n        self.turn = turn",
        "            pass\n        self.turn = turn",
        (POLICY,),
    ),
    Mutant(
        "own voice goes on being rendered after the error",
        "session/last_word.py",
        "        self._owner.closing = True\n        self._preparation.stop()\n",
        "        self._owner.closing = True\n",
        ("tests/session/words/test_own_voice.py",),
    ),
    Mutant(
        "the standby track is never removed",
        "session/preparation.py",
        "            self._standby.remove()",
        "            pass",
        ("tests/session/test_standby.py",),
    ),
    Mutant(
        "a cancelled stage ends the sequence",
        "session/closing.py",
        "        except asyncio.CancelledError:\n            return True",
        "        except asyncio.CancelledError:\n            raise",
        (TEARDOWN,),
    ),
    Mutant(
        "the wait for the interrupted speech is left out",
        "session/playout/speaker.py",
        "if interrupted is not None and not self._over:",
        "if False:",
        (SPEAKER,),
    ),
    Mutant(
        "say() outlives the first-frame budget",
        "session/playout/speaker.py",
        "limit_s = min(limit_s, self._deadline - self._loop.time())",
        "pass",
        (SPEAKER,),
    ),
    Mutant(
        "a caller who hangs up does not end the message",
        "session/ending.py",
        "Presence(self._place.room, identity, self.abort.set)",
        "Presence(self._place.room, identity, lambda: None)",
        (GUARD,),
    ),
    Mutant(
        "guard repeats what the session has said",
        "session/guard.py",
        "            return  # the session has spoken for itself\n",
        "            pass\n",
        (GUARD_SESSIONS,),
    ),
    Mutant(
        "the session speaks beside guard",
        "session/guard.py",
        "            last_word.detach()",
        "            pass",
        (GUARD_SESSIONS,),
    ),
)
