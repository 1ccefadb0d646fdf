"""The lines of ``/etc/default/grub`` and ``/etc/default/grub.d`` from which the next ``grub.cfg`` takes its words."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.errors import FactError
from nodecheck.host import Host, names_in
from nodecheck.host.base import texts
from nodecheck.model.sources import File, Sources, Tree
from nodecheck.record import NamedTuple

_FILE, _FOLDER = "/etc/default/grub", "/etc/default/grub.d"
_MOST = 64


class GrubLine(NamedTuple):
    """A line that sets a command line."""

    path: str
    text: str


class GrubDefaults(NamedTuple):
    """What ``update-grub`` reads. It serves fixes alone: where it cannot be read there are no lines."""

    lines: tuple[GrubLine, ...] = ()

    @classmethod
    def reads(cls) -> Sources:
        return (File(_FILE), Tree(_FOLDER, "*.cfg", most=_MOST))

    @classmethod
    def read(cls, host: Host) -> GrubDefaults:
        try:
            names = [name for name in names_in(host, _FOLDER) if name.endswith(".cfg")][:_MOST]
            paths = [_FILE, *(f"{_FOLDER}/{name}" for name in names)]
            return cls(tuple([line for path, told in texts(host, paths) for line in grub_lines(path, told)]))
        except FactError:
            return cls()

    def without(self, word: str) -> Iterator[tuple[GrubLine, str]]:
        """Each line that holds a word of its own, and what it is without it."""
        for line in self.lines:
            if (left := line_without(line.text, word)) is not None:
                yield line, left


def grub_lines(path: str, told: str) -> Iterator[GrubLine]:
    r"""The lines that set a command line.

    >>> [line.text for line in grub_lines("x", "GRUB_TIMEOUT=5\nGRUB_CMDLINE_LINUX='a b'\n")]
    ["GRUB_CMDLINE_LINUX='a b'"]
    """
    for line in told.split("\n"):
        if line.lstrip(" \t").startswith(("GRUB_CMDLINE_LINUX=", "GRUB_CMDLINE_LINUX_DEFAULT=")):
            yield GrubLine(path, line)


def line_without(line: str, word: str) -> str | None:
    """A line without a word of its command line; None where it does not hold it as a word of its own.

    >>> line_without('GRUB_CMDLINE_LINUX="quiet a=1 b"', "a=1"), line_without('GRUB_CMDLINE_LINUX="a=12"', "a=1")
    ('GRUB_CMDLINE_LINUX="quiet b"', None)
    """
    start, equals, value = line.partition("=")
    quote = value[:1] if value[:1] in ("'", '"') else ""
    end = value.rfind(quote) if quote else len(value)
    words = value[len(quote) : end].split(" ")
    if word not in words or (quote and end == 0):
        return None
    left = " ".join([one for one in words if one != word])
    return f"{start}{equals}{quote}{left}{value[end:]}"
