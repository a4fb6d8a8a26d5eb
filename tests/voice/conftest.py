"""A provider that speaks, for every test of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lastword.testing.gateway import Gateway
from voice.speech import SPEECH, made, spoken

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def provider() -> AsyncIterator[Gateway]:
    """A provider that speaks."""
    async with Gateway() as gateway:
        gateway.script(SPEECH, spoken())
        yield gateway


@pytest.fixture(autouse=True)
async def _closed_voices() -> AsyncIterator[None]:
    yield
    while made:
        await made.pop().aclose()
