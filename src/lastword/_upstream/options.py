"""Types what the constructor of livekit-agents' `AgentSession` takes, for type checkers alone.

The names and types are those of 1.8, which takes all that 1.4 to 1.7 take. A type that an older
version does not have is unknown there, and is then not checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from typing_extensions import TypedDict

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from livekit.agents import llm as _llm
    from livekit.agents import stt as _stt
    from livekit.agents import tts as _tts
    from livekit.agents import vad as _vad
    from livekit.agents.inference import LLMModels, RealtimeModels, STTModels, TTSModels
    from livekit.agents.llm import mcp
    from livekit.agents.types import NotGivenOr
    from livekit.agents.voice.agent_session import (
        ExpressiveOptions,
        SessionConnectOptions,
        _VideoSampler,
    )
    from livekit.agents.voice.keyterm_detection import KeytermsOptions, STTContextOptions
    from livekit.agents.voice.tool_executor import ToolHandlingOptions
    from livekit.agents.voice.transcription.text_transforms import TextTransforms
    from livekit.agents.voice.turn import (
        PreemptiveGenerationOptions,
        TurnDetectionMode,
        TurnHandlingOptions,
    )

Userdata_T = TypeVar("Userdata_T")


class SessionOptions(TypedDict, Generic[Userdata_T], total=False):
    """The arguments of `AgentSession`; livekit-agents says what they do."""

    stt: NotGivenOr[_stt.STT[Any] | STTModels | str]
    vad: NotGivenOr[_vad.VAD | None]
    llm: NotGivenOr[
        _llm.LLM[Any] | _llm.RealtimeModel | _llm.DuplexModel | LLMModels | RealtimeModels | str
    ]
    tts: NotGivenOr[_tts.TTS[Any] | TTSModels | str]
    turn_handling: NotGivenOr[TurnHandlingOptions]
    stt_context_options: NotGivenOr[STTContextOptions]
    tools: NotGivenOr[list[_llm.Tool | _llm.Toolset]]
    tool_handling: NotGivenOr[ToolHandlingOptions]
    max_tool_steps: int
    use_tts_aligned_transcript: NotGivenOr[bool]
    tts_text_transforms: NotGivenOr[Sequence[TextTransforms] | None]
    min_consecutive_speech_delay: float
    expressive: bool | ExpressiveOptions
    userdata: NotGivenOr[Userdata_T]
    video_sampler: NotGivenOr[_VideoSampler | None]
    aec_warmup_duration: NotGivenOr[float | None]
    ivr_detection: bool
    user_away_timeout: float | None
    transcription_timeout: float | None
    session_close_transcript_timeout: float
    conn_options: NotGivenOr[SessionConnectOptions]
    loop: asyncio.AbstractEventLoop | None
    preemptive_generation: NotGivenOr[bool | PreemptiveGenerationOptions]
    min_endpointing_delay: NotGivenOr[float]
    max_endpointing_delay: NotGivenOr[float]
    false_interruption_timeout: NotGivenOr[float | None]
    turn_detection: NotGivenOr[TurnDetectionMode]
    discard_audio_if_uninterruptible: NotGivenOr[bool]
    min_interruption_duration: NotGivenOr[float]
    min_interruption_words: NotGivenOr[int]
    allow_interruptions: NotGivenOr[bool]
    resume_false_interruption: NotGivenOr[bool]
    agent_false_interruption_timeout: NotGivenOr[float | None]
    mcp_servers: NotGivenOr[list[mcp.MCPServer]]
    keyterms_options: NotGivenOr[KeytermsOptions]
