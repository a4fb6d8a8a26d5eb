"""Leaves nothing attached behind: a session that hangs on purpose is not collected soon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lastword.session import attach

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _nothing_stays_attached() -> Iterator[None]:
    yield
    for session in list(attach._attached):
        last_word = attach.attached_to(session)
        if last_word is not None:
            last_word._closing = None  # its loop is gone
            last_word.detach()
