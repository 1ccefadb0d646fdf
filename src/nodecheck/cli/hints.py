"""The line that somebody meant who typed another: from the words of other tools to those of nodecheck.

A line is shown only where nodecheck takes it: it is parsed, and its selectors and formats are looked up. No line is
better than one that leads astray.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import ModuleType

from nodecheck.cli.verbs import VERBS
from nodecheck.errors import NodecheckError
from nodecheck.requirements.asked import ROLES

VerbParser = Callable[[str], "tuple[ModuleType, argparse.ArgumentParser]"]
"""What gives the module and the parser of a verb."""

VERBS_MEANT = {
    "fix": "plan", "apply": "plan", "mend": "plan", "repair": "plan", "remediate": "plan",
    "check": "run", "test": "run", "verify": "run", "validate": "run", "scan": "run", "preflight": "run",
    "checks": "list", "ls": "list", "describe": "explain", "man": "explain", "log": "history", "compare": "diff",
}  # fmt: skip
"""What other tools call it."""

OPTIONS_MEANT = {
    **dict.fromkeys(("--only", "--check", "--checks", "--include", "--filter", "--selector", "--test"), "--select"),
    **dict.fromkeys(("--exclude", "--skip", "--except"), "--ignore"),
    **dict.fromkeys(("--k8s", "--k8s-version", "--kubernetes-version", "--kube-version"), "--kubernetes"),
    **dict.fromkeys(("-o", "--out", "-f"), "--output"),
}
VALUES_MEANT = {
    "master": "control-plane", "controlplane": "control-plane", "control_plane": "control-plane",
    "server": "control-plane", "node": "worker", "agent": "worker", "minion": "worker",
}  # fmt: skip
FILES = {"json": "json", "jsonl": "jsonl", "html": "html", "md": "markdown", "sarif": "sarif", "txt": "text",
         "sh": "sh", "prom": "openmetrics"}  # fmt: skip
"""Formats by the ends of names of files that hold nothing else."""

HELP = ("-h", "--help", "--version", "-V")
SELECTING = ("--select", "--ignore")
WITH_WORDS = ("run", "plan", "explain", "history", "waive")
"""Verbs that take selectors as words."""

MOST_CHARS = 1000
"""A longer line was typed by nobody."""

LEAST_LIKE = 0.7
"""How much alike two words must be, as difflib counts it: ``only`` and ``role`` are 0.5."""


def hint(words: Sequence[str], verb: VerbParser) -> str:
    """``nodecheck …``, or nothing where no line is known that does what was meant."""
    from shlex import join

    whole = "".join(words)
    if not words or len(whole) > MOST_CHARS or not whole.isprintable():
        return ""
    if any(word in HELP for word in words):
        return f"nodecheck {VERBS_MEANT[words[0]]} --help" if words[0] in VERBS_MEANT else ""
    for line in _candidates(list(words), verb):
        if line != list(words) and _is_taken(line, verb):
            return join(["nodecheck", *line])
    return ""


def near(word: str, words: Iterable[str]) -> str | None:
    """The one of ``words`` that a word is the beginning of, or that is most like it, dashes left out.

    >>> near("--only", ["--role"]), near("--kube", ["--kubernetes"]), near("ip_vs", ["ipvs"]), near("--no", ["--none"])
    (None, '--kubernetes', 'ipvs', None)
    """
    from difflib import get_close_matches

    plain = {known.lstrip("-"): known for known in words}
    name = word.lstrip("-")
    begun = [known for known in plain if len(name) > 2 and known.startswith(name)]
    found = begun if len(begun) == 1 else get_close_matches(name, plain, n=1, cutoff=LEAST_LIKE)
    return plain[found[0]] if found else None


def _candidates(words: list[str], verb: VerbParser) -> Iterator[list[str]]:
    """Lines that may be meant, the likeliest first."""
    name, rest = _verb(words)
    module, parser = verb(name)
    if name == "doctor" and any(word.partition("=")[0] == "--root" for word in rest):
        # Of a directory a run says all that cannot be seen; the rest of doctor is of this machine.
        yield ["run", "-v", *_repaired("run", rest, verb("run")[1], ())]
    yield [name, *_repaired(name, rest, parser, _formats(name, module))]
    if words[0] in VERBS_MEANT:
        yield [name]


def _verb(words: list[str]) -> tuple[str, list[str]]:
    """The verb that is meant, and the other words."""
    first = words[0]
    if first in VERBS:
        return first, words[1:]
    if first in VERBS_MEANT:
        return VERBS_MEANT[first], words[1:]
    for place, word in enumerate(words):
        if word in VERBS and first.startswith("-"):
            return word, [*words[:place], *words[place + 1 :]]
    like = None if first.startswith("-") else near(first, VERBS)
    return ("run", words) if like is None else (like, words[1:])


def _repaired(verb: str, words: list[str], parser: argparse.ArgumentParser, formats: tuple[str, ...]) -> Iterator[str]:
    """The words after a verb, each as it may be meant."""
    options = {name: action for action in parser._actions for name in action.option_strings}
    left = [*words]
    while left:
        word = left.pop(0)
        if not word.startswith("-") or word in ("-", "--"):
            role = word if word in ROLES else VALUES_MEANT.get(word)
            known = role is not None and "--role" in options and verb not in WITH_WORDS[2:]
            yield from ["--role", role] if known and role else _as_words(word, verb)
            continue
        name, equals, value = word.partition("=")
        if name[:2] in ("-o", "-f") and len(name) > 2 and not name.startswith("--") and name[:2] not in options:
            name, equals, value = name[:2], "=", name[2:] + equals + value  # -ojson, as kubectl takes it
        name = _option(name, options)
        action = options.get(name)
        if action is None or action.nargs == 0:
            yield word if equals else name
        elif equals or (left and not left[0].startswith("-")):
            value = value if equals else left.pop(0)
            if name in SELECTING:
                yield from _selecting(name, value, verb)
            else:
                yield from _with_value(name, value, action, formats)
        else:
            yield name


def _as_words(word: str, verb: str) -> Iterator[str]:
    """A word that is no option, as it may be meant."""
    if verb == "help":
        yield word if word in VERBS else VERBS_MEANT.get(word) or near(word, VERBS) or word
        return
    selectors = _selectors(word) if verb in (*WITH_WORDS, "audit") else [word]
    for selector in selectors:
        yield from ["--select", selector] if verb == "audit" else [selector]


def _option(name: str, options: dict[str, argparse.Action]) -> str:
    """The option that is meant, of those that the verb has; the same where none is like it."""
    if name in options:
        return name
    meant = OPTIONS_MEANT.get(name)
    if meant is None:
        meant = near(name, options) if name.startswith("--") else None
    return meant if meant in options else name


def _selecting(name: str, value: str, verb: str) -> Iterator[str]:
    for selector in _selectors(value):
        yield from [selector] if name == "--select" and verb in WITH_WORDS else [name, selector]


def _with_value(name: str, value: str, action: argparse.Action, formats: tuple[str, ...]) -> Iterator[str]:
    """An option and its value, as they may be meant."""
    if name == "--output":
        yield from _output(value, formats)
    elif action.choices is not None and value not in action.choices:
        meant = VALUES_MEANT.get(value, "")
        yield from (name, meant if meant in action.choices else near(value, action.choices) or value)
    elif name == "--format" and value not in formats:
        yield from (name, near(value, formats) or value)
    else:
        yield from (name, value)


def _output(value: str, formats: tuple[str, ...]) -> Iterator[str]:
    """What is to be printed, where a format alone is named; where a file alone is named, its format too."""
    format_ = FILES.get(value.rpartition(".")[2]) if "." in value and "=" not in value else None
    if value in formats:
        yield from ("--format", value)
    else:
        yield from ("--output", value if format_ is None else f"{format_}={value}")


def _formats(verb: str, module: ModuleType) -> tuple[str, ...]:
    if verb == "plan":
        return tuple(module.FORMS)
    from nodecheck.render.outputs import BUILT_IN

    return ("text", "json") if verb in ("audit", "history", "diff") else tuple(BUILT_IN)


def _selectors(word: str) -> list[str]:
    """The selectors that a word stands for; the word itself where that is not known."""
    if _is_selector(word):
        return [word]
    parts = _parts(word)
    if len(parts) > 1:
        found = [selector for part in parts for selector in _selectors(part)]
        return found if all(_is_selector(selector) for selector in found) else [word]
    from nodecheck.plugins import load
    from nodecheck.profile.meant import meant

    registry = load()
    subjects = meant(word, registry)
    if not subjects:
        return [word if "[" in word or "@" in word else near(word, registry.checks) or word]
    return [word] if subjects[-1].startswith("tag:") else list(subjects)  # a tag, or a check that is called like it


def _parts(word: str) -> list[str]:
    """What commas and blanks outside of brackets part."""
    parts, depth = [""], 0
    for char in word:
        depth += (char == "[") - (char == "]")
        if char in ", " and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return [part for part in parts if part]


def _is_selector(word: str) -> bool:
    from nodecheck.errors import SelectorError
    from nodecheck.plugins import load
    from nodecheck.running.request import selection_of

    try:
        selection_of(load(), (word,), (), None)
    except SelectorError:
        return False
    return True


def _is_taken(line: list[str], verb: VerbParser) -> bool:
    """Whether nodecheck takes a line."""
    module, parser = verb(line[0])
    try:
        args = parser.parse_args(line[1:])
        given = vars(args)
        words = [*given.get("words", ()), *(given.get("select") or ()), *(given.get("ignore") or ())]
        words += [given[name] for name in ("check", "id") if given.get(name) is not None]
        return all(_is_selector(word) for word in words) and _writes(line[0], module, given)
    except NodecheckError:
        return False


def _writes(verb: str, module: ModuleType, given: dict[str, object]) -> bool:
    """Whether the verb has the formats. Raises UsageError for outputs that it has not."""
    outputs = given.get("output")
    if isinstance(outputs, list):
        from nodecheck.render.outputs import parse_outputs

        (module.outputs_of if verb == "plan" else parse_outputs)(outputs)
    return given.get("format") is None or given["format"] in _formats(verb, module)
