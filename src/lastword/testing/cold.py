"""Keeps components from connecting ahead of their work, for calls that are to ask nobody.

An `AgentSession` prewarms its LLM when it is made (1.8), and every component of an agent when the
agent begins; most plugins then look up their provider's address and connect to it.
"""

from __future__ import annotations

import contextlib
import functools
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from livekit.agents import llm, stt, tts

from .._upstream.components import derived_from

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_is_cold: ContextVar[bool] = ContextVar("lastword_is_cold", default=False)
_own: dict[Any, Callable[..., None]] = {}  # class -> its own `prewarm`, where it was replaced
_num_inside = 0


@contextlib.contextmanager
def nothing_prewarmed() -> Iterator[None]:
    """Let no component connect ahead of its work, in this context and the tasks that it starts.

    It concerns the classes that are known on entry: enter again when more may have been imported.
    """
    global _num_inside  # noqa: PLW0603 - classes are shared by all rehearsals of the process
    token = _is_cold.set(True)
    _num_inside += 1
    for cls in derived_from(llm.LLM, stt.STT, tts.TTS):
        if "prewarm" in vars(cls) and cls not in _own:
            _own[cls] = cls.prewarm
            cls.prewarm = _unless_cold(cls.prewarm)
    try:
        yield
    finally:
        _num_inside -= 1
        while _own and not _num_inside:
            cls, prewarm = _own.popitem()
            cls.prewarm = prewarm
        with contextlib.suppress(ValueError):  # it was entered in another context
            _is_cold.reset(token)


def _unless_cold(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def prewarm(self: Any, *args: Any, **kwargs: Any) -> None:
        if not _is_cold.get():
            original(self, *args, **kwargs)

    return prewarm
