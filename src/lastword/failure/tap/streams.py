"""Judges the errors of streams and recognitions before their retry loops do.

An error of an owned component passes these layers, in this order:

    the attempt fails
      -> `_emit_error`, called by the retry loop   judged, typed, announced; terminal: loop left
      -> `_main_task`                              what no loop announced is judged and announced
      -> an adapter's own retry loop               the same again, with the first layer's verdict

Must not import the session.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from livekit.agents import APIError, llm, stt

from ..._upstream import clients, components, hooks, listeners
from ..verdict import Verdict, verdict_of
from . import refusals
from .calls import Call, current, failing, in_flight
from .judge import judge, remember
from .owners import Owner, is_any_refusing, log_trouble, owner_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableMapping

inner_retries: MutableMapping[Any, Any] = WeakKeyDictionary()
"""Clients that retried below a stream until they were watched -> their number of retries."""


class _Refused(BaseException):
    """Breaks out of a retry loop whose owner began to close between two attempts."""


class _Left(BaseException):
    """Breaks out of a retry loop: those of 1.4.6 catch every `APIError` and ignore `retryable`."""

    def __init__(self, error: APIError) -> None:
        self.error = error


def _begin(worker: object) -> Call:
    component, parent = hooks.component_of(worker), current.get()
    if parent is not None and not components.same_kind(component, parent.component):
        parent = None  # started from a handler of an adapter's events, not by the adapter
    return Call(worker, component, parent, asyncio.current_task())


def _prepare(call: Call) -> bool:
    """Prepare a stream of an owner; return False if the owner is closing and gives it no work.

    Speech recognition goes on while a session closes.
    """
    try:
        refusing = is_any_refusing()
        client = clients.inner_client(call.component)
        if client is None and (not refusing or isinstance(call.component, stt.STT)):
            return True
        owner = owner_of(call.outermost.component)
        if owner is not None and client is not None:
            retries = clients.quieten(client)
            inner_retries.setdefault(client, retries)
    except Exception as trouble:  # noqa: BLE001 - must not reach the plugin
        log_trouble(trouble)
        return True
    return owner is None or not owner.refusing


@contextlib.contextmanager
def _announcing(call: Call) -> Iterator[None]:
    """Let handlers run outside any call: what they start is not a child of the failed call."""
    tokens = current.set(None), failing.set(call.component)
    try:
        yield
    finally:
        current.reset(tokens[0])
        failing.reset(tokens[1])


def watched_main_task(original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap the life of a stream."""

    @functools.wraps(original)
    def _main_task(self: Any) -> Any:
        return _run(original, self, refusable=True)  # adds one stack frame to each wake-up, not two

    return _main_task


def watched_recognize(original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap one recognition."""

    @functools.wraps(original)
    def recognize(self: Any, *args: Any, **kwargs: Any) -> Any:
        return _run(original, self, *args, refusable=False, **kwargs)

    return recognize


def watched_hearing(original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap what runs an agent's `stt_node`, so that an STT hidden in there has an owner."""

    @functools.wraps(original)
    async def pump(self: Any, *args: Any) -> Any:
        listeners.note_hearing(self, *args)
        return await original(self, *args)

    return pump


async def _run(
    original: Callable[..., Any], worker: Any, *args: Any, refusable: bool, **kwargs: Any
) -> Any:
    """Run a retry loop with every error that leaves it judged."""
    call = _begin(worker)
    if refusable and not _prepare(call):
        return _refused(call)
    token = current.set(call)
    if call.parent is None:
        in_flight.add(call)
        if isinstance(worker, llm.LLMStream):
            hooks.watch_words(worker, call.note_answer)
    try:
        result = await original(worker, *args, **kwargs)
    except _Refused:
        return _refused(call)
    except _Left as left:
        error: Exception = left.error
    except Exception as raised:  # noqa: BLE001 - whatever plugins raise
        error = raised if call.over else _announced_late(call, raised)
    else:
        if call.parent is not None:
            remember(call.component, None)
        elif isinstance(worker, llm.LLMStream) and not call.answered:
            _note_empty_answer(call)
        return result
    finally:
        in_flight.discard(call)
        # A call closed by the garbage collector, its loop gone, ends in a different context.
        with contextlib.suppress(ValueError):
            current.reset(token)
    # Outside of the handlers: raising inside one would replace `__context__`.
    try:
        raise error
    finally:
        del error  # its traceback holds this frame


def _note_empty_answer(call: Call) -> None:
    """Tell the owner of an LLM that it has answered with nothing."""
    try:
        owner = owner_of(call.component)
        if owner is not None:
            owner.note_empty_answer()
    except Exception as trouble:  # noqa: BLE001 - must not reach the plugin
        log_trouble(trouble)


def _refused(call: Call) -> None:
    """End a call silently; an adapter around it must not fail for its missing output."""
    if call.parent is not None:
        call.parent.cut = True


def _announced_late(call: Call, raised: Exception) -> Exception:
    """Announce what a retry loop did not: a TTS's exception that is not an `APIError`."""
    outcome = _verdict_on(call, raised)
    if outcome is None:
        return raised
    owner, error, _ = outcome
    call.over = True
    heard = _is_heard(call)
    with _announcing(call):
        hooks.announce(call.worker, error, recoverable=False)
        _report_unheard(call, owner, error, heard=heard, recoverable=False)
    return error


def judged_announcement(original: Callable[..., None]) -> Callable[..., None]:
    """Wrap what a retry loop calls for each failed attempt."""

    @functools.wraps(original)
    def _emit_error(self: Any, api_error: Exception, recoverable: bool) -> None:  # noqa: FBT001
        call = current.get()
        outcome = None
        # Not ours: a stream older than the hooks, or one whose last word was said.
        if call is not None and call.worker is self and not call.over:
            if call.cut and asyncio.current_task() is call.task:
                raise _Refused
            outcome = _verdict_on(call, api_error)
            call.over = not recoverable
        if call is None or outcome is None:
            original(self, api_error, recoverable)
            return
        owner, error, verdict = outcome
        final = verdict.failure.terminal or owner.refusing
        recoverable = recoverable and not final
        call.over = not recoverable
        heard = _is_heard(call)
        with _announcing(call):
            original(self, error, recoverable)
            _report_unheard(call, owner, error, heard=heard, recoverable=recoverable)
        # A handler may have begun to close the session; an error in another's place must be raised.
        leave = final or owner.refusing or (call.over and error is not api_error)
        if asyncio.current_task() is not call.task:
            return
        if leave:
            raise _Left(error)
        if recoverable and not isinstance(call.component, stt.STT):
            hooks.before_next_attempt(self, functools.partial(_refuse_if_closing, owner))

    return _emit_error


def _refuse_if_closing(owner: Owner) -> None:
    """Leave the retry loop if its owner began to close while the loop slept between attempts."""
    if owner.refusing:
        raise _Refused


def _verdict_on(call: Call, error: Exception) -> tuple[Owner, APIError, Verdict] | None:
    """Judge an error of an owned component; return None if it is not owned or judging failed."""
    try:
        owner = owner_of(call.outermost.component)
        if owner is None:
            return None
        refusals.attach_refusal(error, call)
        event = components.error_event(call.component, error, recoverable=False)
        typed = judge(call.component, event)
        verdict = verdict_of(typed)
        if verdict is None:
            return None
        if call.parent is not None:
            remember(call.component, verdict.failure)
    except Exception as trouble:  # noqa: BLE001 - must not reach the plugin
        log_trouble(trouble)
        return None
    return owner, typed, verdict


def _is_heard(call: Call) -> bool:
    """Return whether an agent has subscribed to a component, before handlers may change that."""
    try:
        return bool(listeners.listening_sessions(call.component))
    except Exception as trouble:  # noqa: BLE001 - must not reach the plugin
        log_trouble(trouble)
        return False


def _report_unheard(
    call: Call, owner: Owner, error: APIError, *, heard: bool, recoverable: bool
) -> None:
    """Report an error of an outermost component whose errors no agent has subscribed to."""
    try:
        verdict = verdict_of(error)
        if verdict is None:
            return
        if not heard and not verdict.heard and call.parent is None:
            event = components.error_event(call.component, error, recoverable=recoverable)
            owner.report(call.component, event)
            heard = True
        verdict.heard = verdict.heard or heard
    except Exception as trouble:  # noqa: BLE001 - must not reach the plugin
        log_trouble(trouble)
