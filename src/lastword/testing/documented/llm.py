"""Lists the documented failures of LLMs."""

from __future__ import annotations

from lastword.failure.kinds import FailureKind

from .. import answers as gw
from .failure import answered, ends, passes, recorded
from .forms import aws, gateway_body, google, hangs_up, narrowed, openai, socket, whole

_K = FailureKind
_QUOTA = (
    "You exceeded your current quota, please check your plan and billing details. For more "
    "information on this error, read the docs: "
    "https://platform.openai.com/docs/guides/error-codes/api-errors."
)

FAILURES = {
    **recorded(
        "openai llm",
        narrowed,
        "openai-llm-billing-not-active",
        "openai-llm-context-length-400",
        "openai-llm-invalid-api-key",
        "openai-llm-model-not-found",
        "openai-llm-org-usage-limit",
        "openai-llm-project-no-model-access",
    ),
    **recorded("openai llm", whole, "openai-llm-html-502", "gemini-openai-compat-list-body"),
    **answered("openai llm", "openai-llm-connection-reset", hangs_up()),
    **answered("openai llm", "openai-llm-timeout", gw.stall(), patience_s=0.2),
    "openai-llm-insufficient-quota": ends(
        "openai llm",
        openai(429, _QUOTA, "insufficient_quota", "insufficient_quota"),
        _K.QUOTA_EXHAUSTED,
    ),
    "openai-llm-rate-limit": passes("openai llm", gw.rate_limited(), _K.RATE_LIMITED),
    "openai-llm-overloaded": passes("openai llm", gw.overloaded(), _K.OVERLOADED),
    **recorded("openai llm responses", narrowed, "openai-responses-http-401"),
    **answered(
        "openai llm responses socket",
        "openai-responses-ws-insufficient-quota",
        socket(
            {
                "type": "error",
                "status": 429,
                "error": {
                    "type": "insufficient_quota",
                    "code": "insufficient_quota",
                    "message": _QUOTA,
                    "param": None,
                },
            }
        ),
    ),
    # compatible with OpenAI's
    **recorded(
        "azure llm",
        narrowed,
        "azure-openai-429-day",
        "azure-openai-content-filter",
        "azure-openai-deployment-not-found",
    ),
    **recorded(
        "groq llm",
        narrowed,
        "groq-llm-model-decommissioned",
        "groq-llm-organization-restricted",
        "groq-llm-tpd-429",
    ),
    **recorded("cerebras llm", narrowed, "cerebras-llm-tpd-429"),
    **recorded("deepseek llm", narrowed, "deepseek-llm-402"),
    # LiveKit's inference gateway
    **recorded(
        "livekit llm", gateway_body, "livekit-inference-llm-credits", "livekit-inference-llm-rpm"
    ),
    "livekit-llm-requests-at-once": passes(
        "livekit llm",
        gw.quota_exceeded("llm", "MaxConcurrentGatewayLLMRpm"),
        _K.RATE_LIMITED,
        quota=True,
    ),
    # Anthropic
    **recorded(
        "anthropic llm",
        whole,
        "anthropic-billing-error-402",
        "anthropic-credit-balance-too-low",
        "anthropic-enforced-spend-limit-429",
        "anthropic-organization-disabled",
        "anthropic-overloaded-529",
        "anthropic-specified-usage-limits",
    ),
    # Google
    **recorded(
        "google llm",
        google,
        "gemini-llm-400-api-key-expired",
        "gemini-llm-400-api-key-invalid",
        "gemini-llm-403-consumer-suspended",
        "gemini-llm-403-key-leaked",
        "gemini-llm-429-per-day",
        "gemini-llm-429-per-minute",
        "gemini-llm-429-prepay-depleted",
        "gemini-llm-503-overloaded",
    ),
    **recorded("google llm vertex", google, "gemini-llm-429-resource-exhausted-bare"),
    # AWS
    **recorded(
        "aws llm", aws, "bedrock-input-too-long", "bedrock-invalid-token", "bedrock-tokens-per-day"
    ),
}
"""Name -> failure; a recorded case has its id as name."""
