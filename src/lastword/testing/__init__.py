"""Rehearses failures: calls to hold, ways to break them, scripted providers and outputs.

    from lastword.testing import rehearse

    async with rehearse(make_session, stand_ins=True, virtual_time=True) as call:
        call.break_component("llm", with_="quota_exhausted")
        await call.says("hello?")
        report = await call.closed()
        assert report.played == "full"

Importing this package imports nothing else: each name imports its module when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import exports

if TYPE_CHECKING:
    from .answers import (
        Answer,
        breaks_after,
        fails_inside,
        openai_error,
        out_of_credits,
        overloaded,
        quota_exceeded,
        rate_limited,
        stall,
        status,
        unauthorized,
    )
    from .beginning import rehearse
    from .clock import virtual_time
    from .documented import ProviderFailure, failures
    from .exceptions import exception_of_kind
    from .faults import Fault, dies, empty, hangs, raises
    from .gateway import Gateway, Received
    from .heard import Heard
    from .outage import break_component
    from .record import Event
    from .rehearsal import Rehearsal
    from .sink import RecordingSink, Segment, StallingSink
    from .sockets import Step, closes, drops, receives, sends, waits, websocket
    from .speech import hears, speaks
    from .stand_ins import Reply
    from .turns import calls_tool, says, says_nothing

# name -> the module that has it; tests/test_public_names.py ties this table to __all__.
_MODULES = {
    "Answer": ".answers",
    "Event": ".record",
    "Fault": ".faults",
    "Gateway": ".gateway",
    "Heard": ".heard",
    "ProviderFailure": ".documented",
    "Received": ".gateway",
    "RecordingSink": ".sink",
    "Rehearsal": ".rehearsal",
    "Reply": ".stand_ins",
    "Segment": ".sink",
    "StallingSink": ".sink",
    "Step": ".sockets",
    "break_component": ".outage",
    "breaks_after": ".answers",
    "calls_tool": ".turns",
    "closes": ".sockets",
    "dies": ".faults",
    "drops": ".sockets",
    "empty": ".faults",
    "exception_of_kind": ".exceptions",
    "fails_inside": ".answers",
    "failures": ".documented",
    "hangs": ".faults",
    "hears": ".speech",
    "openai_error": ".answers",
    "out_of_credits": ".answers",
    "overloaded": ".answers",
    "quota_exceeded": ".answers",
    "raises": ".faults",
    "rate_limited": ".answers",
    "receives": ".sockets",
    "rehearse": ".beginning",
    "says": ".turns",
    "says_nothing": ".turns",
    "sends": ".sockets",
    "speaks": ".speech",
    "stall": ".answers",
    "status": ".answers",
    "unauthorized": ".answers",
    "virtual_time": ".clock",
    "waits": ".sockets",
    "websocket": ".sockets",
}

__all__ = [
    "Answer",
    "Event",
    "Fault",
    "Gateway",
    "Heard",
    "ProviderFailure",
    "Received",
    "RecordingSink",
    "Rehearsal",
    "Reply",
    "Segment",
    "StallingSink",
    "Step",
    "break_component",
    "breaks_after",
    "calls_tool",
    "closes",
    "dies",
    "drops",
    "empty",
    "exception_of_kind",
    "fails_inside",
    "failures",
    "hangs",
    "hears",
    "openai_error",
    "out_of_credits",
    "overloaded",
    "quota_exceeded",
    "raises",
    "rate_limited",
    "receives",
    "rehearse",
    "says",
    "says_nothing",
    "sends",
    "speaks",
    "stall",
    "status",
    "unauthorized",
    "virtual_time",
    "waits",
    "websocket",
]

if not TYPE_CHECKING:  # else no wrong name would be an error for a type checker
    __getattr__, __dir__ = exports(__name__, _MODULES)
