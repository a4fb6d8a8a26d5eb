"""Breaks realtime models, and stands in for their sessions where no provider is to be asked.

A realtime session has no attempts that could be replaced; only its `generate_reply` can be, and the
way in which its model makes sessions. A session that is made while its model is broken does not
connect before it is mended.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
from typing import TYPE_CHECKING, Any

from livekit.agents import NOT_GIVEN, llm, utils

from .._upstream import realtime_loops
from .._upstream.stand_ins import Work
from ..bounded import Signal, first_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from livekit import rtc

    NextWork = Callable[[], Callable[[Work], Awaitable[Any]] | None]

_LONGEST_S = 24 * 3600.0  # a rehearsal that lasts longer has been forgotten

_running: set[asyncio.Task[Any]] = set()


@contextlib.contextmanager
def watched_models(
    models: list[object],
    next_work: NextWork,
    mended: Callable[[], Signal | None],
    *,
    stand_in: bool,
) -> Iterator[list[llm.RealtimeSession[Any]]]:
    """Watch the sessions that realtime models make while the context is open.

    Args:
        models: Components; those that are not realtime models are skipped.
        next_work: Returns what is done instead of a reply, None for the session's own.
        mended: Returns what is set when the models work again; None while they work.
        stand_in: Whether to make the sessions without the provider.

    Returns:
        The sessions made; more may come.
    """
    made: list[llm.RealtimeSession[Any]] = []
    changed = [model for model in models if isinstance(model, llm.RealtimeModel)]
    for model in changed:
        _watch_model(model, made, next_work, mended, stand_in=stand_in)
    try:
        yield made
    finally:
        for model in changed:
            del model.session  # of the instance, set before
        for session in made:
            vars(session).pop("generate_reply", None)
            vars(session).pop("aclose", None)


def _watch_model(
    model: Any,
    made: list[llm.RealtimeSession[Any]],
    next_work: NextWork,
    mended: Callable[[], Signal | None],
    *,
    stand_in: bool,
) -> None:
    own = model.session

    def session(**options: Any) -> llm.RealtimeSession[Any]:
        waits_for = None if stand_in else mended()
        if stand_in:
            one: llm.RealtimeSession[Any] = StandIn(model)
        elif waits_for is None:
            one = own(**options)
        else:
            one = _unconnected(functools.partial(own, **options), waits_for)
            fail_now(one, next_work)  # as a refused connection does
        made.append(one)
        watch(one, next_work)
        return one

    model.session = session


def _unconnected(
    make: Callable[[], llm.RealtimeSession[Any]], mended: Signal
) -> llm.RealtimeSession[Any]:
    """Make a session that connects only when its model is mended, if it is not closed before."""
    closed = Signal()

    async def begins() -> bool:
        await first_of(mended, closed, timeout_s=_LONGEST_S)
        return mended.is_set() and not closed.is_set()

    with realtime_loops.waiting(begins):
        session: Any = make()
    own = session.aclose

    async def aclose() -> None:
        closed.set()
        await own()

    session.aclose = aclose
    made: llm.RealtimeSession[Any] = session
    return made


def watch(session: Any, next_work: NextWork) -> None:
    """Ask before each reply of a realtime session what to do instead."""
    own = session.generate_reply

    def generate_reply(**options: Any) -> asyncio.Future[llm.GenerationCreatedEvent]:
        chosen = next_work()
        if chosen is None:
            reply: asyncio.Future[llm.GenerationCreatedEvent] = own(**options)
            return reply
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        _hold(_reply(session, chosen, future))
        return future

    session.generate_reply = generate_reply


def fail_now(session: llm.RealtimeSession[Any], next_work: NextWork) -> None:
    """Show a realtime session's fault at once, as for a lost connection."""
    chosen = next_work()
    if chosen is not None:
        _hold(_reply(session, chosen, asyncio.get_running_loop().create_future()))


def _hold(work: Any) -> None:
    task = asyncio.create_task(work, name="lastword.testing.realtime")
    _running.add(task)
    task.add_done_callback(_running.discard)


async def _reply(
    session: llm.RealtimeSession[Any],
    chosen: Callable[[Work], Awaitable[Any]],
    future: asyncio.Future[Any],
) -> None:
    model = session.realtime_model

    async def nothing() -> None: ...

    try:
        generation = await chosen(Work(session, model, model, nothing))
    except Exception as error:  # noqa: BLE001 - what was asked for
        event = llm.RealtimeModelError(
            timestamp=time.time(), label=model.label, error=error, recoverable=False
        )
        session.emit("error", event)
        if not future.done():
            future.set_exception(llm.RealtimeError(str(error)))
            future.exception()  # a reply that nobody waits for must not warn
        return
    if not future.done():
        future.set_result(generation or generation_of([]))


def generation_of(
    messages: list[llm.MessageGeneration], calls: list[llm.FunctionCall] | None = None
) -> llm.GenerationCreatedEvent:
    """Return the event that announces a reply."""
    return llm.GenerationCreatedEvent(
        message_stream=_stream(messages),
        function_stream=_stream(calls or []),
        user_initiated=True,
    )


def message_of(
    text: AsyncIterator[str], sound: AsyncIterator[rtc.AudioFrame]
) -> llm.MessageGeneration:
    """Return a spoken message of a reply."""
    modalities: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    modalities.set_result(["text", "audio"])
    return llm.MessageGeneration(
        message_id=utils.shortuuid(), text_stream=text, audio_stream=sound, modalities=modalities
    )


async def _stream(items: list[Any]) -> AsyncIterator[Any]:
    for item in items:
        yield item


class StandIn(llm.RealtimeSession[Any]):
    """A realtime session without a connection; its replies are decided elsewhere."""

    def __init__(self, realtime_model: llm.RealtimeModel) -> None:
        super().__init__(realtime_model)
        self._context = llm.ChatContext.empty()
        self._tools = llm.ToolContext.empty()

    @property
    def chat_ctx(self) -> llm.ChatContext:
        """The chat history, as last updated."""
        return self._context

    @property
    def tools(self) -> llm.ToolContext:
        """The tools, as last updated."""
        return self._tools

    async def update_instructions(self, instructions: str) -> None:
        """Ignore new instructions."""

    async def update_chat_ctx(self, chat_ctx: llm.ChatContext) -> None:
        """Keep the chat history."""
        self._context = chat_ctx.copy()

    async def update_tools(self, tools: list[Any]) -> None:
        """Keep the tools."""
        self._tools = llm.ToolContext(tools)

    def update_options(self, *, tool_choice: Any = NOT_GIVEN) -> None:
        """Ignore new options."""

    def push_audio(self, frame: rtc.AudioFrame) -> None:
        """Ignore sound."""

    def push_video(self, frame: rtc.VideoFrame) -> None:
        """Ignore a picture."""

    def generate_reply(
        self,
        *,
        instructions: Any = NOT_GIVEN,  # noqa: ARG002 - of the base class
        tool_choice: Any = NOT_GIVEN,  # noqa: ARG002 - the same
        tools: Any = NOT_GIVEN,  # noqa: ARG002 - the same
    ) -> asyncio.Future[llm.GenerationCreatedEvent]:
        """Reply with nothing."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        future.set_result(generation_of([]))
        return future

    def commit_audio(self) -> None:
        """Do nothing: no sound is kept."""

    def clear_audio(self) -> None:
        """Do nothing: there is no sound to clear."""

    def interrupt(self) -> None:
        """Do nothing: a reply ends by itself."""

    def truncate(
        self,
        *,
        message_id: str,
        modalities: Any,
        audio_end_ms: int,
        audio_transcript: Any = NOT_GIVEN,
    ) -> None:
        """Do nothing: no reply is kept."""

    async def aclose(self) -> None:
        """Do nothing: there is no connection."""
