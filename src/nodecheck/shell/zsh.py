"""Completion for zsh, for a directory of ``$fpath``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nodecheck.shell.grammar import CliOption, Verb

_HEAD = """\
#compdef nodecheck
# Completion of nodecheck for zsh. Made by nodecheck completion zsh; do not edit.
_nodecheck_checks() {
    local -a names
    names=(${(f)"$(_call_program checks ${(q)words[1]} list --no-config 2>/dev/null |
        sed -n 's/^\\([a-z][a-z0-9-]*\\)  .*/\\1/p')"} plugin waiver)
    compadd -a names
}
_nodecheck_profiles() {
    local -a names
    names=(${(f)"$(_call_program profiles ${(q)words[1]} profile list 2>/dev/null)"})
    compadd -a names
    _files
}
_nodecheck_output() { # FORMAT=FILE
    if compset -P '*='; then _files; else compadd -S = -- "$@"; fi
}
"""


def script(verbs: Iterable[Verb]) -> str:
    """The script."""
    listed = tuple(verbs)
    lines = [line for verb in listed for line in _function(verb, f"_nodecheck_{verb.name}")]
    return _HEAD + "\n".join([*lines, *_main(listed)]) + "\n"


def _main(verbs: tuple[Verb, ...]) -> Iterator[str]:
    yield "_nodecheck() {"
    yield "    local -a verbs"
    yield "    verbs=("
    yield from (f"        {quoted(f'{verb.name}:{escaped(verb.summary)}')}" for verb in verbs)
    yield "    )"
    yield "    if (( CURRENT == 2 )); then"
    yield "        _describe -t verbs verb verbs"
    yield "        compadd -- --help --version"
    yield "        return"
    yield "    fi"
    yield "    local name=$words[1] verb=$words[2]"
    yield '    words=("$name" "${(@)words[3,-1]}")'
    yield "    (( CURRENT-- ))"
    yield "    (( $+functions[_nodecheck_$verb] )) && _nodecheck_$verb"
    yield "}"
    yield '_nodecheck "$@"'


def _function(verb: Verb, name: str) -> Iterator[str]:
    yield f"{name}() {{"
    if verb.actions:
        yield from _actions(verb, name)
    else:
        specs = [_spec(option) for option in verb.options]
        specs += [_positional(number, argument) for number, argument in enumerate(verb.arguments, 1)]
        yield "    _arguments -S \\"
        yield from (f"        {spec} \\" for spec in specs[:-1])
        yield f"        {specs[-1]}"
    yield "}"


def _actions(verb: Verb, name: str) -> Iterator[str]:
    yield "    local -a actions"
    yield "    actions=("
    yield from (f"        {quoted(f'{action.name}:{escaped(action.summary)}')}" for action in verb.actions)
    yield "    )"
    yield "    if (( CURRENT == 2 )); then _describe -t actions action actions; compadd -- --help; return; fi"
    yield "    local name=$words[1] action=$words[2]"
    yield '    words=("$name" "${(@)words[3,-1]}")'
    yield "    (( CURRENT-- ))"
    yield "    case $action in"
    for action in verb.actions:
        specs = [_spec(option) for option in action.options]
        specs += [_positional(number, argument) for number, argument in enumerate(action.arguments, 1)]
        yield f"        {action.name}) _arguments -S {' '.join(specs)} ;;"
    yield "    esac"


def _spec(option: CliOption) -> str:
    """One option of ``_arguments`` (zshcompsys(1)); its names exclude each other, unless it may be repeated."""
    tail = f"[{escaped(option.help)}]"
    equals = ""
    if option.kind != "flag":
        equals = "="
        tail += f":{escaped(option.metavar)}:{_action(option)}"
    names = [name + (equals if name.startswith("--") else ("+" if equals else "")) for name in option.names]
    if len(names) == 1:
        return quoted(f"{'*' if option.many else ''}{names[0]}{tail}")
    head = "'*'" if option.many else quoted(f"({' '.join(option.names)})")
    return f"{head}{{{','.join(names)}}}{quoted(tail)}"


def _positional(number: int, argument: CliOption) -> str:
    return quoted(f"{'*' if argument.many else number}:{escaped(argument.metavar)}:{_action(argument)}")


def _action(option: CliOption) -> str:
    words = " ".join(option.words)
    return {
        "words": f"({words})",
        "format": f"({words})",
        "output": f"_nodecheck_output {words}",
        "file": "_files",
        "directory": "_files -/",
        "check": "_nodecheck_checks",
        "profile": "_nodecheck_profiles",
    }.get(option.kind, " ")


def escaped(text: str) -> str:
    """Text of a specification: its colons and brackets stand for themselves."""
    for char in "\\:[]":
        text = text.replace(char, "\\" + char)
    return text


def quoted(text: str) -> str:
    """One word of a zsh script."""
    return "'" + text.replace("'", "'\\''") + "'"
