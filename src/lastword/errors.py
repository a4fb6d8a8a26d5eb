"""Defines every error that lastword raises. Imports nothing.

    LastWordError
    ├── ClipError (ValueError)
    │   ├── ClipNotFoundError (FileNotFoundError)   no such file
    │   ├── ClipFormatError                         no decoder reads it, or its data is damaged
    │   ├── ClipEmptyError                          it holds no samples
    │   └── ClipLimitError                          beyond a limit of length, channels, rate or size
    ├── MessageError (ValueError)                   a message of a form that attach does not know
    ├── AttachError (RuntimeError)                  a session that is closed, or of another loop
    │   └── AlreadyAttachedError                    a second attach to one session
    ├── UnsupportedVersionError (RuntimeError)      livekit-agents has unknown internals
    ├── BakeError (RuntimeError)                    words could not be rendered by the TTS
    ├── MissingCredentialsError (RuntimeError)      an after-action needs the server API
    └── StartTimeoutError (TimeoutError)            `session.start()` hangs under `guard`

`lastword.InferenceQuotaExceededError` is not here: it describes what a provider did, is an
`APIStatusError` of livekit-agents, and lives in `failure/quota.py`.
"""

__all__ = [
    "AlreadyAttachedError",
    "AttachError",
    "BakeError",
    "ClipEmptyError",
    "ClipError",
    "ClipFormatError",
    "ClipLimitError",
    "ClipNotFoundError",
    "LastWordError",
    "MessageError",
    "MissingCredentialsError",
    "StartTimeoutError",
    "UnsupportedVersionError",
]


class LastWordError(Exception):
    """Base of all errors that lastword raises."""


class ClipError(LastWordError, ValueError):
    """A sound that cannot become frames.

    Attributes:
        source: The path of the sound, or a short description of it ("bytes", "samples").
    """

    def __init__(self, message: str, *, source: str = "") -> None:
        super().__init__(message)
        self.source = source


class ClipNotFoundError(ClipError, FileNotFoundError):
    """The file of a clip does not exist."""


class ClipFormatError(ClipError):
    """No decoder reads the sound, or its data is damaged beyond use."""


class ClipEmptyError(ClipError):
    """The sound holds no samples."""


class ClipLimitError(ClipError):
    """The sound, or the format requested for it, is beyond a limit.

    Attributes:
        limit: The field of `Limits` that it exceeds; "" if it is another limit.
    """

    def __init__(self, message: str, *, source: str = "", limit: str = "") -> None:
        super().__init__(message, source=source)
        self.limit = limit


class MessageError(LastWordError, ValueError):
    """The message has a form that lastword does not know."""


class AttachError(LastWordError, RuntimeError):
    """`attach` cannot work on this session in its present state or from here."""


class AlreadyAttachedError(AttachError):
    """The session has a last word already."""


class UnsupportedVersionError(LastWordError, RuntimeError):
    """The installed livekit-agents has internals that this version of lastword does not know.

    Attributes:
        name: Name of the internal that differs.
        expected: What lastword knows.
        found: What is installed.
    """

    # The defaults are needed because copying and pickling pass the message alone.
    def __init__(
        self, message: str, *, name: str = "", expected: str = "", found: str = ""
    ) -> None:
        super().__init__(message)
        self.name = name
        self.expected = expected
        self.found = found


class BakeError(LastWordError, RuntimeError):
    """The agent's own TTS could not render the words."""


class MissingCredentialsError(LastWordError, RuntimeError):
    """An after-action needs LiveKit's server API, but a URL, key or secret is missing."""


class StartTimeoutError(LastWordError, TimeoutError):
    """`session.start()` did not return in time."""
