"""What one command does to the node.

sysctl(8), modprobe(8), swapon(8), hostname(1), hostnamectl(1), iptables-restore(8), nft(8), systemctl(1).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from nodecheck.facts.acts.model import (
    ANY,
    APPLIES,
    EVERY,
    FILTER,
    HOSTNAME,
    KINDS,
    LOADS,
    MODULE,
    OFF,
    ON,
    REMOVES,
    SETS,
    STARTS,
    STOPS,
    SWAP,
    SYSCTL,
    UNIT,
    Effect,
)
from nodecheck.formats.options import Options
from nodecheck.formats.shell_calls import Words, printed_text
from nodecheck.formats.shell_script import ShellStep
from nodecheck.formats.sysctl_keys import key_path
from nodecheck.typed import Optional

PROC_SYS = "/proc/sys/"
SYSCTL_CONF = "/etc/sysctl.conf"
MOST_FILES = 64

_ABOUT = {
    "sysctl": (SYSCTL, HOSTNAME), "/proc/sys": (SYSCTL, HOSTNAME), "modprobe": (MODULE,), "insmod": (MODULE,),
    "rmmod": (MODULE,), "swapon": (SWAP,), "swapoff": (SWAP,), "hostname": (HOSTNAME,), "iptables": (FILTER,),
    "ip6tables": (FILTER,), "nft": (FILTER,), "hostnamectl": (HOSTNAME,), "iptables-restore": (FILTER,),
    "ip6tables-restore": (FILTER,), "nft -f": (FILTER,), "ufw": (FILTER,), "hostname ": (HOSTNAME,),
    "iptables ": (FILTER,), "ip6tables ": (FILTER,), "nft ": (FILTER,), "systemctl": KINDS, "systemctl start": KINDS,
    "systemctl stop": KINDS,
}  # fmt: skip
"""Words to the kinds of effects that a text with it may have; what is started may do anything."""

TRIGGERS = (
    "sysctl", "/proc/sys", "modprobe", "insmod", "rmmod", "swapon", "swapoff", "hostname", "iptables", "ip6tables",
    "nft", "ufw", "systemctl",
)  # fmt: skip
"""A text without any of these words does nothing of what is asked about."""

PACKAGE_TRIGGERS = (
    "sysctl", "/proc/sys", "modprobe", "insmod", "swapon", "swapoff", "hostnamectl", "iptables-restore",
    "ip6tables-restore", "nft -f",
)  # fmt: skip
"""The same of a package's scripts, which ask systemctl and hostname for much else."""

HOOK_TRIGGERS = (*PACKAGE_TRIGGERS, "hostname ", "iptables ", "ip6tables ", "nft ", "systemctl start", "systemctl stop")
"""The same of scripts in directories that packages and administrators share."""

EVERY_KIND = frozenset(KINDS)


def kinds_in(text: str, triggers: tuple[str, ...] = TRIGGERS) -> frozenset[str]:
    """The kinds of effects that a text may have, by the words in it."""
    return frozenset([kind for word in triggers if word in text for kind in _ABOUT[word]])


FileText = Callable[[str], Optional[str]]
"""The text of a file; None where there is none."""


AreaTest = Callable[[str], bool]
"""Whether there may be a swap area at a path."""

UNKNOWN_SCRIPT = "which script it runs is not known"
UNKNOWN_PROGRAM = "which program it runs is not known"


def effects_of(step: ShellStep, content: FileText, is_area: AreaTest = lambda path: False) -> tuple[Effect, ...]:
    """The effects of a command that a script or a unit runs.

    Those of a program that cannot be told (``step.words[0]`` is None) are what the rest of its words would mean.
    """
    if not step.words:
        return ()
    if step.words[0] is None:
        return (*_written(step, ""), *_perhaps(step, content, is_area))
    program = step.words[0].rpartition("/")[2]
    written = tuple(_written(step, program))
    if program.startswith(_FILTERS):
        from nodecheck.facts.acts.filter_effects import filter_effects

        return (*written, *filter_effects(program, step))
    known = _PROGRAMS.get(program)
    return written if known is None else (*written, *known(step.words[1:], step, content))


def _written(step: ShellStep, program: str) -> Iterator[Effect]:
    """What is written below ``/proc/sys``."""
    targets = [path for path in step.writes if path]
    value = step.given
    if program == "tee":
        targets += [word for word in step.words[1:] if word is not None and not word.startswith("-")]
    elif program in ("echo", "printf"):
        value = printed_text(program, step.words[1:])
    elif program != "cat" or len(step.words) > 1:
        value = None
    for target in targets:
        path = target if target.startswith("/") else f"{step.folder}/{target}"
        if path.startswith(PROC_SYS):
            yield Effect(SYSCTL, path.removeprefix(PROC_SYS), SETS, None if value is None else value.strip(" \t\n"))


_LOADING = ("-p", "--load", "-f")


def _sysctl(words: Words, step: ShellStep, content: FileText) -> Iterator[Effect]:
    if "--system" in words:
        yield Effect(SYSCTL, "", APPLIES)
        return
    load = [word for word in words if word is not None and word.startswith(_LOADING)]
    plain = [word for word in words if word is None or word == "-" or not word.startswith("-")]
    if load:
        given = [word.removeprefix("--load").removeprefix("-p").removeprefix("-f").removeprefix("=") for word in load]
        yield from _files([*[word for word in given if word], *plain] or [SYSCTL_CONF], step, content)
        return
    for word in plain:
        key, equals, value = (ANY, "=", None) if word is None else word.partition("=")
        if equals and (word is not None or "-w" in words):
            name = ANY if word is None else key_path(key.strip(" \t"))
            yield Effect(SYSCTL, name, SETS, None if value is None else value.strip(" \t"))


def _files(paths: list[str | None], step: ShellStep, content: FileText) -> Iterator[Effect]:
    """What ``sysctl -p`` sets by files; ``-`` is what it is given."""
    if len(paths) > MOST_FILES:
        yield Effect(SYSCTL, ANY, SETS)
        return
    from nodecheck.formats.sysctl_lines import parse_procps

    for path in paths:
        if path in ("-", "/dev/stdin"):
            source, path = step.given, ""
        else:
            path = path if path is None or path.startswith("/") else f"{step.folder}/{path}"
            source = None if path is None else content(path)
            if source is None and path is not None:
                continue  # there is no such file
        if source is None:
            yield Effect(SYSCTL, ANY, SETS)
            continue
        for line in parse_procps(source, path or ""):
            if path:
                yield Effect(SYSCTL, line.path, SETS, line.value, source=path, line=line.line, text=line.text)
            elif line.value is not None:
                yield Effect(SYSCTL, line.path, SETS, line.value)


_NOT_LOADING = frozenset(
    (
        "-n", "--dry-run", "--show", "-D", "--show-depends", "-R", "--resolve-alias", "-c", "--showconfig",
        "--show-config", "-V", "--version", "-h", "--help", "--show-modversions", "--dump-modversions",
        "--show-exports",
    )
)  # fmt: skip


def _modprobe(words: Words, step: ShellStep, content: FileText) -> Iterator[Effect]:
    given = Options(words, "CdS", ("--config", "--dirname", "--set-version"))
    if given.has(*_NOT_LOADING) or given.of("-C", "-d", "-S", "--config", "--dirname", "--set-version"):
        return
    removes = given.has("-r", "--remove")
    names = given.plain if removes or given.has("-a", "--all") else given.plain[:1]
    only = "b" if given.has("-b", "--use-blacklist") else ""
    only += "i" if given.has("-i", "--ignore-install") else ""
    for name in names:
        yield Effect(MODULE, ANY if name is None else module_of(name), REMOVES if removes else LOADS, only=only)


def module_of(name: str) -> str:
    """The name of a module, of its file too.

    >>> module_of("ip-vs"), module_of("/lib/modules/x/br_netfilter.ko.xz")
    ('ip_vs', 'br_netfilter')
    """
    return name.rpartition("/")[2].partition(".ko")[0].replace("-", "_")


def _insmod(words: Words, step: ShellStep, content: FileText) -> Iterator[Effect]:
    yield from (Effect(MODULE, ANY if word is None else module_of(word), LOADS, only="f") for word in words[:1])


def _rmmod(words: Words, step: ShellStep, content: FileText) -> Iterator[Effect]:
    names = [word for word in words if word is None or not word.startswith("-")]
    yield from (Effect(MODULE, ANY if word is None else module_of(word), REMOVES) for word in names)


_TAGS = {"-L": "LABEL=", "-U": "UUID="}


def _swap(words: Words, what: str) -> Iterator[Effect]:
    """The areas that ``swapon`` and ``swapoff`` are about."""
    given = Options(words, "LUpoT", ("--priority", "--options", "--fixpgsz"))
    if given.has("-s", "--summary", "--show", "-h", "--help", "-V", "--version"):
        return
    if given.has("-a", "--all"):
        yield Effect(SWAP, "", what)
        return
    for option, tag in _TAGS.items():
        for value in given.of(option):
            yield Effect(SWAP, ANY if value is None else f"{tag}{value}", what)
    for name in given.plain:
        yield Effect(SWAP, ANY if name is None else name, what)


def _swapon(words: Words, step: ShellStep, content: FileText) -> Iterator[Effect]:
    return _swap(words, ON)


def _swapoff(words: Words, step: ShellStep, content: FileText) -> Iterator[Effect]:
    return _swap(words, OFF)


def _hostname(words: Words, step: ShellStep, content: FileText) -> Iterator[Effect]:
    given = Options(words, "F", ("--file",))
    for path in given.of("-F", "--file"):
        source = None if path is None else content(path)
        lines = [line.strip(" \t\r") for line in (source or "").split("\n")]
        name = next((line for line in lines if line and not line.startswith("#")), None)
        yield Effect(HOSTNAME, "", SETS, name)
    if not given.values and given.plain and not [flag for flag in given.flags if flag not in ("-b", "--boot", "-v")]:
        yield Effect(HOSTNAME, "", SETS, given.plain[0])


def _nmcli(words: Words, step: ShellStep, content: FileText) -> Iterator[Effect]:
    """``nmcli general hostname NAME``, each of whose words may be shortened."""
    plain = [word for word in words if word is None or not word.startswith("-")]
    what, verb = [word or "" for word in (*plain, "", "")[:2]]
    if what and verb and "general".startswith(what) and "hostname".startswith(verb) and len(plain) > 2:
        yield Effect(HOSTNAME, "", SETS, plain[2])


def _hostnamectl(words: Words, step: ShellStep, content: FileText) -> Iterator[Effect]:
    given = Options(words, "HM", ("--host", "--machine"))
    verb = given.plain[0] if given.plain else ""
    only_shown = given.has("--pretty") and not given.has("--static", "--transient")
    if verb in ("set-hostname", "hostname") and len(given.plain) > 1 and not only_shown:
        yield Effect(HOSTNAME, "", SETS, given.plain[1])


_STARTING = ("start", "restart", "reload-or-restart", "enable", "reenable")
"""``try-restart`` starts nothing that does not run."""
_STOPPING = ("stop", "disable", "mask")


def _systemctl(words: Words, step: ShellStep, content: FileText) -> Iterator[Effect]:
    given = Options(words, "tpsnHMo", ("--type", "--property", "--signal", "--lines", "--host", "--machine", "--root"))
    verb = given.plain[0] if given.plain else None
    now = verb not in ("enable", "reenable", "disable", "mask") or given.has("--now")
    what = STARTS if verb in _STARTING else STOPS if verb in _STOPPING else ""
    if what and now and not given.of("--root") and not given.has("--user"):
        for name in given.plain[1:]:
            if name is not None:
                yield Effect(UNIT, name if "." in name else f"{name}.service", what)


def _service(words: Words, step: ShellStep, content: FileText) -> Iterator[Effect]:
    name, verb = words[:2] if len(words) > 1 else (None, None)
    if name is not None and verb in ("start", "restart", "stop"):
        yield Effect(UNIT, f"{name}.service", STOPS if verb == "stop" else STARTS)


ANYTHING = "a script that cannot be told"
"""The name of a program that may do anything of what is asked about."""


def _anything(words: Words, step: ShellStep, content: FileText) -> Iterator[Effect]:
    """What nobody can tell."""
    yield Effect(SWAP, ANY, ON)
    yield Effect(SYSCTL, EVERY, SETS)
    yield Effect(MODULE, ANY, LOADS)
    yield Effect(HOSTNAME, "", SETS)
    for family in ("4", "6", "n"):
        yield Effect(FILTER, "", LOADS, only=family)


_SWAP_FLAGS = {"-a", "--all", "-d", "--discard", "-e", "--ifexists", "-f", "--fixpgsz", "-v", "--verbose"}
_SYSCTL_FLAGS = {"-w", "--write", "-e", "--ignore", "-q", "--quiet", "-p", "--load", "--system"}
_SYSCTL_TOPS = ("abi", "crypto", "debug", "dev", "fs", "kernel", "net", "sunrpc", "user", "vm")
_MODPROBE_FLAGS = {"-a", "--all", "-v", "--verbose", "-q", "--quiet", "-s", "--syslog", "-b", "--use-blacklist"}
_MODULE = "[a-z0-9]+([_-][a-z0-9]+)*"


def _perhaps(step: ShellStep, content: FileText, is_area: AreaTest) -> Iterator[Effect]:
    """What a program does that cannot be told, if it is one of those that matter; nothing where no word says so."""
    words = step.words[1:]
    plain = [word for word in words if word is not None and not word.startswith("-")]
    flags = {word for word in words if word is not None and word.startswith("-")}
    if _may_be_swapon(words, is_area):
        yield from (*_swap(words, ON), *_swap(words, OFF))
    if flags <= _SYSCTL_FLAGS and (plain or "--system" in flags):
        loads = flags & {"-p", "--load"}
        if all(word.endswith(".conf") if loads else _is_setting(word) for word in plain):
            yield from _sysctl(words, step, content)
    if flags <= _MODPROBE_FLAGS and plain and all(re.fullmatch(_MODULE, word) for word in plain):
        yield from (effect for effect in _modprobe(words, step, content) if effect.name != ANY)
    if plain and plain[0] in (*_STARTING, *_STOPPING):
        yield from _systemctl(words, step, content)
    if plain and plain[0] == "set-hostname":
        yield from _hostnamectl(words, step, content)


def _may_be_swapon(words: Words, is_area: AreaTest) -> bool:
    given = Options(words, "LUpoT", ("--priority", "--options"))
    named = [word for word in given.plain if word is not None]
    told = named or given.of("-L", "-U") or given.flags in (["-a"], ["--all"])
    return bool(told) and set(given.flags) <= _SWAP_FLAGS and all(is_area(word) or _is_tag(word) for word in named)


def _is_tag(word: str) -> bool:
    return word.startswith(("UUID=", "LABEL=", "PARTUUID=", "PARTLABEL="))


def _is_setting(word: str) -> bool:
    """Whether a word is ``net.ipv4.ip_forward=1``, or the like."""
    key, equals, _ = word.partition("=")
    path = key_path(key.strip(" \t"))
    return bool(equals) and path.partition("/")[0] in _SYSCTL_TOPS and "/" in path


_FILTERS = ("iptables", "ip6tables", "nft", "ufw")
"""How the names of programs that set rules of packet filters begin."""

_PROGRAMS: dict[str, Callable[[Words, ShellStep, FileText], Iterator[Effect]]] = {
    "sysctl": _sysctl, "modprobe": _modprobe, "insmod": _insmod, "rmmod": _rmmod, "swapon": _swapon,
    "swapoff": _swapoff, "hostname": _hostname, "hostnamectl": _hostnamectl, "nmcli": _nmcli, "systemctl": _systemctl,
    "service": _service, "rc-service": _service, ANYTHING: _anything,
}  # fmt: skip

KNOWN_EFFECTS = frozenset(_PROGRAMS)
"""Programs of which it is known what they do."""


def has_effects(program: str) -> bool:
    """Whether a program, by the last component of its path, is one of those that matter."""
    return program in KNOWN_EFFECTS or program.startswith(_FILTERS)
