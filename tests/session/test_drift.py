"""What lastword relies on inside livekit-agents, checked against the version that is installed.

When a newer release moves one of these, the failing test names the internal, what was expected and
what was found. `make test-versions` asks the same of every supported line.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from livekit import agents, rtc
from livekit.agents.voice.agent_activity import AgentActivity

import lastword
from lastword import _upstream
from lastword._upstream import hooks, versions
from lastword.failure.tap import install as tap
from lastword.session.owner import SessionOwner
from session.fakes import clip_of
from syntax import parsed

if TYPE_CHECKING:
    from collections.abc import Iterator

SESSION = f"voice.agent_session:{versions.session_class().__name__}"
ACTIVITY = "voice.agent_activity:AgentActivity"
ROOM_OUTPUT = "voice.room_io._output:_ParticipantAudioOutput"

# where -> what its source must name, in this order; a name may stand anywhere behind the last one
FACTS: dict[str, tuple[str, ...]] = {
    # handlers hear of an error first, then the session decides, looked up on the instance
    f"{ACTIVITY}._on_error": ("_session.emit", "_session._on_error"),
    # a close under way and a recoverable error end the decision; then errors are counted
    f"{SESSION}._on_error": (
        *("self._closing_task", "error.recoverable", "self._llm_error_counts"),
        *("max_unrecoverable_errors", "self._tts_error_counts", "self._aclose_impl"),
    ),
    f"{SESSION}._update_agent_state": ("self._llm_error_counts", "self._tts_error_counts"),
    f"{SESSION}._close_soon": ("self._closing_task", "self._aclose_impl"),
    f"{SESSION}.shutdown": ("self._close_soon",),
    f"{SESSION}.aclose": ("self._aclose_impl",),
    f"{SESSION}.__init__": ("self._started",),
    f"{SESSION}.start": ("self._started", "self._closing", "self._room_io"),
    f"{SESSION}.say": ("self._activity", "activity.say"),
    f"{SESSION}.interrupt": ("self._activity", "_activity.interrupt"),
    # the flag that refuses speech unless it is forced
    f"{ACTIVITY}.__init__": ("self._session", "self._scheduling_paused"),
    f"{ACTIVITY}._schedule_speech": ("self._scheduling_paused",),
    # awaited unshielded: an interruption before the first subscriber kills the output for good
    f"{ROOM_OUTPUT}.capture_frame": ("self._subscribed_fut",),
    f"{ROOM_OUTPUT}.__init__": ("self._audio_source",),
    "voice.room_io.room_io:RoomIO.__init__": ("self._options",),
    "voice.room_io.room_io:RoomIO.subscribed_fut": ("subscribed",),
    "voice.room_io.room_io:RoomIO.linked_participant": ("self._participant_available_fut",),
    "voice.room_io.room_io:RoomIO.room": ("self._room",),
    "voice.room_io.room_io:RoomIO.aclose": ("aclose",),
    # every failing attempt is announced inside the retry loop, around `_run`
    "llm:LLMStream._main_task": ("self._run", "self._emit_error"),
    "tts:ChunkedStream._main_task": ("self._run", "self._emit_error"),
    "tts:SynthesizeStream._main_task": ("self._run", "self._emit_error"),
    "stt:RecognizeStream._main_task": ("self._run", "self._emit_error"),
    "stt:STT.recognize": ("self._recognize_impl", "self._emit_error"),
    "llm:LLMStream.__init__": ("self._llm",),
    "tts:ChunkedStream.__init__": ("self._tts",),
    "tts:SynthesizeStream.__init__": ("self._tts",),
    "stt:RecognizeStream.__init__": ("self._stt",),
    # what stands behind an adapter
    "llm:FallbackAdapter.__init__": ("self._llm_instances",),
    "tts:FallbackAdapter.__init__": ("self._tts_instances",),
    "stt:FallbackAdapter.__init__": ("self._stt_instances",),
    "tts:StreamAdapter.__init__": ("self._wrapped_tts",),
    "stt:StreamAdapter.__init__": ("self._stt",),
    "inference:LLM.__init__": ("self._client",),
    # a job that ends: the room stays connected until `on_session_end` and its own are over
    "ipc.job_proc_lazy_main:_JobProc": (
        *("self._shutdown_fut", "self._session_end_fnc", "self._job_ctx._on_session_end"),
        "self._room.disconnect",
    ),
    "job:JobContext.shutdown": ("self._on_shutdown",),
}

NOT_EVERYWHERE = {
    *("_FallbackRealtimeSession", "_STTPipelineContextVar", "_expressive", "_stt_error_counts"),
    *("_stt_node", "_STTPipeline", "_stt_pump", "_stt_task", "_enter"),
}
"""Names that 1.4, or 1.8, does not have; `_upstream` does without them where they are missing."""

DONE_WITHOUT = {
    "_root_span_context": "the span of a report then stands alone",
    **dict.fromkeys(
        ("_on_session_end", "_on_shutdown", "_shutdown_fut"),
        "no farewell is said, and a warning says so",
    ),
    "_info": "the sentinel then joins by the usual address of the server",
    **dict.fromkeys(("_opts", "_options", "_config"), "where plugins keep how they sound"),
    **dict.fromkeys(("_sample_rate", "_num_channels"), "the same"),
    "_main_atask": "the loop of a realtime plugin, which keeps its retries without it",
    "_client": "an SDK that retries on its own goes on doing so",
    **dict.fromkeys(
        (
            "_audio_recognition",
            "_audio_transcript",
            "_end_of_turn_task",
            "_turn_detection",
            "_user_turn_completed_atask",
        ),
        "a turn of the caller that hangs is taken for one that is left unanswered on purpose",
    ),
    "_background_speeches": "1.4 and 1.5 do not say in any other way that a tool runs",
    "_thinking_handle": "a filler may sound over the thinking sound of a background player",
    **dict.fromkeys(("_new_session_ctx", "_close_http_ctx"), "of the command alone, not of a call"),
    **dict.fromkeys(("_input_ch", "_FlushSentinel"), "of rehearsals, not of a call"),
    **dict.fromkeys(("_recognize_impl", "_rt_session"), "the same"),
}.keys()
"""Names that are not looked at when a session is attached, and what their absence means."""


OF_OTHERS = {"_lastword_asks", "_selector"}
"""Private names in `_upstream` that are not livekit's: a mark of our own, and one of asyncio's."""


@pytest.mark.parametrize("where", FACTS)
def test_the_source_says_what_lastword_relies_on(where: str) -> None:
    """Hook points, flags and counters are used where, and in the order, that was measured."""
    found = names_in(where)
    rest = iter(found)
    missing = [n for n in FACTS[where] if not any(f".{f}".endswith(f".{n}") for f in rest)]
    assert not missing, (
        f"livekit-agents {agents.__version__}: expected {where} to use, in this order, "
        f"{', '.join(FACTS[where])}; not found behind the one before: {missing[0]}; found "
        f"{', '.join(found)}"
    )


def test_every_private_name_still_exists() -> None:
    """A name that `_upstream` reaches for and no file of livekit-agents knows has moved."""
    gone = sorted(private_names() - NOT_EVERYWHERE - set(words_of_livekit()))
    assert not gone, (
        f"livekit-agents {agents.__version__}: expected its source to have the private names that "
        f"_upstream uses; found none of: {', '.join(gone)}"
    )


async def test_the_installed_version_is_supported() -> None:
    """Signatures are those that the hooks were built for: of the session, and of the tap."""
    versions.check_session(versions.session_class()())
    assert hooks.unknown_hook_points() == []


@pytest.mark.parametrize("name", ["_on_error", "_close_soon", "_aclose_impl"])
async def test_a_renamed_internal_is_refused_when_attached(name: str) -> None:
    """The error names the internal, what was expected, what was found, and what is supported."""

    class Renamed(versions.session_class()):  # type: ignore[misc]
        def __getattribute__(self, asked: str) -> Any:
            if asked == name:
                raise AttributeError(asked)
            return super().__getattribute__(asked)

    session = Renamed()
    with pytest.raises(lastword.UnsupportedVersionError, match=r"1\.4\.6") as refused:
        lastword.attach(session, clip_of())
    error = refused.value
    assert (error.name, error.expected, error.found) == (
        f"AgentSession.{name}",
        "a method",
        "nothing",
    )


async def test_another_signature_is_refused_when_attached() -> None:
    """A parameter that lastword hands on must still be there."""

    class Changed(versions.session_class()):  # type: ignore[misc]
        def _close_soon(self, *, why: str) -> None:
            """Takes other arguments than any release did."""

    with pytest.raises(lastword.UnsupportedVersionError, match="_close_soon") as refused:
        lastword.attach(Changed(), clip_of())
    assert (refused.value.expected, refused.value.found) == (
        "['drain', 'error', 'reason']",
        "['why']",
    )


@pytest.mark.parametrize("name", ["_closing_task", "_room_io"])
async def test_a_missing_attribute_is_refused_when_attached(name: str) -> None:
    """Flags that the closing sets must be there to be set."""
    session: Any = versions.session_class()()
    delattr(session, name)
    with pytest.raises(lastword.UnsupportedVersionError, match=name):
        lastword.attach(session, clip_of())


SURROUNDINGS = [
    ("llm:FallbackAdapter", "_llm_instances", "FallbackAdapter._llm_instances"),
    ("voice.room_io:RoomIO", "_options", "RoomIO._options"),
    (
        "voice.room_io._output:_ParticipantAudioOutput",
        "_publication",
        "_ParticipantAudioOutput._publication",
    ),
    (
        "voice.agent_activity:AgentActivity",
        "_scheduling_paused",
        "AgentActivity._scheduling_paused",
    ),
]


@pytest.fixture
def _asked_anew() -> Iterator[None]:
    versions.unknown_surroundings.cache_clear()
    yield
    versions.unknown_surroundings.cache_clear()


@pytest.mark.usefixtures("_asked_anew")
@pytest.mark.parametrize(("where", "name", "told"), SURROUNDINGS)
async def test_what_moved_around_a_session_is_refused_when_attached(
    monkeypatch: pytest.MonkeyPatch, where: str, name: str, told: str
) -> None:
    """Activity, room, output and adapters are asked without an instance of them at hand."""
    module, _, cls = where.partition(":")
    owner = importlib.import_module(f"livekit.agents.{module}")

    class Moved:
        def __init__(self) -> None:
            self._elsewhere = 0

    monkeypatch.setattr(owner, cls, Moved)
    with pytest.raises(lastword.UnsupportedVersionError, match=agents.__version__) as refused:
        versions.check_session(versions.session_class()())
    differences = {one[0]: one[1:] for one in versions.unknown_surroundings()}
    assert differences[told] == ("an attribute", "nothing")
    assert refused.value.name in differences
    assert versions.SUPPORTED in str(refused.value)
    assert name in told


@pytest.mark.usefixtures("_asked_anew")
async def test_another_signature_around_a_session_is_refused_when_attached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The method that a closing replaces on the activity must take what ours takes."""

    def schedule(self: Any, speech: Any, urgency: int) -> None:
        """Takes other arguments than any release did."""

    monkeypatch.setattr(AgentActivity, "_schedule_speech", schedule)
    with pytest.raises(lastword.UnsupportedVersionError) as refused:
        lastword.attach(versions.session_class()(), clip_of())
    assert refused.value.name == "AgentActivity._schedule_speech"
    assert refused.value.found == "['speech', 'urgency']"


async def test_the_surroundings_are_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second session of a process pays for itself alone."""
    versions.check_session(versions.session_class()())
    monkeypatch.delattr(AgentActivity, "_schedule_speech")
    versions.check_session(versions.session_class()())


def test_every_private_name_is_looked_at_when_attached() -> None:
    """What is not looked at is listed here, and `_upstream` can do without it."""
    table = [versions._SESSION_METHODS, versions._SESSION_ATTRIBUTES]
    table += [*versions._SURROUNDINGS.values(), *hooks._TAP_NAMES.values()]
    table += [[point.name for point in hooks.HOOK_POINTS]]
    looked_at = {name for names in table for name in names} | {"_schedule_speech"}
    spared = NOT_EVERYWHERE | DONE_WITHOUT
    assert sorted(private_names() - looked_at) == sorted(spared - looked_at)


async def test_an_unknown_tap_means_one_warning_and_no_tap(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Sessions are attached all the same; the difference is told once, with its name."""
    changed = hooks.HookPoint(agents.llm.LLMStream, "_main_task", ("self", "moved"))
    monkeypatch.setattr(hooks, "HOOK_POINTS", (changed,))
    monkeypatch.setattr(tap, "_warned", False)
    before = agents.llm.LLMStream._main_task
    words = [lastword.attach(versions.session_class()(), clip_of()) for _ in range(2)]
    assert agents.llm.LLMStream._main_task is before
    (warning,) = [r for r in caplog.records if "internals" in r.message]
    assert warning.__dict__["differences"] == [
        "LLMStream._main_task: expected (self, moved), found (self)"
    ]
    assert isinstance(words[0]._owner, SessionOwner)
    for word in words:
        word.detach()


# --- reading the source --------------------------------------------------------------------------


def names_in(where: str) -> list[str]:
    """All dotted names in the source of `module:Class.method`, in order."""
    module, _, path = where.partition(":")
    owner = functools.reduce(
        getattr, path.split(".")[:-1], importlib.import_module(f"livekit.agents.{module}")
    )
    member = inspect.getattr_static(owner, path.split(".")[-1], None)
    assert member is not None, f"livekit-agents {agents.__version__}: expected {where}, found none"
    function = inspect.unwrap(getattr(member, "fget", None) or member)
    tree = parsed(textwrap.dedent(inspect.getsource(function)))
    attributes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    attributes.sort(key=lambda node: (node.end_lineno or 0, node.end_col_offset or 0))
    return [ast.unparse(node) for node in attributes]


def private_names() -> set[str]:
    """Every private attribute of others that `_upstream` names, as code or as a string."""
    files = Path(inspect.getfile(_upstream)).parent.glob("*.py")
    tree = parsed("\n".join(file.read_text() for file in files))
    own = {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    own |= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    names = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"))
    }
    names |= {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return {
        name
        for name in names - own - OF_OTHERS
        if name.startswith("_") and not name.startswith("__") and name.isidentifier()
    }


def words_of_livekit() -> set[str]:
    """Every identifier in the source of livekit-agents and livekit."""
    folders = [Path(inspect.getfile(package)).parent for package in (agents, rtc)]
    words: set[str] = set()
    for folder in folders:
        for file in folder.rglob("*.py"):
            if "resources" not in file.parts and not file.name.endswith("_pb2.py"):
                tree = parsed(file.read_text(encoding="utf-8"))
                words |= {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
                words |= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
                words |= {n.name for n in ast.walk(tree) if hasattr(n, "name") and n.name}
    return words
