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
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakKeyDictionary

from livekit.agents import APIError, llm, stt

from .. import _upstream
from . import bodies
from .call import Call, current
from .judgement import Judgement, judgement_of
from .judging import judge, remember

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

logger = logging.getLogger("lastword")


class Owner(Protocol):
    """Who wants the errors of some components watched: in practice a session.

    Attributes:
        refusing: Whether new work of its LLM and TTS is answered with nothing, as livekit-agents
            answers a status 499.
    """

    @property
    def refusing(self) -> bool:
        """See the class."""

    def owns(self, component: object) -> bool:
        """Whether the errors of a component, never one behind an adapter, are this owner's."""

    def report(self, component: object, error: object) -> None:
        """Takes an `LLMError` or the like that no agent has subscribed to."""


@dataclass(slots=True)
class _Hook:
    point: _upstream.HookPoint
    wrapper: Callable[..., Any]
    original: Callable[..., Any] | None  # None: inherited, there was no attribute


class _Left(BaseException):
    """Leaves a retry loop: the loops of 1.4.6 catch every `APIError` and ignore `retryable`."""

    def __init__(self, error: APIError) -> None:
        self.error = error


_owners: list[Owner] = []
_hooks: list[_Hook] = []
_inner_retries: MutableMapping[Any, int] = WeakKeyDictionary()  # clients whose retries we took
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
        bodies.install()


def remove(owner: Owner) -> None:
    """Stops watching the components of an owner; without effect if it is not watched."""
    with _lock:
        _owners[:] = [known for known in _owners if known is not owner]
        if not _owners:
            _take_out()
            bodies.remove()


def _put_in() -> None:
    """Wraps each hook point that is not wrapped yet."""
    wrappers = [(point, _watched_main_task) for point in _upstream.MAIN_TASKS]
    wrappers += [(point, _judged_announcement) for point in _upstream.ANNOUNCEMENTS]
    wrappers.append((_upstream.RECOGNIZE, _watched_recognize))
    wrappers += [(point, _judged_detector) for point in _upstream.DETECTOR_ANNOUNCEMENTS]
    wrappers.append((_upstream.REALTIME_EMIT, _judged_realtime_emit))
    for point, wrap in wrappers:
        if all(hook.point is not point for hook in _hooks):
            wrapper = wrap(getattr(point.owner, point.name))
            _hooks.append(_Hook(point, wrapper, vars(point.owner).get(point.name)))
            setattr(point.owner, point.name, wrapper)


def _take_out() -> None:
    """Restores the attributes that are still ours; where others wrapped ours, it stays, idle."""
    for client, retries in list(_inner_retries.items()):
        client.max_retries = retries
    _inner_retries.clear()
    for hook in list(_hooks):
        cls, name = hook.point.owner, hook.point.name
        if vars(cls).get(name) is not hook.wrapper:
            continue
        if hook.original is None:
            delattr(cls, name)
        else:
            setattr(cls, name, hook.original)
        _hooks.remove(hook)


def _owner_of(call: Call) -> Owner | None:
    """Finds who knows the outermost component of a call."""
    while call.parent is not None:
        call = call.parent
    return next((owner for owner in list(_owners) if owner.owns(call.component)), None)


def _is_refused(call: Call) -> bool:
    """Whether this new work belongs to an owner that is closing; hearing goes on."""
    if isinstance(call.component, stt.STT) or not any(owner.refusing for owner in _owners):
        return False
    owner = _owner_of(call)
    return owner is not None and owner.refusing


def _begin(worker: object) -> Call:
    component = _upstream.component_of(worker)
    return Call(worker, component, current.get(), asyncio.current_task())


def _watched_main_task(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    async def _main_task(self: Any) -> None:
        call = _begin(self)
        if _is_refused(call):
            return
        client = _upstream.inner_client(call.component)
        if client is not None and _owner_of(call) is not None:
            _inner_retries.setdefault(client, client.max_retries)
            client.max_retries = 0
        await _run(call, original, self)

    return _main_task


def _watched_recognize(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    async def recognize(self: Any, *args: Any, **kwargs: Any) -> Any:
        return await _run(_begin(self), original, self, *args, **kwargs)

    return recognize


async def _run(call: Call, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Runs a retry loop with every error that leaves it judged."""
    token = current.set(call)
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
        current.reset(token)
    # Outside of the handlers: raising inside one would replace `__context__`.
    raise error


def _announced_late(call: Call, raised: Exception) -> Exception:
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
        call = current.get()
        outcome = None
        # Not ours: a stream older than the hooks, or one that `_announced_late` speaks for.
        if call is not None and call.worker is self and not call.over:
            outcome = _judge(call, api_error)
            call.over = not recoverable
        if call is None or outcome is None:
            original(self, api_error, recoverable)
            return
        owner, error, judgement = outcome
        final = judgement.failure.terminal or owner.refusing
        recoverable = recoverable and not final
        call.over = not recoverable
        original(self, error, recoverable)
        _report_unheard(call, owner, error, recoverable=recoverable)
        # A handler may have begun to close the session; an error in another's place must be raised.
        leave = final or owner.refusing or (call.over and error is not api_error)
        if leave and asyncio.current_task() is call.task:
            raise _Left(error)

    return _emit_error


def _judge(call: Call, error: Exception) -> tuple[Owner, APIError, Judgement] | None:
    """Judges an error of an owned component; None if it is not ours or judging failed."""
    try:
        owner = _owner_of(call)
        if owner is None:
            return None
        bodies.attach_refusal(error, call)
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


def _report_unheard(call: Call, owner: Owner, error: APIError, *, recoverable: bool) -> None:
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
        if _judge_event(self, announced) and _upstream.is_realtime_fallback(self):
            announced.recoverable = asked_again  # it has another model to go on with
        original(self, event, *args)
        if asked_again and not announced.recoverable and _upstream.runs_realtime_loop(self):
            raise announced.error

    return emit


def _judged_detector(original: Callable[..., None]) -> Callable[..., None]:
    """Types the errors of a turn detector; livekit-agents goes on without it, and so do we."""

    @functools.wraps(original)
    def _emit_error(self: Any, api_error: Exception, recoverable: bool) -> None:  # noqa: FBT001
        event = _upstream.detector_error(self, api_error, recoverable=recoverable)
        _judge_event(self, event)
        original(self, event.error, event.recoverable)

    return _emit_error


def _judge_event(component: object, event: Any) -> bool:
    """Judges and types the error in the event of a component that is no stream's.

    Returns:
        Whether it was ours to judge.
    """
    try:
        if not any(owner.owns(component) for owner in list(_owners)):
            return False
        bodies.attach_refusal(event.error, None)
        event.error = judge(component, event)
        event.recoverable = event.recoverable and not event.error.terminal
    except Exception as trouble:  # noqa: BLE001 - never the plugin's trouble
        _log_trouble(trouble)
        return False
    return True


def _log_trouble(trouble: Exception) -> None:
    logger.warning(
        "an error could not be judged and goes the way of livekit-agents",
        extra={"error_type": type(trouble).__name__},
    )
