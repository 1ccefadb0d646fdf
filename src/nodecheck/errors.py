"""Every error that nodecheck raises.

::

    NodecheckError
    ├── UsageError              what the caller asked for cannot be done (exit code 2)
    │   ├── SelectorError       a selector that names no check, or no tag
    │   ├── CaptureError        a document that is no capture, or a damaged one
    │   ├── ProfileError        a profile or waiver that does not validate
    │   └── ConfigError         a configuration that does not validate, or that root must not trust
    │       └── ConfigDenied    one that this user may not read
    ├── Locked                  another run holds the lock (exit code 75)
    ├── StateError              a state directory that cannot be used
    ├── HistoryError            a history that cannot be read or written
    │   └── NewerHistory        one that a later nodecheck made
    ├── PluginError             a plugin that cannot be loaded
    ├── ReportError             a document that is not a report
    └── FactError               a source that could not be had; ``code`` is the cause in the report
        ├── Absent              not-found     there is no such file
        ├── Denied              denied        the kernel refused
        ├── Malformed           malformed     not a regular file, a link loop, …
        │   └── ParseError      malformed     the text is not what it must be
        ├── TooLarge            too-large     beyond the bound on reads
        ├── TimedOut            timeout       beyond the bound on waiting
        ├── Offline             offline       only the running system can tell, and this host is not running
        ├── Unsupported         unsupported   this kernel or this system cannot tell
        ├── NotCaptured         not-captured  a capture does not hold the answer
        └── Crashed             crashed       a bug in the reader of a fact
"""

from __future__ import annotations


class NodecheckError(Exception):
    """The root of all errors that nodecheck raises on purpose."""


class UsageError(NodecheckError):
    """The caller asked for something that cannot be done."""


class SelectorError(UsageError):
    """A selector names a check or a tag that does not exist."""


class CaptureError(UsageError):
    """A document is not a capture that this nodecheck reads; names the capture and the line."""


class ProfileError(UsageError):
    """A profile does not validate."""


class ConfigError(UsageError):
    """The configuration does not validate, cannot be read, or must not be trusted."""


class ConfigDenied(ConfigError):
    """This user may not read the configuration."""


class Locked(NodecheckError):
    """Another run holds the lock."""


class StateError(NodecheckError):
    """A state directory that cannot be used: there is none, or others own it or can write it."""


class HistoryError(NodecheckError):
    """The history cannot be read or written."""


class NewerHistory(HistoryError):
    """The history was made by a later nodecheck, and is left alone."""


class PluginError(NodecheckError):
    """A plugin could not be loaded."""


class ReportError(NodecheckError):
    """A document is not a nodecheck report of a version that this nodecheck reads."""


class FactError(NodecheckError):
    """A source could not be had; a check that needs it is ``unknown`` with this code as its cause.

    ``source`` is a path or another name of a source, ``detail`` says in a few words what is wrong with it.
    """

    code = "unreadable"
    source = ""
    detail = ""
    errno: int | None = None

    def __init__(self, source: str, detail: str = "", errno: int | None = None) -> None:
        # Half of what it costs with super().__init__(): a run looks for five hundred paths that are not there.
        self.source = source
        self.detail = detail or self.code
        self.errno = errno

    def __str__(self) -> str:
        return f"{self.source}: {self.detail}" if self.source else super().__str__()


class Absent(FactError):
    """There is no such file (a dangling link counts as none, as it does for whoever opens it)."""

    code = "not-found"


class Denied(FactError):
    """The kernel refused the read (EACCES, EPERM)."""

    code = "denied"


class Malformed(FactError):
    """Something is in the place of the file that cannot be read as one: a directory, a FIFO, a link loop."""

    code = "malformed"


class ParseError(Malformed):
    """A text is not what it must be; quotes source, line (1-based), text, and what was expected."""

    def __init__(self, source: str, line: int | None, text: str, expected: str) -> None:
        where = "" if line is None else f"line {line}: "
        quoted = text if len(text) <= 80 else text[:80] + "…"
        super().__init__(source, f"{where}expected {expected}, found {quoted!r}")
        self.line = line
        self.text = text
        self.expected = expected


class TooLarge(FactError):
    """The source is larger than nodecheck reads."""

    code = "too-large"


class TimedOut(FactError):
    """The source did not answer in time."""

    code = "timeout"


class Offline(FactError):
    """Only the running system can tell, and this host is a directory or a capture."""

    code = "offline"


class Unsupported(FactError):
    """This kernel or this system cannot tell."""

    code = "unsupported"


class NotCaptured(FactError):
    """A capture does not hold what is asked: it was not asked when the capture was made."""

    code = "not-captured"


class Crashed(FactError):
    """The reader of a fact raised something that it should not have."""

    code = "crashed"
