"""The command line as data: verbs, options and arguments, and of what kind each value is."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator

from nodecheck.record import NamedTuple

Formats = Callable[[str], tuple[str, ...]]

KINDS = {
    "FILE": "file",
    "DIR": "directory",
    "S": "check",
    "SELECTOR": "check",
    "ID": "check",
    "CHECK": "check",
    "NAME|FILE": "profile",
    "FORMAT": "format",
    "FORMAT=FILE": "output",
}
"""Metavar to kind of value; any other value cannot be completed."""


MOST_SHOWN = 8
"""Words that are shown in the place of a metavar."""


class CliOption(NamedTuple):
    """An option, or an argument where it has no names.

    ``kind`` is ``flag``, ``words`` (one of ``words``), ``file``, ``directory``, ``check``, ``profile``, ``format`` and
    ``output`` (of ``words``), or ``text``.
    """

    names: tuple[str, ...]
    metavar: str
    help: str
    kind: str
    words: tuple[str, ...] = ()
    many: bool = False

    @property
    def long(self) -> tuple[str, ...]:
        """The names with two dashes."""
        return tuple(name for name in self.names if name.startswith("--"))


class Verb(NamedTuple):
    """A verb, or an action of one (``profile show``)."""

    name: str
    summary: str
    description: str
    options: tuple[CliOption, ...]
    arguments: tuple[CliOption, ...]
    actions: tuple[Verb, ...] = ()
    epilog: str = ""
    usage: str = ""


def verb(name: str, summary: str, parser: argparse.ArgumentParser, formats: Formats) -> Verb:
    """A verb as its parser has it; ``formats`` gives the words of an option (by its ``dest``) that names formats."""
    actions = list(parser._actions)
    options = tuple(_option(action, formats) for action in actions if action.option_strings)
    plain = [action for action in actions if not action.option_strings]
    inner = [action for action in plain if isinstance(action, argparse._SubParsersAction)]
    arguments = tuple(_option(action, formats) for action in plain if action not in inner)
    nested = tuple(found for action in inner for found in _nested(action, formats))
    usage = parser.format_usage().removeprefix("usage: ")
    return Verb(name, summary, parser.description or "", options, arguments, nested, parser.epilog or "", usage)


def _nested(action: argparse._SubParsersAction[argparse.ArgumentParser], formats: Formats) -> Iterator[Verb]:
    told = {choice.dest: choice.help or "" for choice in action._choices_actions}
    for name, parser in action.choices.items():
        yield verb(name, told.get(name, ""), parser, formats)


def _option(action: argparse.Action, formats: Formats) -> CliOption:
    text = (action.help or "").replace("%%", "%")
    many = isinstance(action, argparse._AppendAction) or action.nargs in ("*", "+")
    metavar = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    if action.option_strings and action.nargs == 0:
        return CliOption(tuple(action.option_strings), "", text, "flag")
    if action.choices is not None:
        words = tuple(str(word) for word in action.choices)
        shown = "|".join(words) if len(words) <= MOST_SHOWN else metavar
        return CliOption(tuple(action.option_strings), shown, text, "words", words, many)
    kind = KINDS.get(metavar, "text")
    words = formats(action.dest) if kind in ("format", "output") else ()
    return CliOption(tuple(action.option_strings), metavar, text, kind, words, many)
