"""`lastword drill --room` makes its calls in a real room, and hears them where the caller is."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from typer.testing import CliRunner

from browser import dom_of, width_of
from lastword.cli.main import app
from testing.strangers import WORDS

if TYPE_CHECKING:
    import pytest

    from lastword.testing.room.server import Server

TESTS = Path(__file__).parents[1]


def test_the_calls_are_heard_at_the_far_end(
    known_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the server that the environment names; the page has what the caller's end recorded."""
    assert known_server.url
    monkeypatch.chdir(TESTS)
    page = tmp_path / "room.html"
    arguments = ["--room", "--only", "llm:quota_exhausted:speaking", "--html", str(page)]
    result = CliRunner().invoke(app, ["drill", "testing.strangers:mapping", *arguments, "--json"])
    assert result.exit_code == 0, result.output
    (row,) = json.loads(result.stdout)
    assert (row["heard"], row["words"], row["origin"]) == ("full", WORDS, "own_voice")
    assert row["after"] == "transfer_to"  # which fails: the caller has no telephone
    assert 0 < row["last_words_s"] < row["closed_s"]
    dom = dom_of(page, tmp_path)
    assert "in a real room, and recorded where the caller was" in dom
    (heard,) = re.findall(r'<section data-heard="([\d.]+)"', dom)
    assert float(heard) > 2.0  # the words, as a tone of the stand-in
    assert width_of(page, tmp_path, window_px=390) <= 390
