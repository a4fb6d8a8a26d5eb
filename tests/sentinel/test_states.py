"""Frozen, starved, dead, or only slow: the decision over one call, in virtual seconds."""

import pytest

from lastword.sentinel.states import BACK_AFTER_S, BEAT_S, LOOK_EVERY_S, State, Vigil


def looked_at(vigil: Vigil, until_s: float, *, waiting: float = 0.0) -> list[tuple[float, State]]:
    """Look every tenth of a second without a beat; what changed, and when.

    Args:
        vigil: Whose last beat was at 0.
        until_s: How long.
        waiting: Which part of the time the process waits for a CPU.
    """
    changes = []
    for tenth in range(1, round(until_s * 10) + 1):
        before, now_s = vigil.state, tenth / 10
        if vigil.look(now_s, now_s * waiting) is not before:
            changes.append((now_s, vigil.state))
    return changes


def test_a_process_that_beats_is_only_watched() -> None:
    vigil = Vigil(0.0)
    for beat in range(400):
        vigil.beat(beat * BEAT_S)
        assert vigil.look(beat * BEAT_S + 0.2, 0.0) is State.WATCHED


def test_a_frozen_process_is_bridged_then_given_up() -> None:
    changes = looked_at(Vigil(0.0), 7.0)
    assert changes == [(2.0, State.FILLER), (6.0, State.SPEAKING)]


def test_a_starved_process_is_left_alone() -> None:
    """It has waited for a CPU nearly all the time."""
    assert looked_at(Vigil(0.0), 30.0, waiting=0.98) == []


def test_a_process_that_is_starved_and_frozen_takes_longer() -> None:
    changes = looked_at(Vigil(0.0), 14.0, waiting=0.5)
    assert [state for _, state in changes] == [State.FILLER, State.SPEAKING]
    assert 3.9 <= changes[0][0] <= 4.1
    assert 11.8 <= changes[1][0] <= 12.1


def test_a_process_that_comes_back_keeps_its_call() -> None:
    vigil = Vigil(0.0)
    looked_at(vigil, 3.0)
    assert vigil.state is State.FILLER
    vigil.beat(3.1)
    assert vigil.look(3.2, 0.0) is State.WATCHED
    assert vigil.look(5.0, 0.0) is State.WATCHED
    assert vigil.look(5.2, 0.0) is State.FILLER


def test_what_the_watcher_itself_is_late_does_not_count() -> None:
    """Where it got no CPU, the process got none either."""
    vigil = Vigil(0.0)
    assert vigil.look(10.0, 0.0, late_s=9.8) is State.WATCHED
    assert vigil.silent_s == pytest.approx(0.2)


def test_a_death_ends_the_watch_at_once() -> None:
    vigil = Vigil(0.0)
    vigil.died()
    assert vigil.state is State.SPEAKING
    assert not vigil.watches
    vigil.followed_up()
    vigil.died()
    assert vigil.state is State.FOLLOW_UP


def test_it_rests_while_beats_come() -> None:
    vigil = Vigil(0.0)
    assert vigil.rest_s(0.1) == pytest.approx(BACK_AFTER_S - 0.1)
    assert vigil.rest_s(1.0) == LOOK_EVERY_S
    assert vigil.is_well(0.1)
    assert not vigil.is_well(BACK_AFTER_S)
