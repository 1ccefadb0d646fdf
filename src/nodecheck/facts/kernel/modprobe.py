"""``modprobe.d``: what kmod is told about modules (modprobe.d(5)); blacklists, install commands, soft dependencies."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.errors import Absent
from nodecheck.facts.boot.next_boot import BootCmdline
from nodecheck.facts.files.conf_dirs import ConfFile, conf_files, conf_sources
from nodecheck.facts.kernel.modules import module_name
from nodecheck.facts.kernel.trees import BootTree
from nodecheck.host import Host
from nodecheck.host.base import text
from nodecheck.model.sources import Each, File, Sources
from nodecheck.record import NamedTuple

MODPROBE_DIRS = (
    "/etc/modprobe.d",
    "/run/modprobe.d",
    "/usr/local/lib/modprobe.d",
    "/usr/lib/modprobe.d",
    "/lib/modprobe.d",
)

_BLANKS = " \t"


class Rule(NamedTuple):
    """One line that kmod obeys; for the kernel's command line ``line`` is None where it is not told."""

    name: str
    """The module, or a pattern of modules (fnmatch(3))."""
    rest: str
    """What follows the name."""
    path: str
    line: int | None
    text: str
    """The line as it stands in the file."""
    whole: bool = True
    """False for a line that a backslash continues, and for a word of a command line."""


class Modprobe(NamedTuple):
    """kmod's configuration for the next boot, each kind in the order in which kmod reads it."""

    blacklist: tuple[Rule, ...] = ()
    installs: tuple[Rule, ...] = ()
    softdeps: tuple[Rule, ...] = ()
    aliases: tuple[Rule, ...] = ()
    barred: tuple[Rule, ...] = ()
    """``module_blacklist=``: the kernel itself refuses these, whoever loads them (kernel/module/main.c)."""

    @classmethod
    def reads(cls) -> Sources:
        return (
            *conf_sources(MODPROBE_DIRS, "*.conf", "*.alias"),
            Each(BootTree, "tree.path", (File("{}/modules.softdep"),)),
        )

    @classmethod
    def read(cls, host: Host, tree: BootTree, cmdline: BootCmdline) -> Modprobe:
        """Read the files of ``modprobe.d``, the tree's ``modules.softdep`` and the next boot's command line."""
        files = [*conf_files(host, MODPROBE_DIRS, (".conf", ".alias"))]
        if tree.tree.path is not None:
            files.append(ConfFile("modules.softdep", f"{tree.tree.path}/modules.softdep"))
        rules: list[tuple[str, Rule]] = []
        for file in sorted(files):
            if not file.masked:
                try:
                    rules.extend(parse_modprobe(text(host, file.path), file.path))
                except Absent:
                    continue
        found = [tuple([rule for kind, rule in rules if kind == wanted]) for wanted in KINDS]
        listed = (*found[0], *_words(cmdline, "modprobe.blacklist"))
        return cls(listed, found[1], found[2], found[3], _words(cmdline, "module_blacklist"))

    def blacklisted(self, name: str) -> Rule | None:
        """The line that keeps a module from being loaded by that name; nothing keeps it from being a dependency."""
        return next((rule for rule in self.blacklist if rule.name == name), None)

    def barring(self, name: str) -> Rule | None:
        """The word that makes the kernel refuse a module."""
        return next((rule for rule in self.barred if rule.name == name), None)

    def install(self, name: str) -> Rule | None:
        """The command that runs in place of loading a module: the first line whose pattern takes the name."""
        return _first(self.installs, name)

    def without(self, gone: Rule) -> Modprobe:
        """The configuration once every line of a file that is equal to a rule's is gone."""
        kinds = (self.blacklist, self.installs, self.softdeps, self.aliases)
        left = [tuple([rule for rule in kind if (rule.path, rule.text) != (gone.path, gone.text)]) for kind in kinds]
        return Modprobe(left[0], left[1], left[2], left[3], self.barred)

    def softdeps_of(self, name: str) -> tuple[str, ...]:
        """The modules that kmod tries to load with a module, by the first line whose pattern takes the name."""
        rule = _first(self.softdeps, name)
        words = [word for word in rule.rest.replace("\t", " ").split(" ") if word] if rule else []
        starts = [place for place, word in enumerate(words) if word in ("pre:", "post:")]
        named = words[starts[0] :] if starts else []  # words before the first of them say nothing to kmod
        return tuple([module_name(word) for word in named if word not in ("pre:", "post:")])

    def targets(self, name: str) -> tuple[tuple[str, Rule | None], ...]:
        """What a name stands for: the modules of the aliases that take it, else itself (libkmod's lookup order)."""
        found = [(module_name(_word(rule.rest)[0]), rule) for rule in self.aliases if _takes(rule.name, name)]
        return tuple(found) or ((name, None),)


KINDS = ("blacklist", "install", "softdep", "alias")


def _first(rules: tuple[Rule, ...], name: str) -> Rule | None:
    return next((rule for rule in rules if _takes(rule.name, name)), None)


def _takes(pattern: str, name: str) -> bool:
    if not any(char in pattern for char in "*?["):
        return pattern == name
    from fnmatch import fnmatchcase

    return len(pattern) < 256 and pattern.count("*") < 8 and fnmatchcase(name, pattern)


def _words(cmdline: BootCmdline, key: str) -> tuple[Rule, ...]:
    source = cmdline.source or "command line"
    return tuple(
        Rule(module_name(name), "", source, cmdline.line, f"{key}={value}", whole=False)
        for value in cmdline.all(key)
        for name in value.split(",")
        if name
    )


def parse_modprobe(source: str, path: str) -> Iterator[tuple[str, Rule]]:
    r"""The lines of a file of ``modprobe.d`` that kmod obeys, with their kind (libkmod-config.c).

    >>> [(kind, rule.name, rule.rest) for kind, rule in parse_modprobe("# c\ninstall br-netfilter  /bin/false\n", "x")]
    [('install', 'br_netfilter', '/bin/false')]
    """
    for number, line, whole in _logical_lines(source):
        kind, rest = _word(line)
        name, rest = _word(rest)
        if kind in KINDS and name and (rest or kind == "blacklist"):
            yield kind, Rule(module_name(name), rest, path, number, line, whole)


def _word(line: str) -> tuple[str, str]:
    """The first word, and what follows it."""
    line = line.strip(_BLANKS)
    for place, char in enumerate(line):
        if char in _BLANKS:
            return line[:place], line[place:].lstrip(_BLANKS)
    return line, ""


def _logical_lines(source: str) -> Iterator[tuple[int, str, bool]]:
    """Lines, those that end in a backslash joined with the next: number of the first, text, and whether it is one."""
    pending: list[str] = []
    started = 0
    for number, line in enumerate(source.split("\n"), 1):
        started = started if pending else number
        if line.endswith("\\"):
            pending.append(line[:-1])
            continue
        joined = "".join([*pending, line])
        if joined and not joined.startswith("#"):
            yield started, joined, not pending
        pending = []
    if pending:
        yield started, "".join(pending), False


NOTHING = (
    "/bin/false",
    "/bin/true",
    "/usr/bin/false",
    "/usr/bin/true",
    "/sbin/nologin",
    "/dev/null",
    "false",
    "true",
    ":",
)
"""Commands that load nothing."""


def command_loads(rule: Rule, name: str) -> bool | None:
    """Whether an install command loads its module: False for one that does nothing; None where it cannot be told.

    >>> rule = Rule("ip_vs", "/sbin/modprobe --ignore-install ip_vs $CMDLINE_OPTS", "x", 1, "")
    >>> command_loads(rule, "ip_vs"), command_loads(rule._replace(rest="/bin/false # CIS"), "ip_vs")
    (True, False)
    """
    words = [word for word in rule.rest.replace(";", " ; ").replace("\t", " ").split(" ") if word]
    if words and words[0] in (*NOTHING, "exit", "echo", "/bin/echo", "/usr/bin/logger", "logger"):
        return False if not any(word in ("&&", "||", ";", "|") for word in words) else None
    if words and words[0].rpartition("/")[2] == "modprobe" and {"-i", "--ignore-install"} & set(words[1:]):
        return True if name in [module_name(word) for word in words[1:]] else None
    return None
