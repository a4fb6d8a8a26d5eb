"""Who takes the calls: whose words are said, and how long a freeze may last where."""

from types import SimpleNamespace

import pytest

from lastword.sentinel import switchboard
from lastword.sentinel.states import FILLER_AFTER_S
from lastword.sentinel.switchboard import Switchboard
from lastword.sentinel.wire import Call, Lines, Sound

OWN, ASKED, SECOND, FILLER = (Sound(bytes(2), words) for words in ("own", "asked", "2nd", "wait"))
HANG_UP = {"name": "hang_up"}
TRANSFER = {"name": "transfer_to", "target": "tel:+1"}


def board(lines: Lines) -> Switchboard:
    return Switchboard(lines, None, lambda: None)


def call(lines: Lines) -> Call:
    return Call("u", "t", "r", "a", None, 1, lines)


async def test_a_call_says_its_own_words_unless_the_sentinel_has_some() -> None:
    asked = Lines(ASKED, SECOND, FILLER, TRANSFER, tell=False)
    assert board(Lines())._lines_for(call(asked)) == asked
    own = board(Lines(first=OWN, after=HANG_UP))._lines_for(call(asked))
    assert own == Lines(OWN, None, FILLER, HANG_UP, tell=False)


@pytest.mark.parametrize(("platform", "times"), [("linux", 1.0), ("darwin", 3.0)])
async def test_a_freeze_may_last_longer_where_starving_cannot_be_told_from_it(
    monkeypatch: pytest.MonkeyPatch, platform: str, times: float
) -> None:
    monkeypatch.setattr(switchboard, "sys", SimpleNamespace(platform=platform))
    assert board(Lines())._bounds["filler_after_s"] == FILLER_AFTER_S * times
