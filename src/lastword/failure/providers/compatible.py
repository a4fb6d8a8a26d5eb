"""Rows of the providers with an API compatible with OpenAI's.

They share the form of OpenAI's errors but seldom its words. Imports only `table` and `kinds`.
"""

from __future__ import annotations

from lastword.failure.kinds import FailureKind

from .table import row

_K = FailureKind
_AZURE = "https://learn.microsoft.com/azure/ai-foundry/openai/quotas-limits"
_GROQ = "https://console.groq.com/docs/errors"
_GROQ_LIMITS = "https://console.groq.com/docs/rate-limits"
_GROQ_SPEND = "https://console.groq.com/docs/spend-limits"
_CEREBRAS = "https://inference-docs.cerebras.ai/support/error"
_XAI = "https://docs.x.ai/docs/key-information/debugging"
_DEEPSEEK = "https://api-docs.deepseek.com/quick_start/error_codes"
_TOGETHER = "https://docs.together.ai/docs/error-codes"
_FIREWORKS = "https://docs.fireworks.ai/guides/inference-error-codes"
_MISTRAL = "https://docs.mistral.ai/resources/error-glossary"
_ZHIPU = "https://docs.bigmodel.cn/cn/api/api-code"
_MOONSHOT = "https://platform.moonshot.ai/docs/api/chat#error-codes"
_DASHSCOPE = "https://help.aliyun.com/en/model-studio/error-code"
_DASHSCOPE_LIMITS = "https://www.alibabacloud.com/help/en/model-studio/rate-limit"
_SILICONFLOW = "https://docs.siliconflow.com/en/faqs/error-code"
_NVIDIA = "https://docs.api.nvidia.com/nim/reference/llm-apis"

_COMPATIBLE = (
    row(_K.MODEL_UNAVAILABLE, "the deployment or its operation does not exist", _AZURE,
        provider="azure", phrases=("does not work with the specified model",
                                   "deployment does not exist")),
    row(_K.QUOTA_EXHAUSTED, "the monthly limit that the user set", _GROQ_SPEND, provider="groq",
        codes="blocked_api_access"),
    row(_K.QUOTA_EXHAUSTED, "seconds of audio per day", _GROQ_LIMITS, provider="groq",
        phrases=("audio per day", "(aspd)")),
    row(_K.RATE_LIMITED, "seconds of audio per hour, over a window that moves", _GROQ_LIMITS,
        provider="groq", phrases=("audio per hour", "(asph)")),
    row(_K.CONTEXT_OVERFLOW, "the request alone is over the limit per minute, and grows", _GROQ,
        provider="groq", statuses=(413,)),
    row(_K.OVERLOADED, "capacity of Groq's flex tier", _GROQ, provider="groq", statuses=(498,)),
    row(_K.OVERLOADED, "no room in the queue", _CEREBRAS, provider="cerebras",
        codes="queue_exceeded"),
    row(_K.RATE_LIMITED, "per minute, hour or day with one code; a day is told by its text",
        _CEREBRAS, provider="cerebras", phrases=("per minute", "per second", "per hour")),
    row(_K.CONTENT_FILTERED, "this request was refused, with the code of a missing permission",
        _XAI, provider="xai", phrases=("violates usage guidelines", "safety_check_type")),
    row(_K.QUOTA_EXHAUSTED, "out of credits, sent as 403 or 429", _XAI, provider="xai",
        phrases=("all available credits", "monthly spending limit", "run out of credits",
                 "doesn't have any credits", "does not have any credits")),
    row(_K.AUTH, "a wrong key, sent as 400", _XAI, provider="xai",
        phrases=("incorrect api key", "no api key")),
    row(_K.QUOTA_EXHAUSTED, "insufficient balance", _DEEPSEEK, provider="deepseek",
        statuses=(402,)),
    row(_K.CONTEXT_OVERFLOW, "input and max_tokens are over the model's context", _TOGETHER,
        provider="together", statuses=(403,)),
    row(_K.ACCOUNT_DISABLED, "suspended for a spending limit or an unpaid invoice", _FIREWORKS,
        provider="fireworks", statuses=(412,)),
    row(_K.MODEL_UNAVAILABLE, "no such model", _MISTRAL, provider="mistral",
        codes="unknown_model"),
    row(_K.RATE_LIMITED, "service tier capacity or rate", _MISTRAL, provider="mistral",
        codes="1300 3505"),
)  # fmt: skip

_ZHIPU_ROWS = (
    row(_K.QUOTA_EXHAUSTED, "in arrears, a limit per day, week or month, or an ended plan", _ZHIPU,
        provider="zhipu", codes="1113 1304 1308 1309 1310"),
    row(_K.ACCOUNT_DISABLED, "inactive, unknown, locked, or held back until someone asks", _ZHIPU,
        provider="zhipu", codes="1110 1111 1112 1121 1313"),
    row(_K.AUTH, "no or a wrong token, or no right to this API", _ZHIPU, provider="zhipu",
        codes="1000 1001 1002 1003 1004 1220"),
    row(_K.MODEL_UNAVAILABLE, "no such model or API, or none for this plan", _ZHIPU,
        provider="zhipu", codes="1211 1221 1222 1311"),
    row(_K.CONTEXT_OVERFLOW, "the prompt is too long", _ZHIPU, provider="zhipu", codes="1261"),
    row(_K.CONTENT_FILTERED, "input or output may be unsafe", _ZHIPU, provider="zhipu",
        codes="1301"),
    row(_K.RATE_LIMITED, "requests at once or per second", _ZHIPU, provider="zhipu",
        codes="1302 1303"),
    row(_K.OVERLOADED, "the whole model is busy, not this account", _ZHIPU, provider="zhipu",
        codes="1305 1312"),
    row(_K.OVERLOADED, "Zhipu's own trouble", _ZHIPU, provider="zhipu", codes="1120 1230 1234"),
    row(_K.BAD_REQUEST, "parameters", _ZHIPU, provider="zhipu",
        codes="1210 1212 1213 1214 1215 1231"),
)  # fmt: skip

_MOONSHOT_ROWS = (
    row(_K.QUOTA_EXHAUSTED, "in arrears or out of vouchers, sent as 429", _MOONSHOT,
        provider="moonshot", codes="exceeded_current_quota_error"),
    row(_K.MODEL_UNAVAILABLE, "no such model, or none for this account", _MOONSHOT,
        provider="moonshot", codes="resource_not_found_error"),
    row(_K.OVERLOADED, "the engine is busy, not this account", _MOONSHOT, provider="moonshot",
        codes="engine_overloaded_error"),
    row(_K.RATE_LIMITED, "requests at once or per minute", _MOONSHOT, provider="moonshot",
        codes="rate_limit_reached_error"),
)  # fmt: skip

_DASHSCOPE_ROWS = (
    row(_K.QUOTA_EXHAUSTED, "the free quota is used up and paying is switched off", _DASHSCOPE,
        provider="dashscope", phrases=("free allocated quota exceeded", "free tier of the model",
                                       "free quota", "freetieronly")),
    row(_K.CONTEXT_OVERFLOW, "the input is too long for the model", _DASHSCOPE,
        provider="dashscope", phrases=("range of input length should be",)),
    row(_K.QUOTA_EXHAUSTED, "in arrears, or not bought", _DASHSCOPE, provider="dashscope",
        codes="arrearage prepaidbilloverdue postpaidbilloverdue commoditynotpurchased "
              "accessdenied.unpurchased"),
    row(_K.RATE_LIMITED, "OpenAI's words for no credits are tokens per minute here",
        _DASHSCOPE_LIMITS, provider="dashscope",
        phrases=("exceeded your current quota", "exceeded your current requests",
                 "allocated quota exceeded", "rate limit exceeded", "increased too quickly")),
    row(_K.RATE_LIMITED, "per minute or per second", _DASHSCOPE_LIMITS, provider="dashscope",
        codes="throttling throttling.ratequota throttling.allocationquota throttling.burstrate "
              "limitrequests insufficient_quota"),
    row(_K.CONTENT_FILTERED, "input or output may be inappropriate", _DASHSCOPE,
        provider="dashscope", codes="data_inspection_failed datainspectionfailed"),
    row(_K.MODEL_UNAVAILABLE, "no such model, or none for this account", _DASHSCOPE,
        provider="dashscope", codes="modelnotfound model_not_found model.accessdenied "
                                    "modelunavailable"),
    row(_K.AUTH, "the key, or its workspace", _DASHSCOPE, provider="dashscope",
        codes="invalidapikey workspace.accessdenied"),
    row(_K.OVERLOADED, "the model's own trouble", _DASHSCOPE, provider="dashscope",
        codes="internalerror modelservicefailed modelserving_error systemerror"),
)  # fmt: skip

_OTHERS = (
    row(_K.QUOTA_EXHAUSTED, "no balance, sent as 403", _SILICONFLOW, provider="siliconflow",
        codes="30001"),
    row(_K.MODEL_UNAVAILABLE, "no such model", _SILICONFLOW, provider="siliconflow",
        codes="20012 20015"),
    row(_K.OVERLOADED, "the model is busy", _SILICONFLOW, provider="siliconflow", codes="50505"),
    row(_K.QUOTA_EXHAUSTED, "the credits of the trial are used up or expired", _NVIDIA,
        provider="nvidia", phrases=("credits expired", "cloud credits")),
)  # fmt: skip

COMPATIBLE = (*_COMPATIBLE, *_ZHIPU_ROWS, *_MOONSHOT_ROWS, *_DASHSCOPE_ROWS, *_OTHERS)
"""All rows of this module."""
