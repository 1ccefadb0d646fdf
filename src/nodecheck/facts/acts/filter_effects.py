"""What a command does to packet filters: iptables(8), iptables-restore(8), nft(8), ufw(8)."""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.facts.acts.model import FILTER, LOADS, REMOVES, SETS, Effect
from nodecheck.formats.options import Options
from nodecheck.formats.shell_calls import Words
from nodecheck.formats.shell_script import ShellStep

ANY = "?"
NFT, UFW = "n", "u"

_SECONDS = tuple([str(number) for number in range(601)])
_STANDARD_INPUT = ("-", "/dev/stdin")
_JUMPS = ("-j", "--jump", "-g", "--goto")
_VERBS = {
    "--append": "-A", "--insert": "-I", "--policy": "-P", "--new-chain": "-N", "--delete": "-D", "--flush": "-F",
    "--replace": "-R",
}  # fmt: skip
_CHANGING = ("add", "insert", "create", "replace", "delete", "destroy", "flush")


def filter_effects(program: str, step: ShellStep) -> Iterator[Effect]:
    """The effects of a program whose name begins as those of packet filters do."""
    family = "6" if program.startswith("ip6") else "4"
    kind = program.replace("ip6tables", "iptables").replace("-legacy", "").replace("-nft", "")
    if kind == "iptables-restore":
        yield from _restore(step, family)
    elif kind == "iptables":
        yield from _iptables(step.words[1:], family)
    elif program == "nft":
        yield from _nft(step)
    elif program == "ufw":
        yield from _ufw(step.words[1:])


def _restore(step: ShellStep, family: str) -> Iterator[Effect]:
    given = Options(_unwaited(step.words[1:]), "TMW", ("--table", "--modprobe", "--wait-interval"))
    if given.has("-t", "--test", "-h", "--help", "-V", "--version"):
        return
    what = SETS if given.has("-n", "--noflush") else LOADS
    if given.plain and given.plain[0] not in _STANDARD_INPUT:
        yield Effect(FILTER, given.plain[0] or ANY, what, only=family)
    else:
        yield _by_input(step, what, family)


def _by_input(step: ShellStep, what: str, family: str) -> Effect:
    """The rules that a command reads."""
    if step.reads:
        return Effect(FILTER, step.reads, what, only=family)
    return Effect(FILTER, ANY if step.given is None else "", what, step.given, only=family)


def _iptables(words: Words, family: str) -> Iterator[Effect]:
    table, rest = _of_table(words)
    at = next((place for place, word in enumerate(rest) if _verb(word)), None)
    if at is None or table not in ("filter", None):
        return
    verb, words = _verb(rest[at]), tuple(rest[at + 1 :])
    if verb == "-F":
        chain = next((word for word in words if word is None or not word.startswith("-")), "")
        yield Effect(FILTER, ANY if chain is None else chain, REMOVES, only=family)
        return
    decides = words[1:2] if verb == "-P" else [word for jump, word in zip(words, words[1:]) if jump in _JUMPS]
    untold = table is None or words[:1] == (None,) or None in decides
    text = " ".join((verb, *[_quoted(word) for word in words]))
    yield Effect(FILTER, "", SETS, None if untold else text, only=family)


def _verb(word: str | None) -> str:
    r"""The short form of an option that changes a chain; "" for any other word.

    >>> _verb("--policy"), _verb("-A"), _verb("-j"), _verb("-L")
    ('-P', '-A', '', '')
    """
    return _VERBS.get(word or "", word if word in _VERBS.values() and word is not None else "")


def _of_table(given: Words) -> tuple[str | None, list[str | None]]:
    """The table (None where it cannot be told), and the words without it."""
    table: str | None = "filter"
    rest: list[str | None] = []
    words = list(_unwaited(given))
    while words:
        word = words.pop(0)
        if word in ("-t", "--table"):
            table = words.pop(0) if words else None
        elif word is not None and word.startswith("--table="):
            table = word.partition("=")[2]
        else:
            rest.append(word)
    return table, rest


def _unwaited(words: Words) -> Words:
    """The words without ``-w`` and its seconds, which may be left out (iptables(8)).

    >>> _unwaited(("-w", "/etc/rules")), _unwaited(("-w", "5", "-F"))
    (('/etc/rules',), ('-F',))
    """
    waits = [place for place, word in enumerate(words) if word in ("-w", "--wait")]
    seconds = [place + 1 for place in waits if (words[place + 1 : place + 2] or ("",))[0] in _SECONDS]
    return tuple([word for place, word in enumerate(words) if place not in (*waits, *seconds)])


def _quoted(word: str | None) -> str:
    return ANY if word is None else f'"{word}"' if " " in word else word


def _nft(step: ShellStep) -> Iterator[Effect]:
    given = Options(step.words[1:], "fID", ("--file", "--includepath", "--define"))
    files = given.of("-f", "--file")
    if given.has("-c", "--check"):
        return
    for file in files:
        yield _by_input(step, SETS, NFT) if file in _STANDARD_INPUT else Effect(FILTER, file or ANY, SETS, only=NFT)
    if not files and given.plain and (given.plain[0] or ANY).split(" ")[0] in (*_CHANGING, ANY):
        untold = any(word is None for word in step.words[1:])
        text = " ".join([word or "" for word in step.words[1:]])
        yield Effect(FILTER, "", SETS, None if untold else text, only=NFT)


def _ufw(words: Words) -> Iterator[Effect]:
    plain = [word for word in words if word is not None and not word.startswith("-")]
    if plain[:1] in (["enable"], ["disable"]) and "--dry-run" not in words:
        yield Effect(FILTER, "", LOADS if plain[0] == "enable" else REMOVES, only=UFW)
