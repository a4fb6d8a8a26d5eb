"""Hooks into livekit-agents, so that errors are seen before it retries.

The hooks are on classes: an agent may bring its own LLM, swap it while it runs or use one only
inside an overridden node, and only a class covers all of these. They are installed with the first
owner and removed with the last, act only for components that some owner knows, and cost nothing
per token or frame. `streams` and `realtime` define what they do. Must not import the session, which
it reaches through `Owner`.
"""

from __future__ import annotations

import logging
import threading

from ..._upstream import clients, hooks, versions
from . import realtime, refusals, streams
from .calls import failing
from .owners import Owner, may_refuse, owners

__all__ = ["Owner", "failing", "install", "remove"]

logger = logging.getLogger("lastword")


_hooks: list[hooks.Hook] = []
# Jobs may run in threads of one process; garbage collection of a session may remove its owner at
# any time.
_lock = threading.RLock()
_warned = False


def install(owner: Owner) -> None:
    """Watch the components of an owner until it is removed.

    If the internals of livekit-agents are unknown, warn once and change nothing: the last word
    still works, only later.
    """
    global _warned  # noqa: PLW0603 - one warning per process
    with _lock:
        if any(known is owner for known in owners):
            return
        differences = hooks.unknown_hook_points()
        if differences:
            if not _warned:
                logger.warning(
                    "livekit-agents has internals that lastword does not know: errors are seen "
                    "only after all retries",
                    extra={"differences": differences, "supported": versions.SUPPORTED},
                )
            _warned = True
            return
        owners.append(owner)
        _put_in()
        refusals.install()


def remove(owner: Owner) -> None:
    """Stop watching the components of an owner; no effect if it is not watched."""
    with _lock:
        owners[:] = [known for known in owners if known is not owner]
        may_refuse(owner, now=False)
        if not owners:
            _take_out()
            refusals.remove()


def _put_in() -> None:
    """Wrap each hook point that is not wrapped yet."""
    wrappers = [(point, streams.watched_main_task) for point in hooks.MAIN_TASKS]
    wrappers += [(point, streams.judged_announcement) for point in hooks.ANNOUNCEMENTS]
    wrappers.append((hooks.RECOGNIZE, streams.watched_recognize))
    wrappers += [(point, realtime.judged_detector) for point in hooks.DETECTOR_ANNOUNCEMENTS]
    wrappers += [(point, streams.watched_hearing) for point in hooks.STT_PUMPS]
    wrappers.append((hooks.REALTIME_EMIT, realtime.judged_realtime_emit))
    for point, wrap in wrappers:
        if all(hook.point is not point for hook in _hooks):
            _hooks.append(hooks.Hook.put_in(point, wrap))


def _take_out() -> None:
    """Restore what is still our wrapper; a wrapper that others have wrapped stays, idle."""
    for client, retries in list(streams.inner_retries.items()):
        clients.restore_retries(client, retries)
    streams.inner_retries.clear()
    _hooks[:] = [hook for hook in _hooks if not hook.take_out()]
