"""The lines of ``sysctl.d`` files, as systemd-sysctl and as procps' sysctl(8) read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nodecheck.errors import Unsupported
from nodecheck.facts.boot.next_boot import BootCmdline
from nodecheck.facts.sysctl.keys import glob_matches, is_glob, key_path
from nodecheck.host import Host, exists
from nodecheck.host.base import texts
from nodecheck.model.sources import Exists, File, Sources
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


def parse_cmdline(words: Iterable[str], source: str, line: int | None) -> tuple[Setting, ...]:
    """``sysctl.KEY=VALUE`` and ``sysctl/KEY=VALUE`` of a kernel command line (fs/proc/proc_sysctl.c, kernel 5.8).

    The kernel turns every dot into a slash, so that no key with a dot inside a component can be named.

    >>> parse_cmdline(["sysctl.net.ipv4.ip_forward=1", "sysctl.vm.x=", "quiet"], "/proc/cmdline", 1)[0][:2]
    ('net/ipv4/ip_forward', '1')
    """
    found = []
    for word in words:
        name, _, value = word.partition("=")
        if name.startswith(("sysctl.", "sysctl/")) and value:
            found.append(Setting(name[7:].replace(".", "/"), value, source, line, word))
    return tuple(found)


class Write(NamedTuple):
    """One write to ``/proc/sys`` on the way to what holds."""

    path: str
    """The file that is written: never a glob."""
    setting: Setting


def systemd_writes(settings: Iterable[Setting], paths: tuple[str, ...], globs: bool = True) -> Iterator[Write]:
    """What systemd-sysctl writes to ``paths``, in its order.

    One setting a key is kept: the last, at the place of the first of a run of equal values. A glob does not touch
    what is set, or excluded, by its own name (``apply_all``).
    """
    kept: dict[str, Setting] = {}
    for setting in settings:
        old = kept.get(setting.path)
        if old is not None and old.value != setting.value:
            del kept[setting.path]
        kept[setting.path] = setting
    for setting in kept.values():
        if setting.value is None:
            continue
        if not (globs and is_glob(setting.path)):
            if setting.path in paths:
                yield Write(setting.path, setting)
            continue
        for path in paths:
            if path not in kept and glob_matches(setting.path, path):
                yield Write(path, setting)


def procps_writes(settings: Iterable[Setting], paths: tuple[str, ...]) -> Iterator[Write]:
    """What ``sysctl --system`` of procps writes to ``paths``: every line in order, globs as systemd takes them."""
    every = tuple(settings)
    ruled_out = {path for path in paths if any(_rules_out(setting, path) for setting in every)}
    for setting in every:
        if setting.value is None:
            continue
        if not is_glob(setting.path):
            if setting.path in paths:
                yield Write(setting.path, setting)
            continue
        for path in paths:
            if path not in ruled_out and glob_matches(setting.path, path):
                yield Write(path, setting)


def _rules_out(setting: Setting, path: str) -> bool:
    return setting.path == path or (setting.value is None and glob_matches(setting.path, path))


def names(setting: Setting, paths: tuple[str, ...]) -> bool:
    """Whether a setting is about one of ``paths``, by name or by pattern."""
    if is_glob(setting.path):
        return any(glob_matches(setting.path, path) for path in paths)
    return setting.path in paths


NAME = "sysctl.extra"

PLACES = (
    "/run/credentials/@system",
    "/etc/credstore",
    "/run/credstore",
    "/usr/local/lib/credstore",
    "/usr/lib/credstore",
)
"""Where the service manager looks for a credential by name, in this order (systemd.exec(5), ``LoadCredential=``)."""

ENCRYPTED = (
    "/run/credentials/@encrypted",
    "/etc/credstore.encrypted",
    "/run/credstore.encrypted",
    "/usr/local/lib/credstore.encrypted",
    "/usr/lib/credstore.encrypted",
)


def credential_settings(host: Host, cmdline: BootCmdline) -> tuple[Setting, ...]:
    """The lines of the credential; none where there is none. Raises Unsupported where it is encrypted."""
    told = from_cmdline(cmdline)
    if told is not None:
        return parse_systemd(told, cmdline.source or "the command line")
    for path, source in texts(host, [f"{place}/{NAME}" for place in PLACES]):
        return parse_systemd(source, path)
    for place in ENCRYPTED:
        if exists(host, f"{place}/{NAME}"):
            raise Unsupported(f"{place}/{NAME}", "the credential is encrypted, and systemd-sysctl applies it last")
    return ()


def credential_sources() -> Sources:
    """Where a credential is looked for."""
    return (*[File(f"{place}/{NAME}") for place in PLACES], *[Exists(f"{place}/{NAME}") for place in ENCRYPTED])


def from_cmdline(cmdline: BootCmdline) -> str | None:
    """What ``systemd.set_credential=`` and ``systemd.set_credential_binary=`` say of it; None where nothing.

    >>> from_cmdline(BootCmdline(("systemd.set_credential=sysctl.extra:vm.swappiness=1",)))
    'vm.swappiness=1'
    """
    prefix = NAME + ":"
    found = None
    for word in cmdline.words:
        key, _, value = word.partition("=")
        if value.startswith(prefix):
            if key == "systemd.set_credential":
                found = value[len(prefix) :]
            elif key == "systemd.set_credential_binary":
                found = _decoded(value[len(prefix) :])
    return found


def _decoded(value: str) -> str | None:
    from binascii import Error, a2b_base64

    try:
        return a2b_base64(value.encode("ascii", "ignore")).decode("utf-8", "surrogateescape")
    except Error:
        return None
