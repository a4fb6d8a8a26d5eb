"""Rows of the STT and TTS providers. Imports only `table` and `kinds`.

WebSocket close codes belong here: 1008 is a wrong key for one provider and anything for another.
"""

from __future__ import annotations

from dataclasses import replace

from lastword.failure.kinds import FailureKind

from .table import row

_K = FailureKind
_DEEPGRAM = "https://developers.deepgram.com/docs/errors"
_DEEPGRAM_WS = (
    "https://developers.deepgram.com/docs/stt-troubleshooting-websocket-data-and-net-errors"
)
_ELEVENLABS = "https://elevenlabs.io/docs/eleven-api/resources/errors"
_ELEVENLABS_HELP = "https://help.elevenlabs.io/hc/en-us/articles/19572237925521"
_ELEVENLABS_STT = (
    "https://elevenlabs.io/docs/api-reference/speech-to-text/v-1-speech-to-text-realtime"
)
_CARTESIA = "https://docs.cartesia.ai/use-the-api/api-errors"
_CARTESIA_LIMITS = "https://docs.cartesia.ai/use-the-api/concurrency-limits-and-timeouts"
_ASSEMBLYAI = "https://www.assemblyai.com/docs/streaming/common-session-errors-and-closures"
_ASSEMBLYAI_V2 = "https://assemblyai.com/docs/api-reference/streaming"
_SPEECHMATICS = "https://docs.speechmatics.com/api-ref/realtime-transcription-websocket"
_AZURE = "https://learn.microsoft.com/dotnet/api/microsoft.cognitiveservices.speech.cancellationerrorcode"
_SONIOX = "https://soniox.com/docs/stt/api-reference/websocket-api"
_MINIMAX = "https://platform.minimax.io/docs/api-reference/errorcode"
_INWORLD = "https://docs.inworld.ai/stt/troubleshooting"
_GRADIUM = "https://docs.gradium.ai/guides/errors"
_HUME = "https://dev.hume.ai/docs/resources/errors"
_RIME = "https://docs.rime.ai/docs/errors"
_RIME_STT = "https://docs.rime.ai/docs/stt/errors"
_SARVAM = "https://docs.sarvam.ai/api/errors-troubleshooting"
_LMNT = "https://docs.lmnt.com/api/errors"
_FISHAUDIO = "https://docs.fish.audio/api-reference/errors"
_FAL = "https://docs.fal.ai/model-apis/faq"
_TELNYX = "https://developers.telnyx.com/development/api-fundamentals/api-errors"
_GLADIA = "https://docs.gladia.io/chapters/limits-and-specifications/concurrency"

_DEEPGRAM_ROWS = (
    row(_K.MODEL_UNAVAILABLE, "the project may not use the model, or none of this kind exists",
        _DEEPGRAM, provider="deepgram", phrases=("access to the requested model",
                                                 "no such model", "model/language")),
    row(_K.QUOTA_EXHAUSTED, "the project is out of credits", _DEEPGRAM, provider="deepgram",
        codes="asr_payment_required tts_payment_required payment_required insufficient_credits"),
    row(_K.AUTH, "key or scope", _DEEPGRAM, provider="deepgram",
        codes="invalid_auth insufficient_permissions forbidden"),
    row(_K.RATE_LIMITED, "connections at once", _DEEPGRAM, provider="deepgram",
        codes="too_many_requests rate_limit_exceeded"),
    row(_K.TIMEOUT, "audio came too slowly", _DEEPGRAM, provider="deepgram",
        codes="slow_upload"),
    row(_K.BAD_REQUEST, "DATA-0000: the payload cannot be decoded as audio", _DEEPGRAM_WS,
        provider="deepgram", closes=(1008,)),
    row(_K.CONNECTION, "NET-0000, NET-0001: no audio or no answer within the window", _DEEPGRAM_WS,
        provider="deepgram", closes=(1011,)),
)  # fmt: skip

_ELEVENLABS_ROWS = (
    row(_K.ACCOUNT_DISABLED, "a payment failed or the terms are not accepted", _ELEVENLABS,
        provider="elevenlabs", phrases=("failed or incomplete payment", "unaccepted terms")),
    row(_K.QUOTA_EXHAUSTED, "the characters of the plan are used up, sent as 401", _ELEVENLABS_HELP,
        provider="elevenlabs", codes="quota_exceeded insufficient_credits payment_required "
                                     "paid_plan_required subscription_required"),
    row(_K.ACCOUNT_DISABLED, "the free tier was taken away, or the terms are open", _ELEVENLABS,
        provider="elevenlabs", codes="detected_unusual_activity payment_issue unaccepted_terms "
                                     "unaccepted_terms_error account_suspended"),
    row(_K.AUTH, "no, a wrong, or a key without this permission", _ELEVENLABS_HELP,
        provider="elevenlabs", codes="invalid_api_key missing_api_key needs_authorization "
                                     "missing_permissions auth_error authentication_error "
                                     "authorization_error sign_in_required"),
    row(_K.MODEL_UNAVAILABLE, "no such voice or model", _ELEVENLABS_HELP, provider="elevenlabs",
        codes="voice_not_found model_not_found voice_does_not_exist invalid_voice_id "
              "invalid_uid voice_not_fine_tuned model_can_not_do_text_to_speech unsupported_model "
              "voice_access_denied"),
    row(_K.RATE_LIMITED, "requests at once or per minute", _ELEVENLABS, provider="elevenlabs",
        codes="too_many_concurrent_requests concurrent_limit_exceeded rate_limited "
              "rate_limit_exceeded rate_limit_error too_many_requests commit_throttled"),
    row(_K.OVERLOADED, "ElevenLabs' own trouble", _ELEVENLABS_STT, provider="elevenlabs",
        codes="system_busy queue_overflow resource_exhausted transcriber_error"),
    row(_K.TIMEOUT, "no text or no audio came in time; the next stream is new", _ELEVENLABS_STT,
        provider="elevenlabs", codes="input_timeout_exceeded insufficient_audio_activity"),
    row(_K.CONNECTION, "a session has a longest duration", _ELEVENLABS_STT, provider="elevenlabs",
        codes="session_time_limit_exceeded"),
    row(_K.BAD_REQUEST, "this text or chunk is too long", _ELEVENLABS_HELP, provider="elevenlabs",
        codes="max_character_limit_exceeded text_too_long chunk_size_exceeded input_error"),
)  # fmt: skip

_CARTESIA_ROWS = (
    row(_K.RATE_LIMITED, "contexts or connections at once", _CARTESIA_LIMITS, provider="cartesia",
        codes="concurrency_limited"),
    row(_K.QUOTA_EXHAUSTED, "the credits or the plan do not cover it", _CARTESIA,
        provider="cartesia", codes="quota_exceeded insufficient_credits plan_upgrade_required "
                                   "credits_exhausted payment_required"),
    row(_K.MODEL_UNAVAILABLE, "no such voice or model", _CARTESIA, provider="cartesia",
        codes="voice_not_found model_not_found voice_model_mismatch"),
)  # fmt: skip

_ASSEMBLYAI_ROWS = (
    row(_K.RATE_LIMITED, "called unauthorized, but means sessions at once", _ASSEMBLYAI,
        provider="assemblyai", phrases=("too many concurrent", "number of allowed streams",
                                        "rate limited")),
    row(_K.QUOTA_EXHAUSTED, "no balance", _ASSEMBLYAI, provider="assemblyai",
        phrases=("insufficient account balance", "insufficient funds", "paid-only")),
    row(_K.QUOTA_EXHAUSTED, "no balance, or a paid feature", _ASSEMBLYAI_V2, provider="assemblyai",
        closes=(4002, 4003)),
    row(_K.AUTH, "not authorized", _ASSEMBLYAI_V2, provider="assemblyai", closes=(4001,)),
    row(_K.AUTH, "1008 is used for keys and accounts alone", _ASSEMBLYAI, provider="assemblyai",
        closes=(1008,)),
    row(_K.RATE_LIMITED, "sessions at once", _ASSEMBLYAI, provider="assemblyai",
        closes=(3009, 4029, 4102)),
    row(_K.OVERLOADED, "an unknown error of the server", _ASSEMBLYAI, provider="assemblyai",
        closes=(3005,)),
    row(_K.BAD_REQUEST, "audio of a wrong length or rate, or a wrong message", _ASSEMBLYAI,
        provider="assemblyai", closes=(3006, 3007, 4032, 4033, 4034, 4100, 4101)),
    row(_K.CONNECTION, "the session is over; a new one may be opened", _ASSEMBLYAI,
        provider="assemblyai", closes=(3008, 4004, 4008, 4010, 4030, 4031, 4103)),
    row(_K.BAD_REQUEST, "each reconnect asks for the same", _ASSEMBLYAI_V2, provider="assemblyai",
        closes=(4000, 4104), lasting=True),
)  # fmt: skip

_ASSEMBLYAI_FRAMES = tuple(
    replace(rule, closes=frozenset(), codes=frozenset(map(str, rule.closes)))
    for rule in _ASSEMBLYAI_ROWS
    if rule.closes
)
"""An error frame carries the code of the close that follows it as its `error_code`."""

_SPEECHMATICS_ROWS = (
    row(_K.RATE_LIMITED, "sessions at once: try again in 5 to 10 s", _SPEECHMATICS,
        provider="speechmatics", codes="quota_exceeded"),
    row(_K.QUOTA_EXHAUSTED, "the hours of the contract are used up", _SPEECHMATICS,
        provider="speechmatics", codes="timelimit_exceeded insufficient_funds"),
    row(_K.AUTH, "the key is not valid, or may not do this", _SPEECHMATICS,
        provider="speechmatics", codes="not_authorised not_allowed"),
    row(_K.MODEL_UNAVAILABLE, "no such language or model", _SPEECHMATICS, provider="speechmatics",
        codes="invalid_model"),
    row(_K.OVERLOADED, "Speechmatics' own trouble", _SPEECHMATICS, provider="speechmatics",
        codes="job_error internal_error buffer_error unknown_error"),
    row(_K.CONNECTION, "the session is over; a new one may be opened", _SPEECHMATICS,
        provider="speechmatics", codes="idle_timeout session_timeout session_transfer"),
    row(_K.BAD_REQUEST, "each reconnect sends the same settings", _SPEECHMATICS,
        provider="speechmatics", codes="invalid_config invalid_audio_type invalid_output_format",
        lasting=True),
    row(_K.BAD_REQUEST, "this message was wrong", _SPEECHMATICS, provider="speechmatics",
        codes="invalid_message data_error protocol_error"),
    row(_K.AUTH, "not_authorised, not_allowed", _SPEECHMATICS, provider="speechmatics",
        closes=(4001, 4003)),
    row(_K.MODEL_UNAVAILABLE, "invalid_model", _SPEECHMATICS, provider="speechmatics",
        closes=(4004,)),
    row(_K.RATE_LIMITED, "quota_exceeded: sessions at once", _SPEECHMATICS,
        provider="speechmatics", closes=(4005,)),
    row(_K.QUOTA_EXHAUSTED, "timelimit_exceeded", _SPEECHMATICS, provider="speechmatics",
        closes=(4006,)),
    row(_K.OVERLOADED, "job_error, internal_error", _SPEECHMATICS, provider="speechmatics",
        closes=(4013, 1011)),
)  # fmt: skip

_AZURE_ROWS = (
    row(_K.AUTH, "key, token or region", _AZURE, provider="azure",
        phrases=("errorcode.authenticationfailure", "authentication error (401)",
                 "invalid subscription key")),
    row(_K.RATE_LIMITED, "transcriptions at once", _AZURE, provider="azure",
        phrases=("errorcode.toomanyrequests",)),
    row(_K.QUOTA_EXHAUSTED, "the free subscription is used up", _AZURE, provider="azure",
        phrases=("errorcode.forbidden",)),
    row(_K.TIMEOUT, "the service did not answer", _AZURE, provider="azure",
        phrases=("errorcode.servicetimeout",)),
    row(_K.CONNECTION, "the connection failed", _AZURE, provider="azure",
        phrases=("errorcode.connectionfailure",)),
    row(_K.OVERLOADED, "the service's own trouble", _AZURE, provider="azure",
        phrases=("errorcode.serviceunavailable", "errorcode.serviceerror")),
    row(_K.BAD_REQUEST, "parameters or audio format", _AZURE, provider="azure",
        phrases=("errorcode.badrequest",), lasting=True),
)  # fmt: skip

_MINIMAX_ROWS = (
    row(_K.QUOTA_EXHAUSTED, "insufficient balance; not the WebSocket's 1008", _MINIMAX,
        provider="minimax", codes="1008 2056"),
    row(_K.AUTH, "not authorized", _MINIMAX, provider="minimax", codes="1004 2049"),
    row(_K.RATE_LIMITED, "requests, tokens or connections", _MINIMAX, provider="minimax",
        codes="1002 1039 1041 2045"),
    row(_K.TIMEOUT, "request timeout", _MINIMAX, provider="minimax", codes="1001"),
    row(_K.CONTENT_FILTERED, "sensitive input or output", _MINIMAX, provider="minimax",
        codes="1026 1027"),
    row(_K.MODEL_UNAVAILABLE, "no such voice or model, or none for this plan", _MINIMAX,
        provider="minimax", codes="20132 2042 2054 2061"),
    row(_K.BAD_REQUEST, "parameters or characters", _MINIMAX, provider="minimax",
        codes="1042 2013"),
    row(_K.OVERLOADED, "MiniMax's own trouble", _MINIMAX, provider="minimax",
        codes="1000 1013 1024 1033"),
)  # fmt: skip

_OTHERS = (
    row(_K.QUOTA_EXHAUSTED, "an organization's or project's balance or budget", _SONIOX,
        provider="soniox", phrases=("balance exhausted", "budget exhausted")),
    row(_K.MODEL_UNAVAILABLE, "each new session asks for the same model", _SONIOX,
        provider="soniox", phrases=("invalid model",)),
    row(_K.OVERLOADED, "sessions are best effort: start a new one", _SONIOX, provider="soniox",
        phrases=("cannot continue request",)),
    row(_K.AUTH, "gRPC 16 and 7: key or rights", _INWORLD, provider="inworld", codes="16 7"),
    row(_K.RATE_LIMITED, "gRPC 8: requests at once", _INWORLD, provider="inworld", codes="8"),
    row(_K.MODEL_UNAVAILABLE, "gRPC 5: no such voice or model", _INWORLD, provider="inworld",
        codes="5"),
    row(_K.BAD_REQUEST, "gRPC 3", _INWORLD, provider="inworld", codes="3"),
    row(_K.OVERLOADED, "gRPC 13 and 14", _INWORLD, provider="inworld", codes="13 14"),
    row(_K.AUTH, "the key is invalid, missing or revoked", _GRADIUM, provider="gradium",
        phrases=("api key", "api-key")),
    row(_K.QUOTA_EXHAUSTED, "out of credits", _HUME, provider="hume", codes="e0300"),
    row(_K.ACCOUNT_DISABLED, "a billing state, sent as 401", _RIME, provider="rime",
        phrases=("invalid subscription",)),
    row(_K.RATE_LIMITED, "rate or capacity; quota over a longer time has status 402", _RIME_STT,
        provider="rime", codes="resource_exhausted"),
    row(_K.MODEL_UNAVAILABLE, "no such speaker for the model, in plain text with 400", _RIME,
        provider="rime", phrases=("does not exist", "invalid speaker")),
    row(_K.RATE_LIMITED, "sessions at once, a plan's limit", _GLADIA, provider="gladia",
        statuses=(429,)),
    row(_K.AUTH, "sent as 403", _SARVAM, provider="sarvam", codes="invalid_api_key_error"),
    row(_K.MODEL_UNAVAILABLE, "no such voice, sent as 400", _LMNT, provider="lmnt",
        phrases=("not found.", "' not found")),
    row(_K.QUOTA_EXHAUSTED, "401 is a usage limit of the key; a wrong key is 403", _LMNT,
        provider="lmnt", statuses=(401,)),
    row(_K.MODEL_UNAVAILABLE, "a voice that does not exist, sent as 400", _FISHAUDIO,
        provider="fishaudio", phrases=("reference not found", "reference_id", "model not found")),
    row(_K.QUOTA_EXHAUSTED, "a lock for want of payment, sent as 403", _FAL, provider="fal",
        phrases=("exhausted balance", "reason: top_up")),
    row(_K.ACCOUNT_DISABLED, "a lock that fal's support has to lift", _FAL, provider="fal",
        phrases=("user is locked",)),
    row(_K.QUOTA_EXHAUSTED, "insufficient funds, sent as 403", _TELNYX, provider="telnyx",
        codes="20100"),
    row(_K.AUTH, "key or rights", _TELNYX, provider="telnyx", codes="10009 10010"),
    row(_K.RATE_LIMITED, "too many requests", _TELNYX, provider="telnyx", codes="10011"),
    row(_K.TIMEOUT, "request timeout", _TELNYX, provider="telnyx", codes="10008"),
    row(_K.OVERLOADED, "Telnyx' own trouble", _TELNYX, provider="telnyx", codes="10007"),
)  # fmt: skip

SPEECH = (
    *_DEEPGRAM_ROWS,
    *_ELEVENLABS_ROWS,
    *_CARTESIA_ROWS,
    *_ASSEMBLYAI_ROWS,
    *_ASSEMBLYAI_FRAMES,
    *_SPEECHMATICS_ROWS,
    *_AZURE_ROWS,
    *_MINIMAX_ROWS,
    *_OTHERS,
)
"""All rows of this module."""
