"""Rows of the LLM and realtime providers with an API of their own, and of LiveKit's gateway.

A row is here if a provider's word means something different from `common`, or if nobody else uses
it. Imports only `table` and `kinds`.
"""

from __future__ import annotations

from lastword.failure.kinds import FailureKind

from .table import row

_K = FailureKind
_AGENTS_6009 = "https://github.com/livekit/agents/issues/6009"
_ANTHROPIC = "https://platform.claude.com/docs/en/api/errors"
_GEMINI = "https://ai.google.dev/gemini-api/docs/troubleshooting"
_GEMINI_LIMITS = "https://ai.google.dev/gemini-api/docs/rate-limits"
_GEMINI_API = "https://ai.google.dev/gemini-api/docs/api-errors"
_GOOGLE = "https://docs.cloud.google.com/apis/design/errors"
_GOOGLE_REASONS = (
    "https://github.com/googleapis/googleapis/blob/master/google/api/error_reason.proto"
)
_BEDROCK = (
    "https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html"
)
_BOTOCORE = "https://github.com/boto/botocore/blob/develop/botocore/exceptions.py"
_AWS = "https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html"
_REALTIME = "https://platform.openai.com/docs/guides/realtime"
_ULTRAVOX = "https://docs.ultravox.ai/essentials/concurrency"

# The gateway's quota body has no row: `quota` types it, and its category decides.
_GATEWAY = (
    row(_K.RATE_LIMITED, "every other category, also an unknown one, passes within a minute",
        _AGENTS_6009, provider="livekit", codes="inference_quota_exceeded"),
)  # fmt: skip

_ANTHROPIC_ROWS = (
    row(_K.QUOTA_EXHAUSTED, "a billing stop sent as 400 or 429", _ANTHROPIC, provider="anthropic",
        phrases=("credit balance is too low", "api usage limits", "usage threshold")),
    row(_K.QUOTA_EXHAUSTED, "a limit per month, though the type says rate limit", _ANTHROPIC,
        provider="anthropic", codes="enforced_spend_limit_reached billing_error"),
    row(_K.CONTENT_FILTERED, "the output was refused", _ANTHROPIC, provider="anthropic",
        phrases=("output blocked",)),
    row(_K.AUTH, "key or permission", _ANTHROPIC, provider="anthropic",
        codes="authentication_error permission_error"),
    row(_K.CONTEXT_OVERFLOW, "over 32 MB", _ANTHROPIC, provider="anthropic",
        codes="request_too_large"),
    row(_K.OVERLOADED, "Anthropic's own trouble, also inside a stream of status 200", _ANTHROPIC,
        provider="anthropic", codes="overloaded_error api_error"),
    row(_K.TIMEOUT, "the request took too long", _ANTHROPIC, provider="anthropic",
        codes="timeout_error"),
)  # fmt: skip

_GOOGLE_ROWS = (
    row(_K.QUOTA_EXHAUSTED, "a quotaId per day beats the short retryDelay sent with it",
        _GEMINI_LIMITS, provider="google", phrases=("perday", "per day")),
    row(_K.QUOTA_EXHAUSTED, "a limit of 0: the project has no free tier for this model, whatever "
        "retryDelay says", _GEMINI_LIMITS, provider="google",
        phrases=("limit: 0,", "limit: 0\n", "limit: 0\\n")),
    row(_K.QUOTA_EXHAUSTED, "the daily quota by the word of the Interactions API", _GEMINI_API,
        provider="google", codes="quota_exceeded"),
    row(_K.QUOTA_EXHAUSTED, "prepaid credits or the monthly cap are used up", _GEMINI_LIMITS,
        provider="google", phrases=("prepayment credits", "credits are depleted", "spending cap",
                                    "spend cap")),
    row(_K.AUTH, "the key is wrong, sent as 400 or as a close code", _GEMINI, provider="google",
        phrases=("api key not valid", "api key expired", "reported as leaked",
                 "api key not found", "location is not supported", "pass a valid api key")),
    row(_K.CONTEXT_OVERFLOW, "the history only grows", _GEMINI, provider="google",
        phrases=("exceeds the maximum number of tokens", "context exhausted",
                 "input token count")),
    row(_K.CONTENT_FILTERED, "the answer was withheld", _GEMINI, provider="google",
        phrases=("generation blocked", "prohibited_content", "block_reason")),
    row(_K.CONNECTION, "a speech stream has a longest duration; a new one may be opened",
        "https://docs.cloud.google.com/speech-to-text/quotas", provider="google",
        phrases=("maximum allowed stream duration", "stream timed out", "audio timeout error",
                 "session duration")),
    row(_K.RATE_LIMITED, "quota per minute; the text alone does not tell it from the daily one",
        _GEMINI_LIMITS, provider="google", phrases=("perminute", "exceeded your current quota",
                                                    "quota exceeded for")),
    row(_K.ACCOUNT_DISABLED, "the project is suspended or has no billing", _GOOGLE_REASONS,
        provider="google", codes="consumer_suspended gcp_suspended billing_disabled "
                                 "account_state_invalid user_blocked_by_admin"),
    row(_K.AUTH, "the key or the API is not enabled for this", _GOOGLE_REASONS, provider="google",
        codes="api_key_invalid api_key_service_blocked api_key_ip_address_blocked "
              "api_key_http_referrer_blocked service_disabled consumer_invalid credentials_missing "
              "access_token_expired access_token_scope_insufficient user_project_denied "
              "permission_denied unauthenticated"),
    row(_K.QUOTA_EXHAUSTED, "with status 402 it is the prepaid balance", _GEMINI, provider="google",
        codes="resource_exhausted", statuses=(402,)),
    row(_K.OVERLOADED, "in a close 1011 it is Google's own exhaustion, not the customer's quota",
        _GEMINI, provider="google", codes="resource_exhausted", closes=(1011,)),
    row(_K.RATE_LIMITED, "without a quotaId: shared capacity, passes", _GOOGLE, provider="google",
        codes="resource_exhausted rate_limit_exceeded"),
    row(_K.OVERLOADED, "Google's own trouble", _GOOGLE, provider="google", codes="unavailable"),
    row(_K.TIMEOUT, "Google's own deadline", _GOOGLE, provider="google", codes="deadline_exceeded"),
)  # fmt: skip

_AWS_ROWS = (
    row(_K.AUTH, "a login of a developer's machine, or a profile, that this worker cannot renew",
        _BOTOCORE, provider="aws",
        phrases=("sso session associated with this profile", "error loading sso token",
                 "token has expired and refresh failed", "session token not found or invalid",
                 "the config profile (", "partial credentials found in")),
    row(_K.ACCOUNT_DISABLED, "the account has no valid means of payment", _BEDROCK, provider="aws",
        phrases=("invalid_payment_instrument", "payment instrument")),
    row(_K.QUOTA_EXHAUSTED, "a quota per day, sent as throttling", _BEDROCK, provider="aws",
        phrases=("per day",)),
    row(_K.MODEL_UNAVAILABLE, "the account cannot invoke this model", _BEDROCK, provider="aws",
        phrases=("model identifier is invalid", "on-demand throughput", "access to the model",
                 "marked by provider as legacy", "end of its life")),
    row(_K.CONTEXT_OVERFLOW, "the history only grows", _BEDROCK, provider="aws",
        phrases=("input is too long", "too many input tokens", "context window")),
    row(_K.AUTH, "credentials or rights", _AWS, provider="aws",
        codes="unrecognizedclientexception expiredtoken expiredtokenexception accessdenied "
              "accessdeniedexception invalidsignatureexception signaturedoesnotmatch "
              "incompletesignature missingauthenticationtoken missingauthenticationtokenexception "
              "invalidclienttokenid notauthorized nocredentialserror "
              "unauthorizedexception unauthorizedssotokenerror ssotokenloaderror"),
    row(_K.ACCOUNT_DISABLED, "the account has to subscribe first", _AWS, provider="aws",
        codes="optinrequired subscriptionrequiredexception"),
    row(_K.MODEL_UNAVAILABLE, "no such model", _BEDROCK, provider="aws",
        codes="resourcenotfoundexception ftuformnotfilled"),
    row(_K.RATE_LIMITED, "throttled, also with status 400", _BEDROCK, provider="aws",
        codes="throttlingexception throttling throttledexception toomanyrequestsexception "
              "limitexceededexception servicequotaexceededexception requestlimitexceeded"),
    row(_K.TIMEOUT, "the model was too slow", _BEDROCK, provider="aws",
        codes="modeltimeoutexception requesttimeout requesttimeoutexception"),
    row(_K.OVERLOADED, "AWS's own trouble", _BEDROCK, provider="aws",
        codes="modelnotreadyexception serviceunavailableexception serviceunavailable "
              "internalserverexception internalfailure internalfailureexception "
              "internalservererror modelerrorexception modelstreamerrorexception "
              "servicefailureexception"),
    row(_K.BAD_REQUEST, "this request is wrong", _BEDROCK, provider="aws",
        codes="validationexception validationerror badrequestexception invalidparametervalue "
              "textlengthexceededexception invalidssmlexception"),
)  # fmt: skip

_REALTIME_ROWS = (
    row(_K.CONNECTION, "a session lasts 60 minutes; a new one may be opened", _REALTIME,
        provider="openai", codes="session_expired"),
    row(_K.RATE_LIMITED, "calls at once, or no free GPU: try again", _ULTRAVOX,
        provider="ultravox", statuses=(429,)),
)  # fmt: skip

MODELS = (*_GATEWAY, *_ANTHROPIC_ROWS, *_GOOGLE_ROWS, *_AWS_ROWS, *_REALTIME_ROWS)
"""All rows of this module."""
