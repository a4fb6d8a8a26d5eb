"""Gives a failing LiveKit voice agent the last word: its caller hears why before the call ends.

This module only holds the public names. Importing it imports neither livekit-agents nor the
compiled module: each name imports its module when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lazy import exports, keep_name

if TYPE_CHECKING:
    from .audio.bundled import bundled, bundled_languages
    from .audio.clip import Clip, clear_cache
    from .audio.decode import Audio, decode
    from .audio.limits import Limits
    from .audio.resample import resample
    from .errors import (
        AlreadyAttachedError,
        AttachError,
        BakeError,
        ClipEmptyError,
        ClipError,
        ClipFormatError,
        ClipLimitError,
        ClipNotFoundError,
        LastWordError,
        MessageError,
        MissingCredentialsError,
        StartTimeoutError,
        UnsupportedVersionError,
    )
    from .failure.classify import classify
    from .failure.failure import Failure
    from .failure.kinds import FailureKind
    from .failure.policy import Decision, History, Policy
    from .failure.quota import InferenceQuotaExceededError
    from .session.after.actions import After, hang_up, leave, transfer_to
    from .session.after.hand_over import Handover, hand_over, handed_over
    from .session.after.plan import AnyAfter
    from .session.attach import attach
    from .session.dropin import AgentSession
    from .session.farewell import Farewell, farewell
    from .session.guard import guard
    from .session.last_word import LastWord
    from .session.report import Report
    from .session.sentinel import sentinel
    from .session.silence.settings import Silence
    from .session.words.message import DEFAULT, AnyMessage
    from .voice.bake import bake

__version__ = "0.1.0"

# name -> the module that has it; tests/test_public_names.py ties this table to __all__.
_MODULES = {
    "DEFAULT": ".session.words.message",
    "After": ".session.after.actions",
    "AgentSession": ".session.dropin",
    "AlreadyAttachedError": ".errors",
    "AnyAfter": ".session.after.plan",
    "AnyMessage": ".session.words.message",
    "AttachError": ".errors",
    "Audio": ".audio.decode",
    "BakeError": ".errors",
    "Clip": ".audio.clip",
    "ClipEmptyError": ".errors",
    "ClipError": ".errors",
    "ClipFormatError": ".errors",
    "ClipLimitError": ".errors",
    "ClipNotFoundError": ".errors",
    "Decision": ".failure.policy",
    "Failure": ".failure.failure",
    "FailureKind": ".failure.kinds",
    "Handover": ".session.after.hand_over",
    "Farewell": ".session.farewell",
    "History": ".failure.policy",
    "InferenceQuotaExceededError": ".failure.quota",
    "LastWord": ".session.last_word",
    "LastWordError": ".errors",
    "Limits": ".audio.limits",
    "MessageError": ".errors",
    "MissingCredentialsError": ".errors",
    "Policy": ".failure.policy",
    "Report": ".session.report",
    "Silence": ".session.silence.settings",
    "StartTimeoutError": ".errors",
    "UnsupportedVersionError": ".errors",
    "attach": ".session.attach",
    "bake": ".voice.bake",
    "bundled": ".audio.bundled",
    "bundled_languages": ".audio.bundled",
    "classify": ".failure.classify",
    "clear_cache": ".audio.clip",
    "decode": ".audio.decode",
    "farewell": ".session.farewell",
    "guard": ".session.guard",
    "hand_over": ".session.after.hand_over",
    "handed_over": ".session.after.hand_over",
    "hang_up": ".session.after.actions",
    "leave": ".session.after.actions",
    "resample": ".audio.resample",
    "sentinel": ".session.sentinel",
    "transfer_to": ".session.after.actions",
}

__all__ = [
    "DEFAULT",
    "After",
    "AgentSession",
    "AlreadyAttachedError",
    "AnyAfter",
    "AnyMessage",
    "AttachError",
    "Audio",
    "BakeError",
    "Clip",
    "ClipEmptyError",
    "ClipError",
    "ClipFormatError",
    "ClipLimitError",
    "ClipNotFoundError",
    "Decision",
    "Failure",
    "FailureKind",
    "Farewell",
    "Handover",
    "History",
    "InferenceQuotaExceededError",
    "LastWord",
    "LastWordError",
    "Limits",
    "MessageError",
    "MissingCredentialsError",
    "Policy",
    "Report",
    "Silence",
    "StartTimeoutError",
    "UnsupportedVersionError",
    "attach",
    "bake",
    "bundled",
    "bundled_languages",
    "classify",
    "clear_cache",
    "decode",
    "farewell",
    "guard",
    "hand_over",
    "handed_over",
    "hang_up",
    "leave",
    "resample",
    "sentinel",
    "transfer_to",
]

if not TYPE_CHECKING:  # else no wrong name would be an error for a type checker
    __getattr__, __dir__ = exports(__name__, _MODULES)
keep_name(__name__, "sentinel")
