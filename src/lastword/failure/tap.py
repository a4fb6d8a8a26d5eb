"""Sees errors where they are raised, before livekit-agents retries; owns the hooks into it.

The hooks are on classes: an agent may bring its own LLM, swap it while it runs or use one only
inside an overridden node, and nothing but the class sees all of these. They are put in with the
first owner and taken out with the last, act only for components that some owner knows, and cost
nothing per token or frame. Must not import the session; it is talked to through `Owner`.

What happens to an error of an owned component, in the order of the layers it passes:

    the stream's attempt fails
      -> `_emit_error`, called by the retry loop   judged, typed, announced; terminal: loop left
      -> `_main_task`                              what no loop announced is judged and announced
      -> an adapter's own retry loop               the same again, with the first layer's verdict
"""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from livekit.agents import APIError, llm, stt

from .. import _upstream
from .judgement import Judgement, judge, judgement_of, remember

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger("lastword")


class Owner(Protocol):
    """Who wants the errors of some components watched: in practice a session.

    Attributes:
        refusing: Whether new work of its LLM and TTS is answered with nothing, as livekit-agents
            answers a status 499.
    """

    refusing: bool

    def owns(self, component: object) -> bool:
        """Whether the errors of a component, never one behind an adapter, are this owner's."""

    def report(self, component: object, error: object) -> None:
        """Takes an `LLMError` or the like that no agent has subscribed to."""


@dataclass(slots=True)
class _Call:
    """One life of a stream, or one recognition.

    Attributes:
        worker: The stream, or the STT that recognizes.
        component: What the stream works for.
        parent: The call of the adapter around it.
        task: Where its retry loop runs.
        over: Whether its unrecoverable error was announced.
    """

    worker: object
    component: object
    parent: _Call | None
    task: asyncio.Task[Any] | None
    over: bool = False


@dataclass(slots=True)
class _Hook:
    point: _upstream.HookPoint
    wrapper: Callable[..., Any]
    original: Callable[..., Any] | None  # None: inherited, there was no attribute


class _Left(BaseException):
    """Leaves a retry loop: the loops of 1.4.6 catch every `APIError` and ignore `retryable`."""

    def __init__(self, error: APIError) -> None:
        self.error = error


_current: ContextVar[_Call | None] = ContextVar("lastword_call", default=None)
_owners: list[Owner] = []
_hooks: list[_Hook] = []
# Jobs may run in threads of one process; a session that is collected removes its owner at any time.
_lock = threading.RLock()
_warned = False


def install(owner: Owner) -> None:
    """Watches the components of an owner until it is removed.

    With internals of livekit-agents that are unknown here it warns once and changes nothing: the
    last word works, only later.
    """
    global _warned  # noqa: PLW0603 - one warning per process
    with _lock:
        if any(known is owner for known in _owners):
            return
        differences = _upstream.unknown_hook_points()
        if differences:
            if not _warned:
                logger.warning(
                    "livekit-agents has internals that lastword does not know: errors are seen "
                    "only after all retries",
                    extra={"differences": differences, "supported": _upstream.SUPPORTED},
                )
            _warned = True
            return
        _owners.append(owner)
        _put_in()


def remove(owner: Owner) -> None:
    """Stops watching the components of an owner; without effect if it is not watched."""
    with _lock:
        _owners[:] = [known for known in _owners if known is not owner]
        if not _owners:
            _take_out()


def _put_in() -> None:
    """Wraps each hook point that is not wrapped yet."""
    wrappers = [(point, _watched_main_task) for point in _upstream.MAIN_TASKS]
    wrappers += [(point, _judged_announcement) for point in _upstream.ANNOUNCEMENTS]
    wrappers.append((_upstream.RECOGNIZE, _watched_recognize))
    wrappers.append((_upstream.REALTIME_EMIT, _judged_realtime_emit))
    for point, wrap in wrappers:
        if all(hook.point is not point for hook in _hooks):
            wrapper = wrap(getattr(point.owner, point.name))
            _hooks.append(_Hook(point, wrapper, vars(point.owner).get(point.name)))
            setattr(point.owner, point.name, wrapper)


def _take_out() -> None:
    """Restores the attributes that are still ours; where others wrapped ours, it stays, idle."""
    for hook in list(_hooks):
        cls, name = hook.point.owner, hook.point.name
        if vars(cls).get(name) is not hook.wrapper:
            continue
        if hook.original is None:
            delattr(cls, name)
        else:
            setattr(cls, name, hook.original)
        _hooks.remove(hook)


def _owner_of(call: _Call) -> Owner | None:
    """Finds who knows the outermost component of a call."""
    while call.parent is not None:
        call = call.parent
    return next((owner for owner in list(_owners) if owner.owns(call.component)), None)


def _is_refused(call: _Call) -> bool:
    """Whether this new work belongs to an owner that is closing; hearing goes on."""
    if isinstance(call.component, stt.STT) or not any(owner.refusing for owner in _owners):
        return False
    owner = _owner_of(call)
    return owner is not None and owner.refusing


def _begin(worker: object) -> _Call:
    component = _upstream.component_of(worker)
    return _Call(worker, component, _current.get(), asyncio.current_task())


def _watched_main_task(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    async def _main_task(self: Any) -> None:
        call = _begin(self)
        if not _is_refused(call):
            await _run(call, original, self)

    return _main_task


def _watched_recognize(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    async def recognize(self: Any, *args: Any, **kwargs: Any) -> Any:
        return await _run(_begin(self), original, self, *args, **kwargs)

    return recognize


async def _run(call: _Call, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Runs a retry loop with every error that leaves it judged."""
    token = _current.set(call)
    try:
        result = await original(*args, **kwargs)
    except _Left as left:
        error: Exception = left.error
    except Exception as raised:  # noqa: BLE001 - whatever plugins raise
        error = raised if call.over else _announced_late(call, raised)
    else:
        if call.parent is not None:
            remember(call.component, None)
        return result
    finally:
        _current.reset(token)
    # Outside of the handlers: raising inside one would replace `__context__`.
    raise error


def _announced_late(call: _Call, raised: Exception) -> Exception:
    """Announces what a retry loop let pass in silence: a TTS's exception that is no `APIError`."""
    outcome = _judge(call, raised)
    if outcome is None:
        return raised
    owner, error, _ = outcome
    call.over = True
    _upstream.announce(call.worker, error, recoverable=False)
    _report_unheard(call, owner, error, recoverable=False)
    return error


def _judged_announcement(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def _emit_error(self: Any, api_error: Exception, recoverable: bool) -> None:  # noqa: FBT001
        call = _current.get()
        outcome = None
        # Not ours: a stream older than the hooks, or one that `_announced_late` speaks for.
        if call is not None and call.worker is self and not call.over:
            outcome = _judge(call, api_error)
        if call is None or outcome is None:
            original(self, api_error, recoverable)
            return
        owner, error, judgement = outcome
        final = judgement.failure.terminal or owner.refusing
        recoverable = recoverable and not final
        call.over = not recoverable
        original(self, error, recoverable)
        _report_unheard(call, owner, error, recoverable=recoverable)
        leave = final or (call.over and error is not api_error)
        if leave and asyncio.current_task() is call.task:
            raise _Left(error)

    return _emit_error


def _judge(call: _Call, error: Exception) -> tuple[Owner, APIError, Judgement] | None:
    """Judges an error of an owned component; None if it is not ours or judging failed."""
    try:
        owner = _owner_of(call)
        if owner is None:
            return None
        event = _upstream.error_event(call.component, error, recoverable=False)
        typed = judge(call.component, event)
        judgement = judgement_of(typed)
        if judgement is None:
            return None
        if call.parent is not None:
            remember(call.component, judgement.failure)
    except Exception as trouble:  # noqa: BLE001 - never the plugin's trouble
        _log_trouble(trouble)
        return None
    return owner, typed, judgement


def _report_unheard(call: _Call, owner: Owner, error: APIError, *, recoverable: bool) -> None:
    """Reports an error of an outermost component whose errors no agent has subscribed to."""
    try:
        judgement = judgement_of(error)
        if judgement is None:
            return
        heard = bool(_upstream.listening_sessions(call.component))
        if not heard and not judgement.heard and call.parent is None:
            event = _upstream.error_event(call.component, error, recoverable=recoverable)
            owner.report(call.component, event)
            heard = True
        judgement.heard = judgement.heard or heard
    except Exception as trouble:  # noqa: BLE001 - never the plugin's trouble
        _log_trouble(trouble)


def _judged_realtime_emit(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def emit(self: Any, event: Any, *args: Any) -> None:
        if event != "error" or not args or not isinstance(args[0], llm.RealtimeModelError):
            original(self, event, *args)
            return
        announced, asked_again = args[0], args[0].recoverable
        final = _judge_realtime(self, announced)
        original(self, event, *args)
        if final and asked_again and _upstream.runs_realtime_loop(self):
            raise announced.error

    return emit


def _judge_realtime(session: object, announced: llm.RealtimeModelError) -> bool:
    """Judges and types the error of a realtime session in its event; True if it is terminal."""
    try:
        if not any(owner.owns(session) for owner in list(_owners)):
            return False
        typed = judge(session, announced)
        announced.error = typed
        final = bool(getattr(typed, "terminal", False))
        announced.recoverable = announced.recoverable and not final
    except Exception as trouble:  # noqa: BLE001 - never the plugin's trouble
        _log_trouble(trouble)
        return False
    return final


def _log_trouble(trouble: Exception) -> None:
    logger.warning(
        "an error could not be judged and goes the way of livekit-agents",
        extra={"error_type": type(trouble).__name__},
    )
