"""Shell scripts that load modules, read conservatively: what cannot be followed is told as unclear, never guessed."""

from __future__ import annotations

from nodecheck.facts.kernel.modules import module_name
from nodecheck.formats.shell_commands import shell_commands
from nodecheck.record import NamedTuple

MOST_COMMANDS = 2048
"""Simple commands of one script that are looked at."""


class ScriptLoad(NamedTuple):
    """A module that a script loads."""

    name: str
    line: int
    text: str
    obeys_blacklist: bool = False
    ignores_install: bool = False


MOST_CHARACTERS = 4096
"""Characters of a line that is followed: the lexer takes time that grows with their square."""


class Unclear(NamedTuple):
    """A command that may load modules."""

    line: int
    text: str
    names: tuple[str, ...] | None
    """The words that may be modules; None: it may be any."""

    def may_load(self, name: str) -> bool:
        """Whether the module is among them."""
        return self.names is None or name in self.names


class Script(NamedTuple):
    """What a script loads, and what it takes away again."""

    probes: tuple[ScriptLoad, ...] = ()
    unclear: tuple[Unclear, ...] = ()
    removals: tuple[Unclear, ...] = ()
    """Its ``modprobe -r`` and ``rmmod``, which may fail where a module is in use. What they are about is no probe,
    where it was loaded before."""
    fatal: frozenset[int] = frozenset()
    """Lines with which a shell that was told ``-e`` ends the script where a load fails."""


_LEADING = ("command", "exec", "builtin", "nohup", "then", "do", "else", "!", "{", "(")
_OPENING = ("if", "while", "until", "case")
_CLOSING = ("fi", "done", "esac", "}", ")")
_ASKING = ("modinfo", "lsmod", "grep", "true", ":", "modprobe", "[", "[[", "test")
"""Commands before ``&&``, ``||`` or ``then`` with which the load happens wherever it can and must."""
_ARGUMENT_OPTIONS = ("-C", "--config", "-d", "--dirname", "-S", "--set-version")
_NOT_LOADING = frozenset(
    (
        "-r", "--remove", "-n", "--dry-run", "--show", "-D", "--show-depends", "-R", "--resolve-alias", "-c",
        "--showconfig", "--show-config", "-V", "--version", "-h", "--help", "--show-modversions", "--dump-modversions",
        "--show-exports",
    )
)  # fmt: skip


def parse_script(source: str) -> Script:
    r"""The modules that a shell script of plain ``modprobe`` lines loads.

    Variables and ``for`` loops over plain words are followed; ``if modinfo …`` counts as met, for whether the module
    exists is judged apart. Other conditions, functions, here documents and substitutions leave a load unclear.

    >>> [p.name for p in parse_script("#!/bin/bash\nmodprobe -- ip_vs\nfor m in a b; do modprobe $m; done\n").probes]
    ['ip_vs', 'a', 'b']
    """
    first = source.partition("\n")[0]
    if first.startswith("#!") and (first.endswith("\r") or not _is_shell(first)):
        return Script() if first.endswith("\r") else Script((), _every_mention(source))
    if "<<" in source or "modprobe()" in source or any(len(line) > MOST_CHARACTERS for line in source.split("\n")):
        return Script((), _every_mention(source))
    return _ScriptReader(strict=_ends_on_failure(first.split(" ")[1:])).read(source)


def _ends_on_failure(options: list[str]) -> bool:
    """Whether options of a shell, or of its ``set``, have ``-e``."""
    return "errexit" in options or any(word[:1] == "-" and word[:2] != "--" and "e" in word for word in options)


def _is_shell(first: str) -> bool:
    return any(word.rpartition("/")[2] in ("sh", "bash", "dash", "ksh") for word in first[2:].split(" "))


def _every_mention(source: str) -> tuple[Unclear, ...]:
    lines = enumerate(source.split("\n"), 1)
    return tuple([Unclear(n, line, None) for n, line in lines if "modprobe" in line and line.lstrip()[:1] != "#"])


class _ScriptReader:
    """Follows a script from its first command to its last."""

    def __init__(self, strict: bool = False) -> None:
        self.strict = strict
        """Whether a command that fails ends the script."""
        self.guarded = False
        """Whether what follows the command at hand keeps its failure from ending the script."""
        self.fatal: set[int] = set()
        self.probes: list[ScriptLoad] = []
        self.unclear: list[Unclear] = []
        self.removals: list[Unclear] = []
        self.variables: dict[str, tuple[str, ...] | None] = {}
        self.loops: set[str] = set()
        """Variables of ``for`` loops, whose words come one at a time."""
        self.opened: list[bool] = []
        """Blocks that are open, and whether each is surely entered."""
        self.sure = True
        """Whether the command at hand runs for sure, by what stands before it."""
        self.last = ""
        """The name of the last command."""

    def read(self, source: str) -> Script:
        try:
            commands = list(shell_commands(source))
        except ValueError:  # a quotation that never ends
            return Script((), _every_mention(source))
        for place, (line, text, before, words) in enumerate(commands[:MOST_COMMANDS]):
            self.guarded = commands[place + 1][2] in ("&&", "||", "|", "&") if place + 1 < len(commands) else False
            if not self.command(line, text, before, words):
                break
        if len(commands) > MOST_COMMANDS:
            self.unclear.append(Unclear(commands[MOST_COMMANDS][0], commands[MOST_COMMANDS][1], None))
        return Script(tuple(self.probes), tuple(self.unclear), tuple(self.removals), frozenset(self.fatal))

    def command(self, line: int, text: str, before: str, words: list[str]) -> bool:
        """Take one simple command; False where the script ends with it."""
        self.sure = before not in ("&&", "||") or self.last in _ASKING
        words = self.structure(words)
        if not words:
            return True
        self.last = words[0].rpartition("/")[2]
        if self.assignment(words):
            return True
        if self.last in ("modprobe", "insmod"):
            self.load(line, text, words)
        elif self.last == "set":
            self.strict = _ends_on_failure(words[1:]) or (self.strict and "+e" not in words)
        elif self.last == "rmmod":
            self.remove(line, text, self.expanded([word for word in words[1:] if not word.startswith("-")]))
        elif self.last not in ("echo", "printf", "logger", "modinfo", "lsmod", "grep", "type", "which") and any(
            "modprobe" in word for word in words
        ):
            self.unclear.append(Unclear(line, text, None))
        return self.last not in ("exit", "return") or bool(self.opened) or not self.sure

    def structure(self, words: list[str]) -> list[str]:
        """What is left of a command without the words that open and close blocks."""
        while words:
            word = words[0]
            if word == "for" and len(words) > 3 and words[2] == "in":
                self.variables[words[1]] = self.expanded(words[3:])
                self.loops.add(words[1])
                self.opened.append(True)
                return []
            if word in _OPENING or word.endswith("()"):
                self.opened.append(False)
            elif word in ("{", "("):
                self.opened.append(True)
            elif word in _CLOSING:
                if self.opened:
                    self.opened.pop()
            elif word == "then" and self.opened:
                self.opened[-1] = self.last in ("modinfo", "[", "[[", "test") and self._asked
            elif word in ("else", "elif") and self.opened:
                self.opened[-1] = False
            elif word not in _LEADING:
                self._asked = self._asks(words)
                return words
            words = words[1:]
        return words

    _asked = False

    def _asks(self, words: list[str]) -> bool:
        """Whether a condition is only about the module itself: that it exists, or is not loaded yet."""
        if words[0].rpartition("/")[2] == "modinfo":
            return True
        after_modinfo = self.last == "modinfo" and "$?" in words and ("0" in words)
        return after_modinfo or ("!" in words and any("/sys/module/" in word for word in words))

    def assignment(self, words: list[str]) -> bool:
        name, equals, value = words[0].partition("=")
        if not equals or not name.replace("_", "a").isalnum() or len(words) > 1:
            return False
        sure = self.sure and all(self.opened)
        self.variables[name] = self.expanded([part for part in value.split(" ") if part]) if sure else None
        return True

    def expanded(self, words: list[str]) -> tuple[str, ...] | None:
        """The words with variables put in; None where that cannot be followed."""
        found: list[str] = []
        for word in words:
            if "$" not in word and "`" not in word and not any(char in word for char in "*?["):
                found.append(word)
                continue
            value = self.variables.get(_variable(word))
            if value is None:
                return None
            found.extend(value)
        return tuple(found)

    def load(self, line: int, text: str, words: list[str]) -> None:
        """Take a ``modprobe`` or ``insmod`` command."""
        parts = self.expanded(words[1:])
        if parts is None or self.last == "insmod" or any(word.startswith(_ARGUMENT_OPTIONS) for word in parts):
            named = None if parts is None else tuple(_file_stem(word) for word in parts)
            self.unclear.append(Unclear(line, text, named))
            return
        options, names = _options(parts, any(_variable(word) in self.loops for word in words))
        if {"-r", "--remove"} & options:
            self.remove(line, text, tuple([word for word in parts if not word.startswith("-")]))
        if _NOT_LOADING & options:
            return
        if not (self.sure and all(self.opened)):
            self.unclear.append(Unclear(line, text, names))
            return
        obeys, ignores = bool({"-b", "--use-blacklist"} & options), bool({"-i", "--ignore-install"} & options)
        self.probes.extend([ScriptLoad(name, line, text, obeys, ignores) for name in names])
        if self.strict and not self.guarded:
            self.fatal.add(line)

    def remove(self, line: int, text: str, words: tuple[str, ...] | None) -> None:
        """Take a command that takes modules away."""
        names = None if words is None else tuple([_file_stem(word) for word in words])
        self.removals.append(Unclear(line, text, names))
        self.probes = [probe for probe in self.probes if names is not None and probe.name not in names]


def _file_stem(word: str) -> str:
    return module_name(word.rpartition("/")[2].partition(".ko")[0])


def _variable(word: str) -> str:
    return word[1:].removeprefix("{").removesuffix("}") if word.startswith("$") else ""


def _options(words: tuple[str, ...], in_turn: bool) -> tuple[frozenset[str], tuple[str, ...]]:
    """The options, short ones taken apart, and the modules: all words with ``-a`` or in a loop, else the first one."""
    options: set[str] = set()
    names: list[str] = []
    ended = False
    for word in words:
        if ended or not word.startswith("-") or word == "-":
            names.append(module_name(word))
        elif word == "--":
            ended = True
        else:
            options.update([word] if word.startswith("--") else [f"-{char}" for char in word[1:]])
    return frozenset(options), tuple(names if in_turn or {"-a", "--all"} & options else names[:1])
