"""Shell scripts that load modules, read conservatively: what cannot be followed is told as unclear, never guessed."""

from __future__ import annotations

from nodecheck.facts.acts.effects import UNKNOWN_PROGRAM, effects_of
from nodecheck.facts.acts.model import ANY, MODULE, REMOVES, Effect
from nodecheck.formats.shell_calls import SHELLS
from nodecheck.formats.shell_script import ShellStep, ShellSurroundings, steps_of
from nodecheck.record import NamedTuple


class ScriptLoad(NamedTuple):
    """A module that a script loads."""

    name: str
    line: int
    text: str
    obeys_blacklist: bool = False
    ignores_install: bool = False


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


def parse_script(source: str, node: ShellSurroundings | None = None) -> Script:
    r"""The modules that a shell script loads.

    ``if modinfo …`` counts as met, for whether the module exists is judged apart. What nobody can tell of a load is
    left unclear.

    >>> [p.name for p in parse_script("#!/bin/bash\nmodprobe -- ip_vs\nfor m in a b; do modprobe $m; done\n").probes]
    ['ip_vs', 'a', 'b']
    """
    first = source.partition("\n")[0]
    if first.startswith("#!") and (first.endswith("\r") or not _is_shell(first)):
        return Script() if first.endswith("\r") else Script((), _every_mention(source))
    found = _Loads(source.split("\n"))
    for step in steps_of(source, ("start",), node=node, triggers=_TRIGGERS):
        if step.words[:1] == (None,):
            step = step._replace(reason=step.reason or UNKNOWN_PROGRAM)
        for effect in effects_of(step, lambda path: None):
            if effect.kind == MODULE:
                found.take(step, effect)
    return found.script()


_TRIGGERS = ("modprobe", "insmod", "rmmod")


def _is_shell(first: str) -> bool:
    return any(word.rpartition("/")[2] in SHELLS for word in first[2:].split(" "))


def _every_mention(source: str) -> tuple[Unclear, ...]:
    lines = enumerate(source.split("\n"), 1)
    return tuple([Unclear(n, line, None) for n, line in lines if "modprobe" in line and line.lstrip()[:1] != "#"])


class _Loads:
    """Sorts the effects of a script into what it surely does and what nobody can tell."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.probes: list[ScriptLoad] = []
        self.unclear: list[Unclear] = []
        self.removals: list[Unclear] = []
        self.fatal: set[int] = set()

    def take(self, step: ShellStep, effect: Effect) -> None:
        text = self.lines[step.line - 1] if step.line <= len(self.lines) else ""
        names = None if effect.name == ANY else (effect.name,)
        if effect.what == REMOVES:
            self.removals.append(Unclear(step.line, text, names))
            self.probes = [probe for probe in self.probes if names is not None and probe.name not in names]
        elif step.reason or names is None or "f" in effect.only:
            self.unclear.append(Unclear(step.line, text, names))
        else:
            heeds, past = "b" in effect.only, "i" in effect.only
            self.probes.append(ScriptLoad(effect.name, step.line, text, heeds, past))
            if step.ends:
                self.fatal.add(step.line)

    def script(self) -> Script:
        return Script(tuple(self.probes), tuple(self.unclear), tuple(self.removals), frozenset(self.fatal))
