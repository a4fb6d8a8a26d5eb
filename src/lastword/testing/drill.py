"""Takes a session through one failure: makes the cases of a drill, and tells what a caller heard.

A case is a component, what breaks it, and what the call is doing at that moment. All components
are stand-ins and time is virtual: no provider is asked, and a minute of silence takes no minute.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from livekit.agents import function_tool, llm

from ..bounded import within
from .beginning import prepare
from .exceptions import kinds_of
from .faults import dies, empty, fault_of, hangs
from .page import Drawn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .beginning import MakeSession
    from .exceptions import Part
    from .faults import Fault
    from .rehearsal import Rehearsal

State: TypeAlias = Literal["start", "idle", "thinking", "speaking", "tool"]
STATES: tuple[State, ...] = ("start", "idle", "thinking", "speaking", "tool")
"""What a call does when something breaks: it begins, waits for the caller, waits for the LLM,
speaks, or runs a tool."""

_SILENT: dict[str, Callable[[], Fault]] = {"hangs": hangs, "empty": empty, "dies": dies}
# An STT that hears nothing is like a caller who says nothing: no drill can tell them apart.
_SILENT_WAYS: dict[str, tuple[str, ...]] = {
    "llm": ("hangs", "empty", "dies"),
    "tts": ("hangs", "empty", "dies"),
    "stt": ("dies",),
    "realtime": ("hangs", "empty"),
    "tool": ("hangs",),
}

PATIENCE_S = 60.0
"""How long a caller waits for a sound before giving up, in seconds."""
_TOOL_PATIENCE_S = 180.0  # a tool may take two minutes before it counts as one that hangs
_ASKS_AGAIN_S = 5.0  # of quiet, after a turn that ended without a word
_TOOL_S = 2.0
_THINKS_S = 2.0
_WORD_S = 0.3
_BEFORE_S = 1.0  # of the call shown before something breaks


@dataclass(frozen=True)
class Case:
    """One failure to rehearse.

    Attributes:
        component: "llm", "stt", "tts", "realtime" or "tool".
        fault: A kind of failure, "hangs", "empty" or "dies".
        state: What the call is doing when it happens.
    """

    component: str
    fault: str
    state: State

    @property
    def name(self) -> str:
        """The case in one word."""
        return f"{self.component}:{self.fault}:{self.state}"


@dataclass(frozen=True)
class Outcome:
    """What a caller heard of one failure.

    Attributes:
        case: The failure.
        heard: "full", "part" or "none": how much of the last words, or "text" if they were shown to
            a caller without sound.
        words: The last words; empty if there were none.
        origin: Where their sound came from: "clip", "own_voice" or "bundled"; None without any.
        last_words_s: How long the caller waits for them: seconds from when something broke, or did
            not answer; None if they were not heard.
        closed_s: Seconds from then to the close; None if the session stayed open.
        after: The action that would follow, or None.
        told_as: The kind of failure that was reported, or None.
        drawn: The call for a page, or None if it was not asked for.
    """

    case: Case
    heard: str
    words: str
    origin: str | None
    last_words_s: float | None
    closed_s: float | None
    after: str | None
    told_as: str | None
    drawn: Drawn | None = field(default=None, repr=False)

    @property
    def is_well(self) -> bool:
        """Whether the caller heard something before the call ended."""
        return self.heard != "none"


def components_of(call: Rehearsal) -> list[str]:
    """List the components that a session has, those of its agent included."""
    session, agent = call.session, call.agent
    model = agent.llm or session.llm
    found = []
    if model:
        found.append("realtime" if isinstance(model, llm.RealtimeModel) else "llm")
    found += ["stt"] * bool(agent.stt or session.stt) + ["tts"] * bool(agent.tts or session.tts)
    return found


def cases_for(components: Iterable[str]) -> list[Case]:
    """List every kind of failure of every component in every state, silent ones too."""
    cases = []
    for component in [*components, "tool"]:
        kinds = [] if component == "tool" else kinds_of(cast("Part", component))
        faults = [*map(str, kinds), *_SILENT_WAYS[component]]
        states: tuple[State, ...] = ("tool",) if component == "tool" else STATES
        cases += [Case(component, fault, state) for fault in faults for state in states]
    return cases


async def run(make_session: MakeSession, case: Case, *, draw: bool) -> Outcome:
    """Rehearse one failure and return what the caller heard.

    Args:
        make_session: Makes the session, as for `rehearse`.
        case: The failure.
        draw: Whether the call is to be drawn on a page.
    """
    async with prepare(make_session, stand_ins=True, virtual_time=True) as call:
        tool = _Tool(hangs=case.component == "tool")
        await call.agent.update_tools([*call.agent.tools, tool.made])
        broken_at = await _break(call, case, tool)
        await _suffer(call, _TOOL_PATIENCE_S if case.component == "tool" else PATIENCE_S)
        return _outcome(call, case, broken_at, draw=draw)


class _Tool:
    """A slow tool; the agent's own tools are not called, because they may have effects."""

    def __init__(self, *, hangs: bool) -> None:
        self.called = asyncio.Event()

        @function_tool(name="drill_takes_its_time")
        async def wait() -> str:
            """Take some time."""
            self.called.set()
            await asyncio.sleep(10 * PATIENCE_S if hangs else _TOOL_S)
            return "done"

        self.made: Any = wait


async def _break(call: Rehearsal, case: Case, tool: _Tool) -> float:
    """Bring a call into a state and break it there; return since when the caller has waited."""
    hears = case.component in ("stt", "realtime")  # for all others it is work without a result
    if case.state == "start":
        _break_now(call, case)
        await call.start(stand_in=True, hears=hears)
        broken_at = _now()
        await _ask(call)
        return broken_at
    await call.start(stand_in=True, hears=hears)
    reply = call.reply
    if case.state == "tool":
        reply.tool = "drill_takes_its_time"
    elif case.state == "thinking":
        reply.thinks_s = _THINKS_S
    elif case.state == "speaking":
        reply.word_s = _WORD_S
    await _ask(call)
    if case.state == "tool":
        await within(tool.called.wait(), PATIENCE_S)
    elif case.state in ("speaking", "idle"):
        await call.state("speaking")
    if case.state == "idle":
        await call.state("listening")
    else:
        await asyncio.sleep(0.5)
    broken_at = _now()
    _break_now(call, case)
    if case.state == "idle":
        await asyncio.sleep(0.5)
        if not call.failed_at:  # a component fails unnoticed until it is asked
            broken_at = _now()
            await _ask(call)
    return broken_at


def _break_now(call: Rehearsal, case: Case) -> None:
    if case.component == "tool":
        return  # it has hung from the beginning
    part = cast("Part", case.component)
    silent = _SILENT.get(case.fault)
    call.break_component(part, with_=silent() if silent else fault_of(case.fault, part))


async def _suffer(call: Rehearsal, patience_s: float) -> None:
    """Wait for the end as a caller does, who speaks again after a turn without words."""
    give_up_at = _now() + patience_s
    while not call.has_closed and _now() < give_up_at:
        left_s = give_up_at - _now()
        if call.session.agent_state == "listening":
            try:
                await call.state("thinking", "speaking", within_s=min(_ASKS_AGAIN_S, left_s))
            except TimeoutError:
                await _ask(call)
        else:
            await call.changed(within_s=left_s)
    if call.last_word is not None:
        await call.last_word.settled()


async def _ask(call: Rehearsal) -> None:
    """Let the caller say something; a closing session no longer hears it."""
    if call.has_closed or (call.last_word is not None and call.last_word.closing):
        return
    try:
        await call.says("Hello?")
    except RuntimeError:  # it has just begun to close
        await asyncio.sleep(0)


def _outcome(call: Rehearsal, case: Case, broken_at: float, *, draw: bool) -> Outcome:
    report = call.report
    sounds = call.sink.sounds(broken_at)
    closed = next((event.at_s for event in call.events if event.name == "close"), None)
    heard: str = "none" if report is None else report.played
    if report is not None and report.path == "text":
        heard = "text"
    outcome = Outcome(
        case=case,
        heard=heard,
        words="" if report is None else report.transcript,
        origin=None if report is None else report.source,
        last_words_s=sounds[-1][0] - broken_at if sounds and heard in ("full", "part") else None,
        closed_s=None if closed is None else closed - (broken_at - call.began_at),
        after=None if report is None else report.after,
        told_as=None if report is None else str(report.failure.kind),
    )
    return outcome if not draw else _with_drawing(outcome, call, broken_at)


def _with_drawing(outcome: Outcome, call: Rehearsal, broken_at: float) -> Outcome:
    begin = max(broken_at - _BEFORE_S, call.began_at)
    heard = call.heard_since(begin)
    moments = [
        (f"{event.name}: {event.detail}", event.at_s - (begin - call.began_at))
        for event in call.events
        if event.at_s >= begin - call.began_at
    ]
    if outcome.last_words_s is not None:
        moments.append(("first sound of the words", broken_at - begin + outcome.last_words_s))
    drawn = Drawn(
        title=outcome.case.name.replace(":", ", "),
        samples=heard.samples[:: heard.num_channels],
        sample_rate=heard.sample_rate,
        heard_s=call.heard_since(broken_at).sound_s,
        words=outcome.words,
        moments=moments,
        zero_s=broken_at - begin,
        verdict=None,
        is_well=outcome.is_well,
        anchor=outcome.case.name,
    )
    return Outcome(**{**vars(outcome), "drawn": drawn})


def _now() -> float:
    return asyncio.get_running_loop().time()
