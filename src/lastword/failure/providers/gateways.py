"""Rows of the gateways that agents put in front of their models: routers, proxies, budgets.

A gateway answers for itself (its keys, budgets and limits) or passes on what a model behind it
said; these rows are the gateways' own words. Rows of gateways that users host themselves, at any
address, apply to any provider: nobody else uses these words. Imports only `table` and `kinds`.
"""

from __future__ import annotations

from lastword.failure.kinds import FailureKind

from .table import row

_K = FailureKind
_LITELLM = "https://docs.litellm.ai/docs/proxy/error_reference"
_LITELLM_BUDGETS = "https://docs.litellm.ai/docs/proxy/users"
_OPENROUTER = "https://openrouter.ai/docs/api/reference/errors-and-debugging"
_OPENROUTER_LIMITS = "https://openrouter.ai/docs/api/reference/limits"
_PORTKEY = "https://portkey.ai/docs/api-reference/inference-api/error-codes"
_WORKERS_AI = "https://developers.cloudflare.com/workers-ai/platform/errors/"
_AI_GATEWAY = "https://developers.cloudflare.com/ai-gateway/features/guardrails/set-up-guardrail"
_APIM = "https://learn.microsoft.com/azure/api-management/quota-policy"
_APIM_KEYS = "https://learn.microsoft.com/azure/api-management/api-management-subscriptions"
_HELICONE = "https://docs.helicone.ai/gateway/concepts/error-handling"

ANYWHERE = (
    row(_K.QUOTA_EXHAUSTED, "LiteLLM's budgets of a key, user, team or provider, sent as 400, 401 "
        "or 429", _LITELLM_BUDGETS,
        phrases=("budget has been exceeded", "exceededbudget", "exceeded budget for",
                 "crossed budget")),
    row(_K.OVERLOADED, "LiteLLM has no healthy deployment just now, sent as 400", _LITELLM,
        phrases=("no healthy deployments",)),
    row(_K.RATE_LIMITED, "LiteLLM's deployments cool down for seconds", _LITELLM,
        phrases=("no deployments available for selected model",)),
    row(_K.RATE_LIMITED, "API Management's quota that is there again within the hour", _APIM,
        phrases=("quota will be replenished in 00:",)),
    row(_K.QUOTA_EXHAUSTED, "API Management's quota per day, week or month", _APIM,
        phrases=("out of call volume quota", "out of bandwidth quota")),
    row(_K.AUTH, "no or a wrong key of API Management", _APIM_KEYS,
        phrases=("missing subscription key", "invalid subscription key")),
)  # fmt: skip
"""Rows by the words of gateways at any address."""

ANYWHERE_CODES = (
    row(_K.QUOTA_EXHAUSTED, "LiteLLM's budgets", _LITELLM, codes="budget_exceeded"),
    row(_K.MODEL_UNAVAILABLE, "the key, user, team or project may not use the model", _LITELLM,
        codes="key_model_access_denied team_model_access_denied user_model_access_denied "
              "org_model_access_denied project_model_access_denied"),
    row(_K.AUTH, "an unknown or expired key of the proxy", _LITELLM,
        codes="token_not_found_in_db expired_key"),
    row(_K.OVERLOADED, "the proxy's own database or identity provider is away", _LITELLM,
        codes="no_db_connection auth_provider_unavailable"),
)  # fmt: skip
"""Rows by the codes of gateways at any address."""

_OPENROUTER_ROWS = (
    row(_K.QUOTA_EXHAUSTED, "free models per day", _OPENROUTER_LIMITS, provider="openrouter",
        phrases=("free-models-per-day",)),
    row(_K.RATE_LIMITED, "free models per minute", _OPENROUTER_LIMITS, provider="openrouter",
        phrases=("free-models-per-min",)),
    row(_K.RATE_LIMITED, "other requests hold the budget; it is free when they end", _OPENROUTER,
        provider="openrouter", codes="in_flight_budget_exhausted"),
    row(_K.QUOTA_EXHAUSTED, "the key's own credit limit, sent as 403", _OPENROUTER,
        provider="openrouter", phrases=("key limit exceeded",)),
    row(_K.RATE_LIMITED, "an upstream of OpenRouter is busy", _OPENROUTER, provider="openrouter",
        phrases=("temporarily rate-limited", "rate-limited upstream")),
    row(_K.CONTENT_FILTERED, "moderation flagged this input", _OPENROUTER, provider="openrouter",
        statuses=(403,)),
)  # fmt: skip

_CLOUDFLARE_ROWS = (
    row(_K.QUOTA_EXHAUSTED, "the daily allocation of neurons", _WORKERS_AI, provider="cloudflare",
        codes="3036 4006"),
    row(_K.OVERLOADED, "no data center has capacity, sent as 429", _WORKERS_AI,
        provider="cloudflare", codes="3040"),
    row(_K.ACCOUNT_DISABLED, "the account is blocked", _WORKERS_AI, provider="cloudflare",
        codes="3023"),
    row(_K.MODEL_UNAVAILABLE, "no such model, or none for this account, sent as 400 or 403",
        _WORKERS_AI, provider="cloudflare", codes="5007 5016 5018 3041 3042"),
    row(_K.CONTEXT_OVERFLOW, "the request is too large", _WORKERS_AI, provider="cloudflare",
        codes="3006"),
    row(_K.TIMEOUT, "timed out or aborted", _WORKERS_AI, provider="cloudflare",
        codes="3007 3008"),
    row(_K.CONTENT_FILTERED, "the gateway's guardrails blocked this prompt or answer", _AI_GATEWAY,
        provider="cloudflare", codes="2016 2017"),
    row(_K.RATE_LIMITED, "the gateway's own limit", _AI_GATEWAY, provider="cloudflare",
        codes="2003"),
    row(_K.AUTH, "the gateway's own token", _AI_GATEWAY, provider="cloudflare", codes="2009"),
)  # fmt: skip

_OTHERS = (
    row(_K.QUOTA_EXHAUSTED, "the budget of a key or workspace", _PORTKEY, provider="portkey",
        statuses=(412,)),
    row(_K.CONTENT_FILTERED, "a guardrail denied this request", _PORTKEY, provider="portkey",
        statuses=(446,)),
    row(_K.ACCOUNT_DISABLED, "the wallet is suspended: support has to act", _HELICONE,
        provider="helicone", phrases=("suspended",)),
)  # fmt: skip

GATEWAYS = (*_OPENROUTER_ROWS, *_CLOUDFLARE_ROWS, *_OTHERS)
"""All rows of gateways at known addresses."""
