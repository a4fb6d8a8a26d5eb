"""Reaches LiveKit's server API, and says in one line what it answered when it refused."""

from __future__ import annotations

import os
from collections.abc import Mapping

import aiohttp
from livekit import api

from ..failure.redact import redact

API_TIMEOUT_S = 5.0
"""Bound of one call of the server API; a healthy server answers within 50 ms."""
CREDENTIALS = ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET")
"""What the environment must hold; livekit-api reads the same names."""


def missing_credentials() -> list[str]:
    """Return the names of `CREDENTIALS` that the environment lacks."""
    return [name for name in CREDENTIALS if not os.environ.get(name)]


def server_api(timeout_s: float) -> api.LiveKitAPI:
    """Return a new client: the job's own shares a session whose time-outs are not ours to set."""
    return api.LiveKitAPI(timeout=aiohttp.ClientTimeout(total=timeout_s))


def describe(error: BaseException) -> str:
    """Return one line without secrets that names the error; never raises."""
    name = type(error).__name__
    try:
        metadata = getattr(error, "metadata", None)
        sip = metadata.get("sip_status_code") if isinstance(metadata, Mapping) else None
        text = f"SIP {sip}" if sip else redact(str(error))
    except Exception:  # noqa: BLE001 - attributes and texts of foreign errors may do anything
        return name
    return f"{name}: {text}" if text else name
