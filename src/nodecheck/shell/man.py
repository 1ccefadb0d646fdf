"""The manual page nodecheck(1), in man(7)'s macros."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nodecheck.shell.grammar import CliOption, Verb

DATE = "2026-11-23"
"""Of the page's last change in substance."""

WIDTH = 76

FILES = {
    "/etc/nodecheck/nodecheck.toml": "the configuration of the node; also nodecheck.toml.d/*.toml beside it",
    "/etc/nodecheck/waivers.toml": "where nodecheck waive writes; heeded where --waivers or the configuration names it",
    "/var/lib/nodecheck": "the history of root's audits",
    "$XDG_STATE_HOME/nodecheck": "the history of another user's audits (default: ~/.local/state/nodecheck)",
}
ENVIRONMENT = {
    "NO_COLOR": "where it is set and not empty, there is no colour",
    "COLUMNS": "the width of tables, instead of the terminal's own",
    "STATE_DIRECTORY, XDG_STATE_HOME, XDG_CONFIG_HOME": "where the audit's state and a user's waivers are",
}
EXAMPLES = {
    "nodecheck run": "Check this node.",
    "nodecheck run -q --role worker --kubernetes 1.34": "Silent while all is well.",
    "nodecheck plan --format sh > fix.sh": "A script of the fixes, to review and to run.",
    "nodecheck run --root /mnt/image --json": "The file system of a node that does not run.",
    "nodecheck schedule systemd --every daily --install": "Audit this node every day.",
}


def page(verbs: Iterable[Verb], version: str, exit_codes: Iterable[tuple[str, str]]) -> str:
    """The page."""
    return "\n".join(_lines(tuple(verbs), version, exit_codes)) + "\n"


def _lines(verbs: tuple[Verb, ...], version: str, exit_codes: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield '.\\" Made by docs/generate.py from the parsers of the command; do not edit.'
    yield f'.TH NODECHECK 1 {DATE} "nodecheck {version}" "User Commands"'
    yield from [".SH NAME", "nodecheck \\- judge whether a Linux node is fit for Kubernetes"]
    yield ".SH SYNOPSIS"
    yield ".B nodecheck"
    yield ".I VERB"
    yield "[options]"
    yield ".SH DESCRIPTION"
    yield from text("nodecheck reads facts from /proc, /sys, configuration files and netlink, judges them against a "
                    "profile, and gives a report of what passes and fails, with a fix for each failure. It changes "
                    "nothing. A verdict is about now, or (with @boot) about the next boot. What cannot be read or "
                    "understood is unknown, never pass.")  # fmt: skip
    yield ".SH VERBS"
    yield from text("Each takes --help. nodecheck --version tells the version.")
    common = {option for verb in verbs if verb.name == "run" for option in verb.options}
    for verb in verbs:
        yield from _verb(verb, set() if verb.name == "run" else common)
    yield ".SH EXIT STATUS"
    for code, meaning in exit_codes:
        yield from _item(f"\\fB{escaped(code)}\\fR", meaning)
    for title, table in (("FILES", FILES), ("ENVIRONMENT", ENVIRONMENT), ("EXAMPLES", EXAMPLES)):
        yield f".SH {title}"
        for name, meaning in table.items():
            yield from _item(f"\\fB{escaped(name)}\\fR", meaning)
    yield from [".SH SEE ALSO", ".BR systemctl (1),", ".BR crontab (5)"]


def _verb(verb: Verb, common: set[CliOption]) -> Iterator[str]:
    yield f'.SS "nodecheck {escaped(verb.name)}"'
    yield from text(verb.description)
    for argument in verb.arguments:
        yield from _item(f"\\fI{escaped(argument.metavar)}\\fR", argument.help or "one of them")
    for option in verb.options:
        if option not in common and "--help" not in option.names:
            yield from _item(_names(option), option.help)
    shared = [option.names[-1] for option in verb.options if option in common and "--help" not in option.names]
    if shared:
        yield ".PP"
        yield from text(f"And as for run: {', '.join(shared)}.")
    for action in verb.actions:
        head = f"\\fB{escaped(action.name)}\\fR"
        for argument in action.arguments:
            head += f" \\fI{escaped(argument.metavar)}\\fR"
        yield from _item(head, action.summary)
        for option in action.options:
            if "--help" not in option.names:
                yield from _item(f"\\fB{escaped(action.name)}\\fR {_names(option)}", option.help)


def _names(option: CliOption) -> str:
    value = f" \\fI{escaped(option.metavar)}\\fR" if option.metavar else ""
    return ", ".join(f"\\fB{escaped(name)}\\fR" for name in option.names) + value


def _item(head: str, body: str) -> Iterator[str]:
    yield ".TP"
    yield head
    yield from text(body or "no more to say")


def text(words: str) -> Iterator[str]:
    """Running text, in lines of at most 78 columns that no macro can be mistaken in."""
    from textwrap import wrap

    for line in wrap(_characters(" ".join(words.split())), WIDTH, break_long_words=False, break_on_hyphens=False):
        yield _no_macro(line)


def escaped(words: str) -> str:
    r"""Text for troff: backslashes, dashes that are typed, what is not ASCII, and a dot at the beginning.

    >>> print(escaped(".x --view 'a\\b' …"))
    \&.x \-\-view 'a\eb' \[u2026]
    """
    return _no_macro(_characters(words))


def _characters(words: str) -> str:
    words = words.replace("\\", "\\e").replace("-", "\\-")
    return "".join(char if char.isascii() else f"\\[u{ord(char):04X}]" for char in words)


def _no_macro(line: str) -> str:
    return f"\\&{line}" if line[:1] in (".", "'") else line
