"""The lines of ``sysctl.d`` files, as systemd-sysctl and as procps' sysctl(8) read them."""

from __future__ import annotations

from nodecheck.formats.sysctl_keys import key_path
from nodecheck.record import NamedTuple

_BLANKS = " \t\n\r"


class Setting(NamedTuple):
    """One line that has to do with a sysctl."""

    path: str
    """The key as a path below ``/proc/sys``, perhaps a glob."""
    value: str | None
    """None: the line takes the key out of what globs set (``-key``)."""
    source: str
    line: int | None
    text: str
    """The line as it stands."""
    only: str = ""
    """``>`` where it is written only if it is greater than what is there, ``<`` if it is less (TuneD)."""


def parse_systemd(source_text: str, source: str, version: int = 9999) -> tuple[Setting, ...]:
    r"""The settings in a file as systemd-sysctl of that version reads it (src/sysctl/sysctl.c).

    A ``-`` before a key says that failures do not matter; alone on a line it excludes the key from globs. Older ones
    take it as part of the key (before 243) or know no exclusion (before 245).

    >>> [(s.path, s.value, s.line) for s in parse_systemd("# a\n- vm.swappiness = 1 # b\n-vm.x\nnonsense\n", "x")]
    [('vm/swappiness', '1 # b', 2), ('vm/x', None, 3)]
    """
    found = []
    for number, raw in enumerate(source_text.split("\n"), 1):
        for piece in raw.replace("\0", "\r").split("\r"):
            line = piece.strip(_BLANKS)
            if not line or line[0] in "#;":
                continue
            setting = _systemd_line(line, source, number, version)
            if setting is not None:
                found.append(setting)
    return tuple(found)


def _systemd_line(line: str, source: str, number: int, version: int) -> Setting | None:
    left, equals, right = line.partition("=")
    if not equals:
        if version < 245 or not line.startswith("-"):
            return None
        return Setting(key_path(line[1:].strip(_BLANKS)), None, source, number, line)
    key = left.strip(_BLANKS)
    if version >= 245:
        key = left.removeprefix("-").strip(_BLANKS)
    elif version >= 243:
        key = key.removeprefix("-")
    return Setting(key_path(key), right.strip(_BLANKS), source, number, line)


_C_SPACES = " \t\n\v\f\r"


def parse_procps(source_text: str, source: str) -> tuple[Setting, ...]:
    r"""The settings in a file as procps' ``sysctl --system`` reads it (procps 4, src/sysctl.c).

    >>> [(s.path, s.value) for s in parse_procps("-vm.x\n- vm.y=1\nvm.z = 2 # c\n;\n", "x")]
    [('vm/x', None), (' vm/y', '1'), ('vm/z', '2 # c')]
    """
    found = []
    for number, raw in enumerate(source_text.split("\n"), 1):
        line = raw.partition("\0")[0].strip(_C_SPACES)
        if not line or line[0] in "#;":
            continue
        key, equals, value = line.partition("=")
        if not equals and not line.startswith("-"):
            continue
        path = key_path(key.removeprefix("-").rstrip(_C_SPACES).removeprefix("-"))
        found.append(Setting(path, value.strip(_C_SPACES) if equals else None, source, number, raw))
    return tuple(found)
