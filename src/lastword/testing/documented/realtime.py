"""Lists the documented failures of realtime models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lastword.failure.kinds import FailureKind

from .failure import ProviderFailure, answered, ends, recorded
from .forms import closed_live, openai, socket
from .recorded import BY_ID

if TYPE_CHECKING:
    from ..answers import Answer

_K = FailureKind


def _says(exception: dict[str, Any]) -> Answer:
    """Send the error in an event, as OpenAI's model does; the plugin passes its object on."""
    error = {key: part for key, part in exception["body"].items() if not key.startswith("__")}
    return socket({"type": "error", "event_id": "event_1", "error": error})


FAILURES = {
    # the only case of the held-out third that the rules do not know: taken for a bad request
    "openai-realtime-access-not-enabled": ProviderFailure(
        "openai realtime",
        _says(BY_ID["openai-realtime-access-not-enabled"]["exception"]),
        _K.BAD_REQUEST,
        terminal=False,
        recoverable=True,
    ),
    **answered(
        "openai realtime",
        "openai-realtime-handshake-401",
        openai(401, "Incorrect API key provided.", "invalid_request_error", "invalid_api_key"),
    ),
    "openai-realtime-quota": ends(
        "openai realtime",
        _says(
            {
                "body": {
                    "type": "insufficient_quota",
                    "code": "insufficient_quota",
                    "message": "You exceeded your current quota.",
                    "param": None,
                    "event_id": None,
                }
            }
        ),
        _K.QUOTA_EXHAUSTED,
    ),
    **recorded(
        "google realtime",
        closed_live,
        "gemini-live-1007-bad-key",
        "gemini-live-1008-model-not-found",
        "gemini-live-1011-resource-exhausted",
        "gemini-live-1011-throttled-client",
    ),
}
"""Name -> failure; a recorded case has its id as name."""
