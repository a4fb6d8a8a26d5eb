"""Rows for any provider: common phrases and codes, HTTP statuses, WebSocket close codes.

Phrases are parts of sentences that providers document or that their SDKs write; a phrase is here
only if it means the same for all of them. Imports only `table` and `kinds`.
"""

from __future__ import annotations

from lastword.failure.kinds import FailureKind

from .table import row

_K = FailureKind
_HTTP = "https://www.rfc-editor.org/rfc/rfc9110#section-15"
_WS = "https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1"
_OPENAI = "https://developers.openai.com/docs/guides/error-codes"
_GRPC = "https://grpc.io/docs/guides/status-codes/"
_GATEWAY = "https://github.com/livekit/agents/pull/6152"
_GROQ = "https://console.groq.com/docs/rate-limits"

PHRASES = (
    row(_K.QUOTA_EXHAUSTED, "credits come back with the next billing cycle", _GATEWAY,
        phrases=("category: maxgatewaycredits", "category: maxbargeinrequests",
                 "category: maxeotrequests")),
    row(_K.CONTEXT_OVERFLOW, "the history only grows, so every later turn is too long too", _OPENAI,
        phrases=("maximum context length", "context length exceeded", "context window",
                 "prompt is too long", "input is too long", "exceed context limit",
                 "exceeds the maximum number of tokens", "exceeds the context",
                 "reduce the length of the messages", "request too large for model",
                 "reduce your message size", "output tokens must be reduced",
                 "session context exhausted")),
    row(_K.QUOTA_EXHAUSTED, "a limit per day or month outlasts any call", _GROQ,
        phrases=("tokens per day", "requests per day", "(tpd)", "(rpd)", "audio seconds per day",
                 "daily limit", "daily quota", "daily request limit", "monthly quota",
                 "monthly usage limit", "monthly limit", "monthly character limit",
                 "monthly included credits", "weekly limit", "daily free allocation",
                 "usage limit reached", "usage limit exceeded", "usage limits",
                 "will regain access on")),
    row(_K.RATE_LIMITED, "a limit on what runs at once, or per minute", _OPENAI,
        phrases=("tokens per min", "requests per min", "(tpm)", "(rpm)", "concurrent",
                 "concurrency", "rate limit reached", "rate limit exceeded")),
    row(_K.QUOTA_EXHAUSTED, "someone has to pay or raise a limit first", _OPENAI,
        phrases=("exceeded your current quota", "insufficient balance", "insufficient credit",
                 "insufficient funds", "insufficient account balance", "insufficient quota",
                 "not enough credits", "enough credits", "out of credits", "run out of credit",
                 "credits are depleted", "credit limit", "credit balance", "balance exhausted",
                 "budget exhausted", "spending limit", "spend limit", "spending cap",
                 "all available credits", "billing hard limit", "exceeds your quota",
                 "quota has been exhausted", "subscription has expired", "trial has ended",
                 "trial has expired", "no credits", "top up your", "balance is insufficient",
                 "exhausted balance", "exceeded your budget", "requires more credits",
                 "please recharge", "overdue payment", "in arrears")),
    row(_K.ACCOUNT_DISABLED, "the account has to be opened again", _OPENAI,
        phrases=("account is not active", "account has been disabled", "account is disabled",
                 "account has been deactivated", "account has been suspended", "is suspended",
                 "account is suspended", "organization has been disabled", "been restricted",
                 "has been suspended", "account is locked", "account has been blocked",
                 "user is locked",
                 "access has been terminated", "unusual activity")),
    row(_K.AUTH, "the key is wrong for every request", _OPENAI,
        phrases=("invalid api key", "incorrect api key", "invalid api-key", "invalid api_key",
                 "api key not valid", "api key expired", "api key is invalid", "api key provided",
                 "api key not found", "reported as leaked", "invalid authentication",
                 "invalid credentials", "missing authorization", "missing api key",
                 "no api key provided", "unable to locate credentials",
                 "you must be a member of an organization",
                 "region, or territory not supported", "location is not supported")),
    row(_K.MODEL_UNAVAILABLE, "the model or the voice is not there for this account", _OPENAI,
        phrases=("does not exist or you do not have access", "have access to model",
                 "have access to the requested model", "model not found", "model does not exist",
                 "invalid model", "unknown model", "unsupported model", "has been decommissioned",
                 "has been deprecated and", "is not found for api version", "voice not found",
                 "voice does not exist", "voice was not found", "invalid voice",
                 "deployment for this resource does not exist", "no such model",
                 "not allowed to access model", "organization must be verified",
                 "try pulling it first", "voice id not exist")),
    row(_K.CONTENT_FILTERED, "this request was refused for its content; the next may pass", _OPENAI,
        phrases=("content management policy", "content filter", "content policy",
                 "content filtering policy", "requires moderation", "flagged by", "was flagged",
                 "blocked by gemini", "usage policies", "usage policy", "safety system",
                 "violates usage guidelines", "content violates",
                 "blocked due to security configurations", "inappropriate content")),
)  # fmt: skip

CODES = (
    row(_K.QUOTA_EXHAUSTED, "OpenAI's word for no credits, used by all compatible APIs", _OPENAI,
        codes="insufficient_quota credit_balance_exhausted organization_spend_limit_exceeded "
              "project_spend_limit_exceeded organization_usage_limit_exceeded "
              "billing_hard_limit_reached insufficient_credits insufficient_balance "
              "insufficient_funds payment_required quota_exceeded billing_error out_of_credits "
              "insufficient_quota_error exceeded_current_quota_error usage_limit_exceeded "
              "arrearage"),
    row(_K.ACCOUNT_DISABLED, "the account is closed until someone acts", _OPENAI,
        codes="billing_not_active account_deactivated access_terminated account_disabled "
              "account_suspended organization_restricted organization_deactivated"),
    row(_K.AUTH, "the key is wrong for every request", _OPENAI,
        codes="invalid_api_key incorrect_api_key invalid_authentication wrong_api_key auth_error "
              "authentication_error invalid_organization mismatched_organization ip_not_authorized "
              "unsupported_country_region_territory missing_api_key api_key_expired "
              "permission_error invalid_auth not_authorised unauthenticated permission_denied "
              "missing_scope invalid_api_key_error invalid_authentication_error"),
    row(_K.MODEL_UNAVAILABLE, "the model is not there for this account", _OPENAI,
        codes="model_not_found model_decommissioned model_not_available model_terms_required "
              "deploymentnotfound deploymentmodelnotsupported voice_not_found not_found_error "
              "invalid_model"),
    row(_K.CONTEXT_OVERFLOW, "the history only grows", _OPENAI,
        codes="context_length_exceeded context_window_exceeded request_too_large"),
    row(_K.CONTENT_FILTERED, "this request was refused for its content", _OPENAI,
        codes="content_filter content_policy_violation responsibleaipolicyviolation "
              "content_filtered moderation_blocked cyber_policy_violation "
              "invalid_prompt data_inspection_failed"),
    row(_K.OVERLOADED, "documented with 503", _OPENAI, codes="slow_down", statuses=(503,)),
    row(_K.RATE_LIMITED, "passes within a minute", _OPENAI,
        codes="rate_limit_exceeded rate_limit_error slow_down too_many_requests rate_limited "
              "rate_limit too_many_concurrent_requests concurrency_limited "
              "concurrency_limit_exceeded inference_quota_exceeded "
              "rate_limit_exceeded_error rate_limit_reached_error"),
    row(_K.OVERLOADED, "the provider's own trouble", _OPENAI,
        codes="server_is_overloaded overloaded_error engine_overloaded model_overloaded "
              "engine_overloaded_error "
              "service_unavailable service_unavailable_error system_busy queue_exceeded"),
)  # fmt: skip

STATUSES = (
    row(_K.BAD_REQUEST, "each reconnect asks the same URL", _HTTP, statuses=(400, 405, 406, 422),
        handshake=True, lasting=True),
    row(_K.BAD_REQUEST, "this request is wrong", _HTTP, statuses=(400, 405, 406, 411, 414, 415,
                                                                 422, 431)),
    row(_K.AUTH, "no or a wrong key", _HTTP, statuses=(401, 407)),
    row(_K.QUOTA_EXHAUSTED, "payment required", _HTTP, statuses=(402,)),
    row(_K.AUTH, "the key may not do this", _HTTP, statuses=(403, 451)),
    row(_K.MODEL_UNAVAILABLE, "no such path, model or voice", _HTTP, statuses=(404, 410)),
    row(_K.CONTEXT_OVERFLOW, "the request is too large, and the history only grows", _HTTP,
        statuses=(413,)),
    row(_K.TIMEOUT, "the server, or one behind it, gave up waiting", _HTTP,
        statuses=(408, 504, 522, 524)),
    row(_K.CONNECTION, "a conflict, or the client went away", _HTTP, statuses=(409, 425, 499)),
    row(_K.RATE_LIMITED, "too many requests", _HTTP, statuses=(429,)),
    row(_K.OVERLOADED, "the server's own trouble", _HTTP,
        statuses=(424, *range(500, 504), *range(505, 522), 523, *range(525, 600))),
)  # fmt: skip

WEAK = (
    row(_K.RATE_LIMITED, "what is left of a 429", _HTTP,
        phrases=("too many requests", "rate limit", "rate exceeded", "rate-limit", "throttl",
                 "too many connections"),
        ),
    row(_K.RATE_LIMITED, "without more words a short limit is meant", _GRPC,
        codes="resource_exhausted throttled"),
    row(_K.OVERLOADED, "what is left of a 5xx", _HTTP,
        phrases=("overloaded", "high demand", "high traffic", "at capacity", "service unavailable",
                 "temporarily unavailable", "internal server error", "bad gateway",
                 "server had an error", "internal error")),
    row(_K.OVERLOADED, "the provider's own trouble", _GRPC,
        codes="unavailable internal server_error api_error internal_error internal_server_error "
              "unknown_error"),
    row(_K.TIMEOUT, "a deadline passed", _GRPC,
        codes="deadline_exceeded timeout_error request_timeout timeout",
        ),
    row(_K.MODEL_UNAVAILABLE, "not found", _GRPC, codes="not_found"),
    row(_K.BAD_REQUEST, "the request is wrong", _OPENAI,
        codes="invalid_request_error invalid_argument bad_request invalid_request input_error "
              "invalid_value validation_error unprocessable_entity"),
)  # fmt: skip

CLOSES = (
    row(_K.OVERLOADED, "the server asks to come again later", _WS, closes=(1013,)),
    row(_K.CONNECTION, "says how the connection ended, not why; a new one may hold", _WS,
        closes=(1000, 1001, 1005, 1006, 1011, 1012, 1014)),
    row(_K.BAD_REQUEST, "the message was not accepted", _WS, closes=(1002, 1003, 1007, 1009, 1010)),
)  # fmt: skip
