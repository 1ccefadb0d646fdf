"""Words of shell commands: what runs another command, what a shell is told to run, what ``test`` and ``echo`` make."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.formats.shell_syntax import ShellWord

Words = tuple["str | None", ...]
"""The words of a command; None for one that cannot be told."""

SHELLS = ("sh", "bash", "dash", "ash", "ksh")

_CARRIERS: dict[str, tuple[str, ...]] = {
    "builtin": (), "command": (), "nohup": (), "setsid": (), "stdbuf": ("-i", "-o", "-e"), "systemd-cat": ("-t", "-p"),
    "sudo": ("-u", "-g", "-h", "-p", "-C", "-T", "-r", "-t"), "doas": ("-u", "-C"), "env": ("-u", "-C", "-S"),
    "nice": ("-n",), "ionice": ("-c", "-n", "-p"), "timeout": ("-k", "-s"), "chrt": (), "busybox": (), "toybox": (),
    "systemd-run": (
        "-p", "--property", "-u", "--unit", "-E", "--setenv", "--description", "--slice", "--service-type", "--uid",
        "--gid", "--nice", "--working-directory", "--on-active", "--on-boot", "--on-startup", "--on-unit-active",
        "--on-unit-inactive", "--on-calendar", "--timer-property", "--path-property", "--socket-property",
    ),
    "systemd-inhibit": (), "flock": ("-w", "--timeout", "--wait", "-E", "--conflict-exit-code"), "taskset": (),
    "prlimit": (), "setpriv": (), "time": ("-f", "-o"), "strace": ("-e", "-o", "-s", "-p", "-u"), "chroot": (),
    "numactl": (), "choom": ("-n",), "setarch": (), "linux64": (), "start-stop-daemon": (), "logsave": (),
}  # fmt: skip
"""What runs the command behind it, with its options that take a word."""

_WITH_FIRST = ("timeout", "chrt", "flock", "taskset", "chroot", "setarch", "logsave")
"""Of these a word comes before the command: how long, a file, a directory."""

UNTOLD = "\0"
"""What stands for the part of a text that cannot be told."""


def unwrapped(words: Words) -> Words:
    """The command that ``sudo``, ``env`` and their like run.

    >>> unwrapped(("sudo", "-u", "root", "env", "A=1", "/sbin/swapoff", "-a")), unwrapped(("command", "-v", "x"))
    (('/sbin/swapoff', '-a'), ('command', '-v', 'x'))
    """
    while len(words) > 1 and (base := (words[0] or "").rpartition("/")[2]) in _CARRIERS:
        rest = _behind(words[1:], _CARRIERS[base])
        if base in _WITH_FIRST:
            if base == "chroot" and rest[:1] != ("/",):
                return words
            rest = rest[1:]
        if base == "start-stop-daemon":
            rest = _daemon(words[1:])
        if base == "flock" and rest[:1] in (("-c",), ("--command",)):
            rest = ("sh", *rest)
        if not rest or (base == "command" and words[1] in ("-v", "-V")):
            return words
        words = rest
    return words


def _daemon(words: Words) -> Words:
    """What ``start-stop-daemon --start --exec PROGRAM -- WORDS`` runs."""
    if "--stop" in words or "-K" in words:
        return ()
    named = [words[at + 1] for sign in ("-a", "--startas", "-x", "--exec") if sign in words[:-1]
             for at in [words.index(sign)]]  # fmt: skip
    return (named[0], *(words[words.index("--") + 1 :] if "--" in words else ())) if named else ()


def _behind(words: Words, with_word: tuple[str, ...]) -> Words:
    """What follows options and assignments."""
    at = 0
    while at < len(words):
        word = words[at] or ""
        if word == "--":
            return words[at + 1 :]
        if not word.startswith("-") and "=" not in word:
            break
        at += 2 if word in with_word else 1
    return words[at:]


class ShellCall(NamedTuple):
    """What a shell is told to run."""

    text: str | None = None
    """What follows ``-c``."""
    file: str | None = None
    """The script; "" where it cannot be told."""
    arguments: Words = ()
    strict: bool = False
    """``-e``."""


def shell_call(words: Words) -> ShellCall:
    """What ``sh``, ``bash`` and their like are told to run.

    >>> shell_call(("bash", "-xec", "swapoff -a"))[::3], shell_call(("sh", "-x", "/f", "start"))[1:3]
    (('swapoff -a', True), ('/f', ('start',)))
    """
    options = ""
    at = 1
    while at < len(words):
        word = words[at]
        if word is None or word == "--" or word[:1] not in ("-", "+") or word in ("-", "+"):
            break
        options += word[1:] if word[:1] == "-" and word[:2] != "--" else ""
        at += 2 if word in ("-o", "+o", "-O", "+O", "--rcfile", "--init-file") else 1
    if at < len(words) and words[at] == "--":
        at += 1
    strict = "e" in options
    first = words[at] if at < len(words) else None
    if "c" in options:
        return ShellCall(first, None if first is not None else "", words[at + 2 :], strict)
    if at >= len(words):
        return ShellCall(strict=strict)
    return ShellCall(None, first or "", words[at + 1 :], strict)


def printed_text(program: str, words: Words) -> str | None:
    r"""What ``echo`` and ``printf`` print, without the newline at its end; None where it cannot be told.

    >>> printed_text("echo", ("-n", "4", "5")), printed_text("printf", ("%s\\n", "1")), printed_text("echo", (None,))
    ('4 5', '1', None)
    """
    known = [word for word in words if word is not None]
    if len(known) < len(words):
        return None
    if program == "echo":
        while known and known[0] in ("-n", "-e", "-ne", "-en", "-E"):
            known.pop(0)
        return " ".join(known).removesuffix("\\n")
    form = known[0].removesuffix("\\n") if known else ""
    if form in ("%s", "%d") and len(known) == 2:
        return known[1].removesuffix("\\n")
    return form if "%" not in form and "\\" not in form and len(known) == 1 else None


def told_path(
    text: str,
    expanded: Callable[[tuple[ShellWord, ...]], Words],
    folder: str | None,
    real: Callable[[str], str],
) -> str | None:
    """What ``$( … )`` of a script prints about its own path; None where it cannot be told.

    ``dirname WORD``, ``basename WORD``, ``readlink -f WORD``, ``realpath WORD``, ``pwd`` and ``cd WORD && pwd``.
    """
    if not text.lstrip(" ").startswith(("dirname", "basename", "readlink -", "realpath", "pwd", "cd ")):
        return None
    from nodecheck.formats.shell_syntax import Simple, Unknown, parsed

    try:
        nodes = [line.parts for line in parsed(text)]
    except Unknown:
        return None
    simple = (
        [pipeline.commands[0] for _, pipeline in nodes[0] if len(pipeline.commands) == 1] if len(nodes) == 1 else []
    )
    words = [expanded(node.words) for node in simple if isinstance(node, Simple)]
    last = words[-1] if words and len(words) == len(nodes[0]) else ()
    if last[:1] == ("pwd",):
        if len(words) == 2 and words[0][:1] == ("cd",) and "&&" in text:
            folder = words[0][-1]
        return folder if folder and folder.startswith("/") and len(words) < 3 else None
    path = last[-1] if len(words) == 1 and len(last) in (2, 3) else None
    if path is None or not path.startswith("/"):
        return None
    folder, _, base = path.rpartition("/")
    return {"dirname": folder or "/", "basename": base}.get(last[0] or "") or real(path)


FileTest = Callable[[str, str], "bool | None"]


def tested(words: Words, of_file: FileTest) -> bool | None:
    """What ``test`` comes to, its name and ``]`` left out; None where it cannot be told.

    >>> tested(("a", "=", "b"), lambda option, path: None), tested(("!", "-n", ""), lambda option, path: None)
    (False, True)
    """
    if words and words[0] == "!" and len(words) > 1:
        found = tested(words[1:], of_file)
        return None if found is None else not found
    if not words:
        return False
    if len(words) == 1:
        return None if words[0] is None else bool(words[0])
    first, second = words[:2]
    if len(words) == 2:
        return None if first is None or second is None else _of_one(first, second, of_file)
    if len(words) == 3 and first is not None and second is not None and words[2] is not None:
        return _of_two(first, second, words[2])
    return None


def _of_one(option: str, value: str, of_file: FileTest) -> bool | None:
    if option in ("-n", "-z"):
        return bool(value) == (option == "-n")
    return of_file(option, value)


def _of_two(first: str, sign: str, second: str) -> bool | None:
    if sign in ("=", "==", "!="):
        return (first == second) == (sign != "!=")
    compare = {"-eq": 0, "-ne": 0, "-lt": -1, "-gt": 1}
    if sign not in compare or not (_is_number(first) and _is_number(second)):
        return None
    order = (int(first) > int(second)) - (int(first) < int(second))
    return (order == compare[sign]) == (sign != "-ne")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def crude_commands(line: str) -> Iterator[Words]:
    """The words of each command of a line that is not followed: quotes are blanks, a comment ends it.

    >>> list(crude_commands("for f in x; do sysctl -w a=1; done # y"))
    [('for', 'f', 'in', 'x'), ('sysctl', '-w', 'a=1')]
    """
    spaced = line.replace('"', " ").replace("'", " ").replace("\t", " ")
    for separator in ("&&", "||", ";", "|", "(", ")", "`"):
        spaced = spaced.replace(separator, " ; ")
    words: list[str] = []
    for word in (*spaced.split(" "), ";"):
        if word == ";" or word.startswith("#"):
            if words:
                yield tuple([None if "$" in found else found for found in words])
            words = []
            if word.startswith("#"):
                return
        elif word and (words or word not in _KEYWORDS):
            words.append(word)


_KEYWORDS = ("do", "done", "then", "else", "elif", "fi", "if", "while", "until", "{", "}", "!", "time", "coproc")
"""What stands before a command and is none."""
