"""Connects to LiveKit's server API, and describes a refusal in one line."""

from __future__ import annotations

import os
from collections.abc import Mapping

import aiohttp
from livekit import api

from ..failure.redact import redact

API_TIMEOUT_S = 5.0
"""Time limit of one call of the server API; a healthy server answers within 50 ms."""
CREDENTIALS = ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET")
"""Environment variables that must be set; livekit-api reads the same names."""


def missing_credentials() -> list[str]:
    """Return the names of `CREDENTIALS` that the environment lacks."""
    return [name for name in CREDENTIALS if not os.environ.get(name)]


def server_api(timeout_s: float, *, connect_timeout_s: float | None = None) -> api.LiveKitAPI:
    """Return a new client, since the time-outs of the job's own client cannot be set.

    Args:
        timeout_s: Time limit of a whole call, in seconds.
        connect_timeout_s: How much of that connecting may take; None for all of it.
    """
    timeout = aiohttp.ClientTimeout(total=timeout_s, sock_connect=connect_timeout_s)
    return api.LiveKitAPI(timeout=timeout)


def describe(error: BaseException) -> str:
    """Return one line without secrets that names the error; never raise."""
    name = type(error).__name__
    try:
        metadata = getattr(error, "metadata", None)
        sip = metadata.get("sip_status_code") if isinstance(metadata, Mapping) else None
        text = f"SIP {sip}" if sip else redact(str(error))
    except Exception:  # noqa: BLE001 - attributes and texts of foreign errors may raise anything
        return name
    return f"{name}: {text}" if text else name
