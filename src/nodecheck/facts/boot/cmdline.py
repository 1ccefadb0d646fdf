"""Kernel command lines: words as the kernel's ``next_arg`` (lib/cmdline.c) takes them apart."""

from __future__ import annotations

from collections.abc import Sequence

from nodecheck.host import Host
from nodecheck.host.base import text
from nodecheck.model.sources import File, Sources
from nodecheck.record import NamedTuple

PROC_CMDLINE = "/proc/cmdline"


def values(words: Sequence[str], key: str) -> tuple[str, ...]:
    """The values of ``key=`` in order; ``-`` and ``_`` in keys are one to the kernel and to systemd.

    >>> values(("a=1", "a-b=2", "a=3"), "a"), values(("a-b=2",), "a_b")
    (('1', '3'), ('2',))
    """
    wanted = key.replace("-", "_")
    found = []
    for word in words:
        name, equals, value = word.partition("=")
        if equals and name.replace("-", "_") == wanted:
            found.append(value)
    return tuple(found)


class Cmdline(NamedTuple):
    """The command line of the running kernel."""

    words: tuple[str, ...] = ()
    """The words, quotes taken away as the kernel does: ``key=value`` or ``flag``."""
    text: str = ""
    """The line as it was read."""
    source: str | None = None
    """The file that it was read from; None where there is none."""
    line: int | None = None
    """1-based line in ``source``."""

    @classmethod
    def reads(cls) -> Sources:
        return (File(PROC_CMDLINE),)

    @classmethod
    def read(cls, host: Host) -> Cmdline:
        """``/proc/cmdline``. Raises Offline where the host is not running and does not hold it."""
        return parse_cmdline(text(host, PROC_CMDLINE), PROC_CMDLINE)

    def has(self, word: str) -> bool:
        """Whether ``word`` (``quiet``, ``fstab=no``) is one of the words."""
        return word in self.words

    def last(self, key: str) -> str | None:
        """The value of the last ``key=``; None where there is none."""
        return (values(self.words, key) or (None,))[-1]

    def all(self, key: str) -> tuple[str, ...]:
        """The values of every ``key=``, in order."""
        return values(self.words, key)

    @property
    def kernel_words(self) -> tuple[str, ...]:
        """The words that the kernel itself takes; those after ``--`` go to init alone (kernel/params.c)."""
        return kernel_words(self.words)


def kernel_words(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words before ``--``.

    >>> kernel_words(("ro", "--", "selinux=0"))
    ('ro',)
    """
    return words[: words.index("--")] if "--" in words else words


def parse_cmdline(source_text: str, source: str | None = None, line: int | None = None) -> Cmdline:
    r"""Parse the text of ``/proc/cmdline``.

    >>> parse_cmdline('ro dyndbg="file a.c +p" "x=1 2"\n').words
    ('ro', 'dyndbg=file a.c +p', 'x=1 2')
    """
    told = source_text.rstrip("\n\0")
    return Cmdline(split_words(told), told, source, line)


def split_words(source_text: str) -> tuple[str, ...]:
    """The words of a kernel command line: blanks separate them except within double quotes.

    >>> split_words('a="b c"  d="e f"g')
    ('a=b c', 'd=e f"g')
    """
    if '"' not in source_text:
        return tuple([word for word in source_text.translate(_BLANKS).split(" ") if word])
    words, start, quoted = [], 0, False
    for place, char in enumerate(source_text + " "):
        if char == '"':
            quoted = not quoted
        elif (char in _SPACES and not quoted) or place == len(source_text):
            if place > start:
                words.append(_unquoted(source_text[start:place]))
            start = place + 1
    return tuple(words)


_SPACES = " \t\n\v\f\r"
"""What the kernel's ``isspace`` (lib/ctype.c) takes as a blank."""
_BLANKS = str.maketrans(dict.fromkeys(_SPACES[1:], " "))


def _unquoted(word: str) -> str:
    """Take away the quotes that enclose a whole word, or a whole value."""
    if word.startswith('"'):
        return word[1:-1] if len(word) > 1 and word.endswith('"') else word[1:]
    key, equals, value = word.partition("=")
    if equals and value.startswith('"'):
        return f"{key}={value[1:-1]}" if len(value) > 1 and value.endswith('"') else f"{key}={value[1:]}"
    return word
