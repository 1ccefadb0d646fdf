"""Following what the boot runs: a command, and the scripts that it calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nodecheck.errors import Absent, FactError, TooLarge
from nodecheck.facts.acts.effects import (
    ANYTHING,
    EVERY_KIND,
    HOOK_TRIGGERS,
    PACKAGE_TRIGGERS,
    TRIGGERS,
    UNKNOWN_PROGRAM,
    UNKNOWN_SCRIPT,
    has_effects,
    kinds_in,
)
from nodecheck.facts.services.rc_local import PLACES
from nodecheck.facts.services.unit_names import normal_path
from nodecheck.formats.shell_calls import SHELLS, UNTOLD, Words, crude_commands, shell_call
from nodecheck.formats.shell_script import ShellStep, ShellSurroundings, steps_of
from nodecheck.host import Host, exists, names_in
from nodecheck.host.base import stat_or_none, text, text_or_none
from nodecheck.model.sources import Dir, File, Sources, Tree
from nodecheck.record import NamedTuple
from nodecheck.text import decode

MOST_SCRIPTS = 200
MOST_SCRIPT_BYTES = 64 << 10
"""A larger file is a program that has a script's first line."""
MOST_CALLED = 2
"""A script that the boot runs, and one that this calls."""
MOST_NESTED = 16
MODULE_DIRS = ("/lib/modules", "/usr/lib/modules")
MODPROBE_DIRS = (
    "/etc/modprobe.d", "/run/modprobe.d", "/usr/local/lib/modprobe.d", "/usr/lib/modprobe.d", "/lib/modprobe.d",
)  # fmt: skip
MOST_LIST = 16 << 20
MOST_LINKS = 40
"""Links that the kernel follows on the way to a file (MAXSYMLINKS)."""
MOST_FOLLOWED = 20 * MOST_SCRIPTS
"""How deep scripts may call each other, and how often any are followed: beyond that nothing is known of the boot."""

OWN_DIRS = ("/etc/", "/home/", "/opt/", "/root/", "/srv/", "/usr/local/", "/var/", "/mnt/", "/data/")
PACKAGE_DIRS = (
    "/etc/init.d/", "/etc/rc.d/init.d/", "/etc/network/", "/etc/NetworkManager/", "/etc/networkd-dispatcher/",
    "/etc/dhcp/", "/etc/ppp/", "/etc/X11/", "/etc/cron.hourly/", "/etc/cron.daily/", "/etc/cron.weekly/",
    "/etc/cron.monthly/",
)  # fmt: skip
"""Where in these a package's scripts lie too."""
OWN_PROGRAMS = ("/usr/local/bin/", "/usr/local/sbin/", "/usr/local/lib/", "/opt/", "/root/", "/home/", "/srv/")
"""What a script of such a directory calls that is not only a package's."""

PERIODIC_DIRS = ("/etc/cron.hourly", "/etc/cron.daily", "/etc/cron.weekly", "/etc/cron.monthly")
"""What ``run-parts`` runs for cron, and ``run-crons`` of SUSE without being told."""

PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")

SHELL_PATHS = ("/bin/sh", "/usr/bin/sh")
_VOLATILE = ("/run", "/var/run", "/proc", "/sys", "/dev", "/tmp", "/var/tmp", "/mnt", "/media")  # noqa: S108 - only named
"""What is there now says nothing of the next boot."""

_NO_AREAS = ("/proc/", "/sys/", "/run/", "/etc/", "/usr/", "/bin/", "/sbin/", "/boot/")
_SIGNATURES = (b"SWAPSPACE2", b"SWAP-SPACE")
_PAGES = (4096, 16384, 65536)
"""A swap area says that it is one at the end of its first page."""

_KINDS = {"-f": "file", "-d": "dir", "-b": "block", "-c": "char", "-p": "fifo", "-S": "socket"}


def is_own(path: str) -> bool:
    """Whether a script is the administrator's own: it is followed whatever words it holds, for it may call others."""
    if not path.startswith(OWN_DIRS) or path in PLACES:
        return path in PLACES
    return not path.startswith(PACKAGE_DIRS)


class BootCommand(NamedTuple):
    """One command that the boot runs, or may run, and where it stands."""

    step: ShellStep
    source: str
    line: int
    text: str
    reason: str = ""
    """Why nobody can tell whether it runs."""


class NodeFiles(ShellSurroundings):
    """What scripts may ask of the files of a node."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self._known: dict[str, bool] = {}
        self._programs: bool | None = None
        self._trees: tuple[tuple[str, str], ...] | None = None

    @property
    def has_programs(self) -> bool:
        """Whether the programs of a system are here: an image, not some files of one."""
        if self._programs is None:
            self._programs = any(exists(self.host, shell) for shell in SHELL_PATHS)
        return self._programs

    def has(self, program: str) -> bool:
        """Whether a program is there; where none are, every one is taken to be."""
        if program not in self._known:
            self._known[program] = not self.has_programs or self.place(program) is not None
        return self._known[program]

    def place(self, program: str) -> str | None:
        """The path of a program."""
        if "/" in program:
            return program if program.startswith("/") and exists(self.host, program) else None
        paths = (f"{folder}/{program}" for folder in PATH)
        return next((path for path in paths if exists(self.host, path)), None)

    def module(self, name: str) -> bool | None:
        """Whether every kernel of this node has a module, or none; None where nobody can tell.

        A name that is an alias, or that modprobe.d speaks of, is left open.
        """
        name = name.replace("-", "_")
        if self._trees is None:
            self._trees = tuple(_module_lists(self.host))
        found = {f"/{name}.ko" in listed for listed, _ in self._trees}
        if any(f"alias {name} " in aliases for _, aliases in self._trees) or found not in ({True}, {False}):
            return None
        return True if found == {True} else None if self._is_configured(name) else False

    def _is_configured(self, name: str) -> bool:
        """Whether a file of modprobe.d speaks of a module."""
        for folder in MODPROBE_DIRS:
            for file in names_in(self.host, folder):
                if file.endswith(".conf") and name in text(self.host, f"{folder}/{file}").replace("-", "_"):
                    return True
        return False

    def real(self, path: str) -> str:
        """A path without links in its last component; as it stands where that cannot be told."""
        for _ in range(MOST_LINKS):
            try:
                target = self.host.link(path)
            except FactError:
                return path
            if target is None:
                return path
            path = target if target.startswith("/") else normal_path(f"{path.rpartition('/')[0]}/{target}")
        return path

    def test(self, option: str, path: str) -> bool | None:
        """What ``test`` says of a path that the boot does not make anew."""
        if not path.startswith("/") or any(path == top or path.startswith(top + "/") for top in _VOLATILE):
            return None
        try:
            if option in ("-L", "-h"):
                return self.host.link(path) is not None
            found = stat_or_none(self.host, path)
        except FactError:
            return None
        if found is None:
            return False if self.host.whole and self.has_programs else None
        if option in ("-e", "-r", "-w", "-a"):
            return True
        if option == "-x":
            return found.executable
        if option == "-s":
            return found.size > 0
        return found.kind == _KINDS[option] if option in _KINDS else None

    def matching(self, pattern: str) -> tuple[str, ...] | None:
        """The paths that a pattern stands for; marks in the last component alone."""
        from fnmatch import fnmatchcase

        folder, _, name = pattern.rpartition("/")
        if not folder.startswith("/") or any(mark in folder for mark in "*?[{") or "{" in name:
            return None
        try:
            names = names_in(self.host, folder)
        except FactError:
            return None
        found = [f"{folder}/{one}" for one in names if fnmatchcase(one, name) and not one.startswith(".")]
        return tuple(found) or (pattern,)


class Follower:
    """Follows commands into the scripts of a node: for each command of the boot, each way to call a script once.

    Another command's calls are its own: one that does not run, or that says ``stop``, tells nothing of one that does.
    """

    def __init__(self, host: Host) -> None:
        self.host = host
        self.files = NodeFiles(host)
        self.left = MOST_SCRIPTS
        self.followed = 0
        self._paths: set[str] = set()
        self._calls: set[tuple[object, ...]] = set()
        self._heads: dict[str, bytes | None] = {}

    def text(self, path: str) -> str | None:
        """The text of a file that a command reads; None where there is none.

        Raises what the host raises for one that is there and cannot be read: it may say anything.
        """
        try:
            return decode(self.host.read(path, MOST_SCRIPT_BYTES))
        except Absent:
            return None

    def may_be_area(self, path: str) -> bool:
        """Whether there may be a swap area at a path: one may be made where nothing is (mkswap(8), swapon(8))."""
        if not path.startswith("/") or path.startswith(_NO_AREAS):
            return False
        found = stat_or_none(self.host, path)
        if found is None or found.kind != "file":
            return found is None or found.kind == "block"
        return any(self.host.read_at(path, size - 10, 10) in _SIGNATURES for size in _PAGES)

    def command(
        self, step: ShellStep, source: str, line: int, text: str, reason: str = "", depth: int = 0
    ) -> Iterator[BootCommand]:
        """A command, and what the script does that it calls, if it calls one."""
        if step.shape:
            yield from self._known_in_part(step, source, line, text, reason, depth)
            return
        unknown = UNKNOWN_PROGRAM if step.words and step.words[0] is None else ""
        step = self._by_its_own_name(step)
        yield BootCommand(step, source, line, text, step.reason or reason or unknown)
        other = self._interpreted(step)
        called = self._called(step, is_own(source)) if other is None else None
        if other is not None:
            yield from self._of_other_language(other)
        if called is not None:
            path, arguments, known_shell, strict = called
            variables = {} if step.variables is None else step.variables
            yield from self.script(path, arguments, variables, step.reason or reason, depth + 1, known_shell, strict)
        for path in self._parts(step):
            dotted = _DOTTED if "." in path.rpartition("/")[2] else ""
            yield from self.script(path, reason=step.reason or reason or dotted, depth=depth + 1)

    def _known_in_part(
        self, step: ShellStep, source: str, line: int, text: str, reason: str, depth: int
    ) -> Iterator[BootCommand]:
        """A program or a script of which a part is known: what it may run is looked for, and undecided.

        A package's script is passed over: its maker ships the files that it names.
        """
        from nodecheck.facts.acts.unknown_scripts import LOGIN, candidates

        program = step.words[0] is None
        base = step.shape.rpartition("/")[2]
        why = step.reason or reason or (UNKNOWN_PROGRAM if program else UNKNOWN_SCRIPT)
        known = base in PLAIN_PROGRAMS or base in SHELLS or has_effects(base)
        if program and known and "/" in step.shape:
            plain = step._replace(words=(base, *step.words[1:]), shape="", reason=why)
            yield from self.command(plain, source, line, text, reason, depth)
            return
        yield BootCommand(step, source, line, text, why)
        if not is_own(source) or source.startswith(LOGIN):
            return
        found = candidates(self.host, step.shape, source, step.folder)
        for path in found:
            yield from self.script(path, reason=why, depth=depth + 1, known_shell=not program)
        if not found and (base.endswith((".sh", ".bash")) or (not program and step.shape == UNTOLD)):
            yield BootCommand(ShellStep((ANYTHING,), line), source, line, text, why)

    def _by_its_own_name(self, step: ShellStep) -> ShellStep:
        """A command that a link of the administrator's has another name for (``/usr/local/bin/on -> /sbin/swapon``)."""
        first = step.words[0] if step.words else None
        if not first or first in PLAIN_PROGRAMS or has_effects(first.rpartition("/")[2]):
            return step
        paths = (first,) if "/" in first else tuple([f"{folder}/{first}" for folder in PATH[:2]])
        for path in paths:
            if path.startswith(OWN_PROGRAMS):
                program = self.files.real(path)
                if program != path and has_effects(program.rpartition("/")[2]):
                    return step._replace(words=(program, *step.words[1:]))
        return step

    def _parts(self, step: ShellStep) -> Iterator[str]:
        """The scripts that run-parts(8) runs: all with a plain name, and on some distributions those with a dot."""
        base = ((step.words[0] if step.words else None) or "").rpartition("/")[2]
        words = [word for word in step.words[1:] if word is not None]
        told = base != "run-parts" or "--test" in words or "--list" in words
        folders = () if told else [word for word in words if not word.startswith("-")][-1:]
        for folder in PERIODIC_DIRS if base == "run-crons" else folders:
            place = self._at(folder, step)
            for name in names_in(self.host, place):
                found = stat_or_none(self.host, f"{place}/{name}") if _is_part(name) else None
                if found is not None and found.kind == "file" and found.executable:
                    yield f"{place}/{name}"

    def shell(
        self, source: str, path: str, line: int, text: str, variables: Mapping[str, str | None], strict: bool = False
    ) -> Iterator[BootCommand]:
        """A text that a shell is given in one line of a file."""
        for step in steps_of(source, (), variables, strict, self.files, TRIGGERS):
            yield from self.command(step, path, line, text)

    def script(
        self,
        path: str,
        arguments: Words = (),
        variables: Mapping[str, str | None] | None = None,
        reason: str = "",
        depth: int = 1,
        known_shell: bool = False,
        strict: bool = False,
    ) -> Iterator[BootCommand]:
        """What a script does; nothing where it is none, and where the same call has been followed before."""
        if depth == 1:
            self._calls.clear()
        variables = {name: value for name, value in (variables or {}).items() if name not in _OWN_PATH}
        call = (path, arguments, frozenset(variables.items()), bool(reason), strict)
        head = self._head(path)
        if call in self._calls or head is None or not (known_shell or head.startswith(b"#!")):
            return
        self._calls.add(call)
        source = self._source(path)
        if source is None:
            return
        if not known_shell and not self._is_executable(path):
            return
        lines = source.split("\n")
        shell = known_shell or _is_shell(lines[0])
        if lines[0].startswith("#!") and not known_shell and not self._has_interpreter(lines[0]):
            return
        self._count(path, depth)
        if not shell and _is_rules(lines[0]):
            words = (*lines[0][2:].strip(" \t").split(" "), path)
            yield BootCommand(ShellStep(words, 1), path, 1, lines[0], reason)
            return
        if not shell:
            yield from _undecided(path, lines)
            return
        if depth > MOST_CALLED or self.left < 0:
            reason = reason or f"scripts are followed {MOST_CALLED} deep, and not more than {MOST_SCRIPTS}"
        variables.update(dict.fromkeys(_OWN_PATH, path))
        for step in steps_of(source, arguments, variables, strict, self.files, TRIGGERS):
            text = lines[step.line - 1].strip(" \t\r") if step.line <= len(lines) else ""
            yield from self.command(step, path, step.line, text, reason, depth)

    def _count(self, path: str, depth: int) -> None:
        self.followed += 1
        if path not in self._paths:
            self._paths.add(path)
            self.left -= 1
        if self.left < -MOST_SCRIPTS:
            raise TooLarge(path, f"is one of more than {2 * MOST_SCRIPTS} scripts that the boot runs")
        if depth > MOST_NESTED or self.followed > MOST_FOLLOWED:
            raise TooLarge(path, f"is called more than {MOST_NESTED} scripts deep, or is one of {MOST_FOLLOWED} calls")

    def _source(self, path: str) -> str | None:
        """The text of a script that matters; one of a package only if it holds a word that does."""
        try:
            raw = self.host.read(path, MOST_SCRIPT_BYTES)
        except Absent:
            return None
        except TooLarge:
            if _is_shell(decode(self.host.read_at(path, 0, _FIRST_LINE)).partition("\n")[0]):
                raise
            if not is_own(path):
                return None  # a package's program in another language, as firewall-cmd is
            raw = self._large(path)
        source = decode(raw)
        return source if self._kinds(path, source) else None

    def _large(self, path: str) -> bytes:
        """One's own program in another language, which is only looked through for words; a larger one is no script."""
        try:
            return self.host.read(path)
        except TooLarge:
            return b""

    def kinds_of(self, path: str) -> frozenset[str]:
        """The kinds of effects that a script may have, one of the administrator's own any; none where it is none."""
        if not path.startswith("/") or self._head(path) != b"#!":
            return frozenset()
        source = self._source(path)
        if source is None:
            return frozenset()
        return self._kinds(path, source)

    def _kinds(self, path: str, source: str) -> frozenset[str]:
        """The kinds of effects that a script may have: by its words, and any where it may call what is one's own."""
        if is_own(path) or (path.startswith(PACKAGE_DIRS) and any(folder in source for folder in OWN_PROGRAMS)):
            return EVERY_KIND
        return kinds_in(source, HOOK_TRIGGERS if path.startswith(PACKAGE_DIRS) else PACKAGE_TRIGGERS)

    def is_shell_script(self, path: str) -> bool:
        """Whether a file is a script that is followed."""
        if self._head(path) != b"#!":
            return False
        first = decode(self.host.read_at(path, 0, _FIRST_LINE)).partition("\n")[0]
        return _is_shell(first)

    def _head(self, path: str) -> bytes | None:
        if path not in self._heads:
            try:
                self._heads[path] = self.host.read_at(path, 0, 2)
            except Absent:
                self._heads[path] = None
        return self._heads[path]

    def _is_executable(self, path: str) -> bool:
        """Whether it may be executed; files of a support case, which come without programs, have lost their modes."""
        if not self.files.has_programs:
            return True
        found = stat_or_none(self.host, path)
        return found is not None and found.executable

    def _has_interpreter(self, first: str) -> bool:
        """A line that ends with a carriage return names a program that is not there."""
        words = first[2:].strip(" \t").split(" ")
        return not first.endswith("\r") and self.files.has(words[0])

    def _called(self, step: ShellStep, own: bool) -> tuple[str, Words, bool, bool] | None:
        """The script that a command calls: path, arguments, whether a shell is told to read it, and ``-e``.

        Where it is named without a path, only what the administrator's own files call is looked for.
        """
        first = step.words[0] if step.words else None
        if first is None:
            return None
        base = first.rpartition("/")[2]
        if base in SHELLS:
            call = shell_call(step.words)
            file = step.reads if call.text is None and call.file is None else call.file
            return None if not file else (self._at(file, step), call.arguments, True, call.strict)
        if base in (".", "source"):
            path = step.words[1] if len(step.words) > 1 else None
            return None if path is None else (self._at(path, step), (), True, False)
        if base in PLAIN_PROGRAMS:
            return None
        if "/" not in first:
            place = self.files.place(first) if own else None
            return None if place is None else (place, step.words[1:], False, False)
        return self._at(first, step), step.words[1:], False, False

    def _interpreted(self, step: ShellStep) -> str | None:
        """The script that a program of another language is told to run (``python3 /opt/x.py``)."""
        base = (step.words[0] or "").rpartition("/")[2] if step.words else ""
        if not base.rstrip("0123456789.") or base.rstrip("0123456789.") not in _LANGUAGES:
            return None
        path = next((word for word in step.words[1:] if word is not None and not word.startswith("-")), None)
        return None if path is None else self._at(path, step)

    def _of_other_language(self, path: str) -> Iterator[BootCommand]:
        source = self._source(path) if path.startswith("/") else None
        yield from () if source is None else _undecided(path, source.split("\n"))

    def _at(self, path: str, step: ShellStep) -> str:
        if path.startswith("/") or not step.folder:
            return path
        return f"{step.folder}/{path.removeprefix('./')}"


def module_sources() -> Sources:
    """What is asked of modules that a script loads."""
    lists = [f"{folder}/*/modules.{name}" for folder in MODULE_DIRS for name in ("dep", "builtin", "alias")]
    return (*map(Dir, MODULE_DIRS), *map(File, lists), *[Tree(folder, "*.conf") for folder in MODPROBE_DIRS])


def _module_lists(host: Host) -> Iterator[tuple[str, str]]:
    """What each kernel's lists name, ``_`` for ``-``: its modules, and the aliases of these."""
    folder = next((folder for folder in MODULE_DIRS if names_in(host, folder)), MODULE_DIRS[0])
    for release in names_in(host, folder):
        lists = [text_or_none(host, f"{folder}/{release}/modules.{name}", MOST_LIST) for name in ("dep", "builtin")]
        if lists[0] is not None:
            aliases = text_or_none(host, f"{folder}/{release}/modules.alias", MOST_LIST) or ""
            listed = "".join([f"/{found}" for found in lists if found is not None])
            yield listed.replace("-", "_"), aliases.replace("-", "_")


_OWN_PATH = ("0", "BASH_SOURCE")
"""Variables that hold a script's own path."""

_LEFT_OVER = ("rpm", "dpkg-", "cfsaved", "swp")


def _is_part(name: str) -> bool:
    """Whether a name is one that run-parts(8) runs: words with dots between them, and no package's rest.

    >>> [_is_part(name) for name in ("logrotate", "0anacron", "a.sh", "a.rpmnew", "a..b", "-a", "a.-b", "a~")]
    [True, True, True, False, False, False, True, False]
    """
    first, *others = name.split(".")
    words = [word.replace("-", "a").replace("_", "a") for word in (first, *others)]
    plain = name.isascii() and all(map(str.isalnum, words)) and not name.startswith("-")
    return plain and not any(word.startswith(_LEFT_OVER) for word in others)


_FIRST_LINE = 256
"""What the kernel takes of a script's first line (BINPRM_BUF_SIZE)."""

_DOTTED = "whether run-parts takes a name with a dot its distribution decides"

PLAIN_PROGRAMS = frozenset(
    (
        "echo", "printf", "true", "false", ":", "sysctl", "modprobe", "swapon", "swapoff", "hostname", "systemctl",
        "rm", "mkdir", "touch", "cat", "cp", "mv", "ln", "chmod", "chown", "sleep", "grep", "sed", "awk", "ip",
        "iptables", "ip6tables", "nft", "mount", "umount", "tee", "logger", "test", "[", "find", "sort", "cut",
        "head", "tail", "date", "env", "insmod", "rmmod", "udevadm", "mkswap", "dd", "kill", "ls", "install", "tr",
        "wc", "uname", "id", "lsmod",
    )
)  # fmt: skip
"""Programs that are no scripts."""


_LANGUAGES = ("python", "perl", "ruby", "node", "php", "lua", "tclsh")


def _is_shell(first: str) -> bool:
    return any(word.rpartition("/")[2] in SHELLS for word in first[2:].split(" "))


def _is_rules(first: str) -> bool:
    """Whether a script is one of a packet filter's own: ``#!/usr/sbin/nft -f``, ``#!/sbin/iptables-restore``."""
    program = first[2:].strip(" \t").split(" ")[0].rpartition("/")[2]
    return program == "nft" or program.endswith("tables-restore")


def _undecided(path: str, lines: list[str]) -> Iterator[BootCommand]:
    """The lines of a script in another language that may matter."""
    for number, line in enumerate(lines, 1):
        if any(word in line for word in TRIGGERS) and not line.lstrip(" \t").startswith("#"):
            writes = tuple(_written_keys(line))
            if writes:
                step = ShellStep(("write",), number, writes=writes)
                yield BootCommand(step, path, number, line.strip(" \t\r"), "what it is written in is not followed")
            for words in crude_commands(line.translate(_CALL_SIGNS)):
                at = next((place for place, word in enumerate(words) if _is_trigger(word)), None)
                if at is not None:
                    step = ShellStep(words[at:], number)
                    yield BootCommand(step, path, number, line.strip(" \t\r"), "what it is written in is not followed")


_CALL_SIGNS = str.maketrans(dict.fromkeys(",[]()\"'", " "))
"""What stands around the words of a command in the calls of other languages."""


def _written_keys(line: str) -> Iterator[str]:
    """The files below /proc/sys that a line names, where it also says that it writes."""
    if any(word in line for word in ("write", '"w', "'w", ">", '"a', "'a")):
        for part in line.split("/proc/sys/")[1:]:
            name = part.replace('"', "'").partition("'")[0].split(" ")[0]
            yield f"/proc/sys/{name.rstrip(');,')}"


def _is_trigger(word: str | None) -> bool:
    return word is not None and word.rpartition("/")[2] in TRIGGERS
