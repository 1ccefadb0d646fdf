"""GRUB: its environment block, and its configuration as its own shell would run it."""

from __future__ import annotations

from nodecheck.errors import ParseError
from nodecheck.facts.boot.grub_words import expanded, statements
from nodecheck.record import NamedTuple

MOST_ENTRIES = 4096
MOST_NESTED = 64
CUSTOM = "custom.cfg"
_THERE = ("-s", "-f", "-e")
"""Tests of a file."""
_LINUX = ("linux", "linuxefi", "linux16")


class GrubEntry(NamedTuple):
    """One ``menuentry``, or a ``submenu`` with its entries."""

    title: str
    id: str | None
    words: tuple[str, ...] = ()
    """The kernel's file and its command line."""
    line: int | None = None
    """The 1-based line of the ``linux`` command."""
    entries: tuple[GrubEntry, ...] = ()
    """Not empty for a submenu."""
    blscfg: bool = False
    """Stands for all Boot Loader Specification entries (Fedora's ``blscfg`` command)."""
    custom: bool = False
    """It stands in ``custom.cfg``, which ``grub.cfg`` reads at its end (grub-mkconfig's ``41_custom``)."""


class GrubMenu(NamedTuple):
    """What a ``grub.cfg`` offers."""

    entries: tuple[GrubEntry, ...] = ()
    default: str = ""
    """The value of ``default`` when the menu is shown."""
    variables: tuple[tuple[str, str], ...] = ()

    @property
    def uses_bls(self) -> bool:
        """Whether some entries come from ``loader/entries``."""
        return any(entry.blscfg for entry in self.entries)


def parse_grubenv(text: str) -> dict[str, str]:
    r"""Parse a GRUB environment block (``grub-editenv``): ``name=value`` lines, a backslash quotes.

    GRUB takes nothing from a file without the block's first line.

    >>> parse_grubenv("# GRUB Environment Block\nsaved_entry=1>2\n####")
    {'saved_entry': '1>2'}
    """
    found: dict[str, str] = {}
    if not text.startswith("# GRUB Environment Block\n"):
        return found
    for line in text.replace("\\\\", "\0").replace("\\\n", "\n").split("\n"):
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found[name] = value.replace("\0", "\\")
    return found


class _Script:
    """Runs what matters of a ``grub.cfg``: ``set``, ``if``, ``menuentry``, ``submenu``, ``blscfg``."""

    def __init__(self, variables: dict[str, str], custom: str | None) -> None:
        self.variables = variables
        self._custom, self._in_custom = custom, False
        self.entries: list[GrubEntry] = []
        self._menus: list[tuple[str, str | None, list[GrubEntry]]] = []
        self._blocks: list[str] = []
        self._entry: tuple[str, str | None] | None = None
        self._linux: tuple[list[str], int] | None = None
        self._ifs: list[tuple[bool, bool]] = []
        """For each open ``if``: whether this branch runs, and whether one has run."""

    def run(self, text: str) -> None:
        for words, line in statements(text):
            self._statement(words, line)
            if len(self._ifs) + len(self._blocks) > MOST_NESTED:
                raise ParseError("grub.cfg", line, words[0], f"at most {MOST_NESTED} blocks in each other")

    def _statement(self, words: list[str], line: int) -> None:
        name = words[0]
        if self._blocks and self._blocks[-1] == "menuentry" and name != "}":
            self._body(words, line)
        elif name == "}":
            self._close()
        elif words[-1] == "{":
            self._open(name, words)
        elif self._conditional(name, words):
            pass
        elif self._running():
            self._command(name, words)

    def _running(self) -> bool:
        return all(runs for runs, _ in self._ifs) and "function" not in self._blocks

    def _conditional(self, name: str, words: list[str]) -> bool:
        if name == "if":
            runs = self._true(words[1:])
            self._ifs.append((runs, runs))
        elif name == "elif" and self._ifs:
            ran = self._ifs[-1][1]
            runs = not ran and self._true(words[1:])
            self._ifs[-1] = (runs, ran or runs)
        elif name == "else" and self._ifs:
            self._ifs[-1] = (not self._ifs[-1][1], True)
        elif name == "fi" and self._ifs:
            self._ifs.pop()
        else:
            return name == "then"
        return True

    def _true(self, words: list[str]) -> bool:
        """What ``[ … ]`` says; other commands (``loadfont``, ``search``) count as failed."""
        test = [expanded(word, self.variables) for word in words if word != "then"]
        if len(test) < 2 or test[0] not in ("[", "test"):
            return False
        test = [part for part in test[1:] if part != "]"]
        negated = bool(test) and test[0] == "!"
        test = test[1:] if negated else test
        has_custom = self._custom is not None and test[1:] == [f"{self.variables['prefix']}/{CUSTOM}"]
        return ((has_custom and test[0] in _THERE) or _told(test, self.variables)) != negated

    def _open(self, name: str, words: list[str]) -> None:
        self._blocks.append(name)
        if name in ("menuentry", "submenu"):
            title, identity = _titled([expanded(word, self.variables) for word in words[1:-1]])
            if name == "submenu":
                self._menus.append((title, identity, self.entries))
                self.entries = []
            else:
                self._entry, self._linux = (title, identity), None

    def _body(self, words: list[str], line: int) -> None:
        if words[-1] == "{":
            self._blocks.append("group")
        loads = words[0] in _LINUX or (words[0] in ("module", "module2") and "vmlinuz" in "".join(words[1:2]))
        if self._linux is None and loads and len(words) > 1:
            self._linux = words[1:], line

    def _close(self) -> None:
        kind = self._blocks.pop() if self._blocks else ""
        if kind == "submenu" and self._menus:
            title, identity, outer = self._menus.pop()
            outer.append(GrubEntry(title, identity, entries=tuple(self.entries)))
            self.entries = outer
        elif kind == "menuentry" and self._entry is not None and self._running():
            words, line = self._linux or ([], None)
            told = tuple(expanded(word, self.variables) for word in words)
            if len(self.entries) >= MOST_ENTRIES:
                raise ParseError("grub.cfg", line, self._entry[0], f"at most {MOST_ENTRIES} entries of a menu")
            words = [word for word in told if word]
            self.entries.append(GrubEntry(*self._entry, tuple(words), line, custom=self._in_custom))

    def _command(self, name: str, words: list[str]) -> None:
        if name == "set":
            words = words[1:]
        if words and "=" in words[0] and (name == "set" or words[0] == name):
            key, _, value = words[0].partition("=")
            self.variables[key] = expanded(value, self.variables)
        elif name == "blscfg":
            self.entries.append(GrubEntry("", None, blscfg=True))
        elif name in ("source", ".") and len(words) > 1:
            self._source(expanded(words[1], self.variables))

    def _source(self, path: str) -> None:
        """Run ``custom.cfg``; other files are not known to hold entries."""
        if self._custom is not None and path == f"{self.variables['prefix']}/{CUSTOM}" and not self._in_custom:
            self._in_custom = True
            self.run(self._custom)
            self._in_custom = False


def _told(test: list[str], variables: dict[str, str]) -> bool:
    if len(test) == 1:
        return bool(test[0])
    if len(test) == 2:
        exists = test[0] in _THERE and test[1].endswith("/grubenv")
        return (test[0] == "-n" and bool(test[1])) or (test[0] == "-z" and not test[1]) or exists
    if len(test) == 3 and test[1] in ("=", "==", "!="):
        return (test[0] == test[2]) != (test[1] == "!=")
    return False


def _titled(words: list[str]) -> tuple[str, str | None]:
    """The title and the ``--id`` of a menu entry."""
    title, identity = "", None
    place = 0
    while place < len(words):
        word = words[place]
        if word == "--id" and place + 1 < len(words):
            identity = words[place + 1]
        if word.startswith("--id="):
            identity = word[5:]
        elif word.startswith("--"):
            place += 0 if "=" in word or word == "--unrestricted" else 1
        elif not title:
            title = word
        place += 1
    return title, identity


def parse_grub_cfg(
    text: str, environment: dict[str, str], custom: str | None = None, prefix: str = "/boot/grub"
) -> GrubMenu:
    """The menu that a ``grub.cfg`` makes, given what is in GRUB's environment block, and in a ``custom.cfg`` beside it.

    >>> menu = parse_grub_cfg("set default=1\\nmenuentry a {\\n linux /vmlinuz-5 ro quiet\\n}\\n", {})
    >>> menu.default, menu.entries[0].words
    ('1', ('/vmlinuz-5', 'ro', 'quiet'))
    """
    variables = {"menuentry_id_option": "--id", **environment, "prefix": prefix, "config_directory": prefix}
    script = _Script(variables, custom)
    script.run(text)
    return GrubMenu(tuple(script.entries), script.variables.get("default", ""), tuple(script.variables.items()))


def parse_default_grub(text: str, variables: dict[str, str]) -> int | None:
    r"""Add the assignments of an ``/etc/default/grub`` to ``variables``; the line of the last command line, if any.

    >>> variables = {"GRUB_CMDLINE_LINUX": "a"}
    >>> parse_default_grub('GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX b"\n', variables), variables
    (1, {'GRUB_CMDLINE_LINUX': 'a b'})
    """
    found = None
    for words, line in statements(text):
        for word in words[1:] if words[0] == "export" else words[:1]:
            name, equals, value = word.partition("=")
            if not equals:
                continue
            added = name.endswith("+")
            name = name.removesuffix("+")
            value = expanded(value, variables)
            variables[name] = variables.get(name, "") + value if added else value
            if name in ("GRUB_CMDLINE_LINUX", "GRUB_CMDLINE_LINUX_DEFAULT"):
                found = line
    return found
