"""Completion for fish 3 and later."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nodecheck.shell.grammar import CliOption, Verb

_HEAD = """\
# Completion of nodecheck for fish. Made by nodecheck completion fish; do not edit.
function __nodecheck_checks
    set -l words (commandline -opc)
    $words[1] list --no-config 2>/dev/null | string replace -rf '^([a-z][a-z0-9-]*)  .*' '$1'
    printf '%s\\n' plugin waiver
end
function __nodecheck_profiles
    set -l words (commandline -opc)
    $words[1] profile list 2>/dev/null
    __fish_complete_path (commandline -ct)
end
function __nodecheck_output # FORMAT=FILE
    set -l word (commandline -ct)
    set -l parts (string split -m1 = -- $word)
    if set -q parts[2]
        __fish_complete_path $parts[2] | string replace -r '^' "$parts[1]="
    else
        printf '%s=\\n' $argv
    end
end
complete -c nodecheck -f
complete -c nodecheck -n __fish_use_subcommand -l help -d 'show the verbs'
complete -c nodecheck -n __fish_use_subcommand -l version -d 'show the version'
"""


def script(verbs: Iterable[Verb]) -> str:
    """The script."""
    return _HEAD + "\n".join(line for verb in verbs for line in _verb(verb)) + "\n"


def _verb(verb: Verb) -> Iterator[str]:
    yield f"complete -c nodecheck -n __fish_use_subcommand -a {verb.name} -d {quoted(verb.summary)}"
    seen = f"__fish_seen_subcommand_from {verb.name}"
    for option in verb.options:
        yield _option(option, seen)
    for argument in verb.arguments[:1]:
        yield f"complete -c nodecheck -n {quoted(seen)} {_value(argument)}"
    names = " ".join(action.name for action in verb.actions)
    for action in verb.actions:
        first = f"{seen}; and not __fish_seen_subcommand_from {names}"
        within = f"{seen}; and __fish_seen_subcommand_from {action.name}"
        yield f"complete -c nodecheck -n {quoted(first)} -a {action.name} -d {quoted(action.summary)}"
        for option in action.options:
            yield _option(option, within)
        for argument in action.arguments[:1]:
            yield f"complete -c nodecheck -n {quoted(within)} {_value(argument)}"


def _option(option: CliOption, condition: str) -> str:
    names = " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names)
    value = "" if option.kind == "flag" else f" {_value(option, required=True)}"
    return f"complete -c nodecheck -n {quoted(condition)} {names} -d {quoted(option.help)}{value}"


def _value(option: CliOption, required: bool = False) -> str:
    words = " ".join(option.words)
    flags = "-r" if required else ""
    found = {
        "words": f"{flags} -f -a {quoted(words)}",
        "format": f"{flags} -f -a {quoted(words)}",
        "output": f"{flags} -f -a {quoted(f'(__nodecheck_output {words})')}",
        "file": f"{flags} -F",
        "directory": f"{flags} -f -a {quoted('(__fish_complete_directories)')}",
        "check": f"{flags} -f -a {quoted('(__nodecheck_checks)')}",
        "profile": f"{flags} -f -a {quoted('(__nodecheck_profiles)')}",
    }.get(option.kind, f"{flags} -f")
    return found.strip()


def quoted(text: str) -> str:
    """One word of a fish script: within single quotes only ``\\\\`` and ``\\'`` are escapes."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
