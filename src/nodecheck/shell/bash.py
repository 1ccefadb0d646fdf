"""Completion for bash 4 and later, without the package bash-completion."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nodecheck.shell.grammar import CliOption, Verb

_HEAD = """\
# Completion of nodecheck for bash. Made by nodecheck completion bash; do not edit.
_nodecheck_words() { # complete one of the words
    COMPREPLY+=($(compgen -W "$1" -- "$cur"))
}
_nodecheck_files() { # complete the path of a file, or with -d of a directory
    compopt -o filenames 2>/dev/null
    local path
    while IFS= read -r path; do COMPREPLY+=("$path"); done < <(compgen "${1:--f}" -- "$cur")
}
_nodecheck_checks() { # the names of the checks
    _nodecheck_words "$("${COMP_WORDS[0]}" list --no-config 2>/dev/null |
        sed -n 's/^\\([a-z][a-z0-9-]*\\)  .*/\\1/p') plugin waiver"
}
_nodecheck_profiles() { # the names of the profiles, and files
    _nodecheck_words "$("${COMP_WORDS[0]}" profile list 2>/dev/null)"
    _nodecheck_files
}
_nodecheck_output() { # FORMAT=FILE; bash takes the = for a word of its own
    if [[ $eq == yes ]]; then _nodecheck_files; return; fi
    compopt -o nospace 2>/dev/null
    COMPREPLY+=($(compgen -S = -W "$1" -- "$cur"))
}
_nodecheck() {
    local cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} eq=no
    local verb=${COMP_WORDS[1]} action=${COMP_WORDS[2]}
    COMPREPLY=()
    if [[ $cur == = ]]; then
        cur= eq=yes
    elif [[ $before == = ]]; then
        before=${COMP_WORDS[COMP_CWORD-2]} eq=yes
    fi
    if [[ $eq == yes && $before != -* ]]; then before=${COMP_WORDS[COMP_CWORD-2]}; fi
    if [[ $eq == yes && $before != -* ]]; then before=${COMP_WORDS[COMP_CWORD-3]}; fi
"""

_TAIL = """\
}
complete -F _nodecheck nodecheck
"""


def script(verbs: Iterable[Verb]) -> str:
    """The script."""
    return _HEAD + "".join(f"    {line}\n" for line in _body(tuple(verbs))) + _TAIL


def _body(verbs: tuple[Verb, ...]) -> Iterator[str]:
    names = " ".join([*(verb.name for verb in verbs), "--help", "--version"])
    yield f'if [[ $COMP_CWORD -le 1 ]]; then _nodecheck_words "{names}"; return; fi'
    yield "case $verb in"
    for verb in verbs:
        yield f"    {verb.name})"
        yield from (f"        {line}" for line in _verb(verb))
        yield "        ;;"
    yield "esac"


def _verb(verb: Verb) -> Iterator[str]:
    options = verb.options
    for action in verb.actions:
        options += tuple(option for option in action.options if option not in options)
    valued = [option for option in options if option.kind != "flag"]
    if valued:
        yield "case $before in"
        for option in valued:
            yield f"    {'|'.join(option.names)}) {value(option)}; return ;;"
        yield "esac"
    yield f'[[ $cur == -* ]] && {{ _nodecheck_words "{" ".join(_dashed(options))}"; return; }}'
    if verb.actions:
        names = " ".join(action.name for action in verb.actions)
        yield f'[[ $COMP_CWORD -eq 2 ]] && {{ _nodecheck_words "{names}"; return; }}'
        yield "case $action in"
        for action in verb.actions:
            for argument in action.arguments[:1]:
                yield f"    {action.name}) {value(argument)} ;;"
        yield "esac"
    for argument in verb.arguments[:1]:
        yield value(argument)


def _dashed(options: Iterable[CliOption]) -> Iterator[str]:
    for option in options:
        yield from option.long


def value(option: CliOption) -> str:
    """The command that completes a value."""
    words = " ".join(option.words)
    return {
        "words": f'_nodecheck_words "{words}"',
        "format": f'_nodecheck_words "{words}"',
        "output": f'_nodecheck_output "{words}"',
        "file": "_nodecheck_files",
        "directory": "_nodecheck_files -d",
        "check": "_nodecheck_checks",
        "profile": "_nodecheck_profiles",
    }.get(option.kind, ":")
