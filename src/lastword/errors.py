"""Every error that lastword raises; owns the tree, imports nothing.

    LastWordError
    ├── ClipError (ValueError)
    │   ├── ClipNotFoundError (FileNotFoundError)   no such file
    │   ├── ClipFormatError                         no decoder reads it, or its data is damaged
    │   ├── ClipEmptyError                          it holds no samples
    │   └── ClipLimitError                          longer, wider, faster or larger than a limit
    ├── MessageError (ValueError)                   a message of a form that attach does not know
    ├── AttachError (RuntimeError)                  a session that is closed, or of another loop
    │   └── AlreadyAttachedError                    a second attach to one session
    ├── UnsupportedVersionError (RuntimeError)      livekit-agents has internals that we do not know
    ├── BakeError (RuntimeError)                    words could not be rendered by the TTS
    ├── MissingCredentialsError (RuntimeError)      an after-action needs the server API
    └── StartTimeoutError (TimeoutError)            `session.start()` hangs, says `guard`

`lastword.InferenceQuotaExceededError` is not here: it is what a provider did, an `APIStatusError`
of livekit-agents, and lives in `failure/quota.py`.
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
    """Anything that lastword refuses to do."""


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
    """The sound, or the format that is wanted of it, is beyond a limit.

    Attributes:
        limit: The field of `Limits` that it exceeds; "" if it is none of them.
    """

    def __init__(self, message: str, *, source: str = "", limit: str = "") -> None:
        super().__init__(message, source=source)
        self.limit = limit


class MessageError(LastWordError, ValueError):
    """A message of a form that `attach` does not know."""


class AttachError(LastWordError, RuntimeError):
    """The session cannot be given its last word here and now."""


class AlreadyAttachedError(AttachError):
    """The session has a last word already."""


class UnsupportedVersionError(LastWordError, RuntimeError):
    """The installed livekit-agents has internals that this version of lastword does not know.

    Attributes:
        name: The internal that differs.
        expected: What lastword knows.
        found: What is installed.
    """

    # With defaults: copying and pickling call this with the message alone.
    def __init__(
        self, message: str, *, name: str = "", expected: str = "", found: str = ""
    ) -> None:
        super().__init__(message)
        self.name = name
        self.expected = expected
        self.found = found


class BakeError(LastWordError, RuntimeError):
    """Words could not be rendered by the agent's own TTS."""


class MissingCredentialsError(LastWordError, RuntimeError):
    """An after-action needs LiveKit's server API, and no URL, key or secret is known."""


class StartTimeoutError(LastWordError, TimeoutError):
    """`session.start()` has not returned in time."""
