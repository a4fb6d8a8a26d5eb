"""A speech that stalls is found at the output, and one that plays on is no silence."""

from __future__ import annotations

import pytest

from lastword.session.silence.steps import Filler, GiveUp
from session.silence.on_paper import TTS, asked


def test_a_speech_stalls() -> None:
    call = asked(TTS).wait(1.0).frames(0.5).agent("speaking").frames(0.5)
    start = call.now
    call.wait(60.0)
    assert call.steps == [(pytest.approx(start + 31.0), GiveUp("tts", pytest.approx(30.0)))]


def test_sound_near_zero_is_a_stall() -> None:
    call = asked(TTS).wait(1.0).frames(0.5).agent("speaking")
    start = call.now
    for _ in range(80):
        call.frames(0.5, audible=False).wait(0.5)
    assert call.steps == [(pytest.approx(start + 30.5), GiveUp("tts", pytest.approx(30.0)))]


def test_a_long_speech_is_no_stall_however_it_is_taken() -> None:
    at_once = asked(TTS).wait(1.0).frames(300.0).agent("speaking").wait(299.0)
    assert at_once.done == []
    bit_by_bit = asked(TTS).wait(1.0).agent("speaking")
    for _ in range(300):
        bit_by_bit.frames(1.0).wait(1.0)
    assert bit_by_bit.agent("listening").wait(300.0).done == []


def test_a_speech_that_still_plays_while_the_agent_thinks_is_no_silence() -> None:
    """livekit-agents says `thinking` for a reply that is asked for while another speech plays."""
    call = asked().wait(1.0).agent("speaking").frames(60.0).wait(1.0).agent("thinking")
    call.wait(62.0)
    assert call.done == []
    call.wait(30.0)
    assert [type(step) for step in call.done] == [Filler, GiveUp]


def test_frames_that_come_while_the_agent_thinks_are_no_silence() -> None:
    call = asked().wait(1.0).agent("speaking").frames(1.0).wait(1.0).agent("thinking")
    for _ in range(60):
        call.frames(1.0).wait(1.0)
    assert call.done == []
    assert [type(step) for step in call.wait(40.0).done] == [Filler, GiveUp]


def test_a_pause_in_a_speech_is_no_stall() -> None:
    call = asked(TTS).wait(1.0).agent("speaking")
    for _ in range(5):
        call.frames(2.0).wait(29.0 + 2.0)
    assert call.done == []


def test_a_speech_whose_frames_nobody_shows_is_not_judged() -> None:
    assert asked(TTS).wait(1.0).agent("speaking").wait(600.0).done == []


def test_the_caller_talking_over_a_speech_owes_nothing() -> None:
    call = asked(TTS).wait(1.0).frames(1.0).agent("speaking").user("speaking").wait(100.0)
    assert call.done == []
    call.user("listening").wait(31.0)
    assert call.done == [GiveUp("tts", pytest.approx(30.0))]


def test_a_speech_that_is_cut_off_by_the_next_question_is_not_waited_for() -> None:
    call = asked(TTS).wait(1.0).agent("speaking").frames(60.0).wait(1.0)
    call.debt.asked_anew(call.now)
    call.agent("thinking")
    start = call.now
    call.wait(40.0)
    assert call.steps[-1] == (pytest.approx(start + 30.0), GiveUp("tts", pytest.approx(30.0)))
