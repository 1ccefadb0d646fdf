r"""Which commands a shell script runs, for those who do not run it.

This is no interpreter of shell. It knows simple commands, ``&&``, ``||``, ``;``, pipes, literal variables, ``if`` and
``case`` on literals and on files, ``for`` over literal words, and functions that are called by name. What it cannot
decide it gives as undecided, and after what it does not know the rest too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase

from nodecheck.formats.shell_calls import (
    SHELLS,
    UNTOLD,
    Words,
    crude_commands,
    printed_text,
    shell_call,
    tested,
    told_path,
    unwrapped,
)
from nodecheck.formats.shell_syntax import (
    AndOr,
    Body,
    Case,
    For,
    Function,
    Group,
    If,
    Loop,
    Node,
    Part,
    Pipeline,
    Redirect,
    ShellWord,
    Simple,
    Unknown,
    document_word,
    parsed,
)
from nodecheck.record import NamedTuple

MOST_STEPS = 4096
"""Commands of one script that are followed, each turn of a loop counted."""
MOST_CALLS = 16
"""Functions within functions, and shells within shells."""
MOST_TURNS = 64
"""Words of a ``for`` that are gone through."""


class ShellStep(NamedTuple):
    """One command that a script runs, or may run."""

    words: Words
    """The words, variables put in; None for one that cannot be told. What runs another command (``sudo``) is left
    out."""
    line: int
    """1-based."""
    reason: str = ""
    """Why nobody can tell whether it runs; "" where it does."""
    given: str | None = None
    """The text that it reads, where that can be told: of ``echo 1 |``, or of a here document."""
    reads: str | None = None
    """The file that it reads (``< file``)."""
    writes: tuple[str, ...] = ()
    """The files that it writes (``> file``)."""
    folder: str = ""
    """The directory that it runs in, where a ``cd`` says so."""
    ends: bool = False
    """Whether its failure ends the script (``set -e``)."""
    variables: Mapping[str, str | None] = {}
    """The variables as it runs, for a script that it calls."""
    shape: str = ""
    """The program, or the script that a shell is to read, where it cannot be told: with ``UNTOLD`` for what is not
    known of it."""


class ShellSurroundings:
    """What a script may ask about the node. This one knows nothing of it."""

    def has(self, program: str) -> bool:
        """Whether a program is there."""
        return True

    def test(self, option: str, path: str) -> bool | None:
        """What ``test -e PATH`` and the like come to; None where nobody can tell."""
        return None

    def matching(self, pattern: str) -> tuple[str, ...] | None:
        """The paths that a pattern stands for; None where nobody can tell."""
        return None

    def module(self, name: str) -> bool | None:
        """Whether the kernel has a module; None where nobody can tell."""
        return None

    def real(self, path: str) -> str:
        """A path without the links on its way."""
        return path


OK, FAILS, COUNTS, ASKS, OPEN = "ok", "fails", "counts", "asks", "open"
"""What a command comes to: success, failure, success as far as anybody can tell, a question whether a module is there
(either answer leads to it), and nobody can tell."""

_WENT_WELL = (OK, COUNTS, ASKS)


class _Exit(Exception):
    """The script ends."""


class _Return(Exception):
    """A function ends."""


class _Break(Exception):
    """A loop ends."""


class _Continue(Exception):
    """A turn of a loop ends."""


def steps_of(
    source: str,
    arguments: Words = (),
    variables: Mapping[str, str | None] | None = None,
    strict: bool = False,
    node: ShellSurroundings | None = None,
    triggers: tuple[str, ...] = (),
) -> tuple[ShellStep, ...]:
    r"""The commands of a script in their order.

    ``strict`` is ``sh -e``. ``triggers`` are words by which lines are found behind what is not followed.

    >>> [(step.words, step.reason) for step in steps_of("F=/s\nswapon $F\nexit 0\nswapoff -a\n")]
    [(('swapon', '/s'), '')]
    >>> [step.reason for step in steps_of("if ping -c1 x; then\n swapoff -a\nfi\n") if step.words[0] == "swapoff"]
    ['line 1 decides it']
    """
    first = source.partition("\n")[0]
    options = first[2:].split(" ")[1:] if first.startswith("#!") else []
    walk = _ScriptWalk(
        node or ShellSurroundings(), arguments, dict(variables or {}), strict or ends_on_failure(options)
    )
    walk.script(source, triggers)
    return tuple(walk.steps)


def ends_on_failure(options: list[str]) -> bool:
    """Whether options of a shell, or of its ``set``, have ``-e``."""
    return "errexit" in options or any(word[:1] == "-" and word[:2] != "--" and "e" in word for word in options)


class _ScriptWalk:
    """One run through a script."""

    def __init__(
        self, node: ShellSurroundings, arguments: Words, variables: dict[str, str | None], strict: bool
    ) -> None:
        self.node = node
        self.arguments: Words = arguments
        self.variables = variables
        self.strict = strict
        self.functions: dict[str, Node] = {}
        self.steps: list[ShellStep] = []
        self.folder: str | None = ""
        self.last = OK
        self.open = ""
        """Why nobody can tell whether the command at hand runs."""
        self.open_for_good = ""
        """The same of all that follows."""
        self.skipping = False
        """Something may have left a turn of a loop."""
        self.listed = False
        """Others of a list depend on the command at hand."""
        self.sourced = False
        """Another file may have defined functions."""
        self.supposed = False
        """It runs only if a command fails that counts as succeeding."""
        self.asked = 0
        """Conditions that the command at hand stands in: there a failure ends nothing."""
        self.calls = 0
        self.given: str | None = None
        self.shapes: tuple[str, ...] = ()
        """The words of the command at hand, with ``UNTOLD`` in them for what cannot be told."""
        self.aliases: dict[str, str] = {}
        self.line = 0

    def script(self, source: str, triggers: tuple[str, ...]) -> None:
        """Follow a text to its end; lines with a trigger that follow what is not known are undecided."""
        line = 1
        commands = parsed(source)
        try:
            for command in commands:
                line = command.line
                self.and_or(command)
        except Unknown as error:
            self.rest(source, max(error.line if error.line >= line else line, 1), triggers)
        except (_Exit, _Return, _Break, _Continue):
            pass
        except RecursionError:
            self.rest(source, line, triggers)

    def rest(self, source: str, line: int, triggers: tuple[str, ...]) -> None:
        """The lines that are not followed, as far as they matter."""
        reason = f"what is in line {line} is not followed"
        for number, text in enumerate(source.split("\n"), 1):
            if number >= line and not text.lstrip(" \t").startswith("#") and any(word in text for word in triggers):
                for words in crude_commands(text):
                    self.steps.append(ShellStep(words, number, reason))

    def body(self, body: Body) -> str:
        status = OK
        for command in body:
            status = self.and_or(command)
        return status

    def and_or(self, node: AndOr) -> str:
        status = OK
        last = len(node.parts) - 1
        self.listed = last > 0
        ran_last = True
        for place, (sign, pipeline) in enumerate(node.parts):
            guarded = place < last or pipeline.negated or node.background
            status, ran_last = self.part(sign, status, pipeline, guarded)
        if node.background:
            status = OK
        self.last = status
        if self.strict and not self.asked and ran_last and not node.parts[last][1].negated:
            self.after_failure(status, node.line)
        return status

    def part(self, sign: str, before: str, pipeline: Pipeline, guarded: bool) -> tuple[str, bool]:
        """One pipeline of a list: what the list comes to with it, and whether it was run."""
        self.asked += guarded
        try:
            if not sign or (sign == "&&" and before in _WENT_WELL) or (sign == "||" and before in (FAILS, ASKS)):
                return self.pipeline(pipeline), True
            if (sign == "&&" and before == FAILS) or (sign == "||" and before == OK):
                return before, False
            status = self.perhaps(lambda: self.pipeline(pipeline), self.reason(pipeline), supposed=before == COUNTS)
            if before == COUNTS or (sign == "||" and status == OK):
                return before if before == COUNTS else OK, False
            return OPEN, True
        finally:
            self.asked -= guarded

    def reason(self, node: Pipeline) -> str:
        return f"line {_line_of(node.commands[0])} decides it"

    def after_failure(self, status: str, line: int) -> None:
        """What ``set -e`` makes of a failure."""
        if status == FAILS:
            self.leave(line, _Exit())
        elif status == OPEN and not self.supposed:
            reason = f"a failure in line {line} ends the script"
            self.open_for_good = self.open_for_good or (reason if self.open else "")
            self.open = self.open or reason

    def leave(self, line: int, way: Exception) -> None:
        """The script or a function ends here; where it is not told whether, the rest is undecided."""
        if self.supposed:
            return
        if not self.open:
            raise way
        self.open_for_good = self.open_for_good or f"line {line} may end it before"

    def perhaps(self, action: Callable[[], str], reason: str, supposed: bool = False) -> str:
        """Do what may be done. What is set there is not known afterwards."""
        held = self.open, self.supposed, dict(self.variables), self.folder, self.strict
        self.open, self.supposed = self.open or reason, self.supposed or supposed
        ended = self.open_for_good
        try:
            status = action()
        finally:
            after = self.variables
            self.open, self.supposed, self.variables, folder, self.strict = held
            for name in after:
                if after[name] != self.variables.get(name, ""):
                    self.variables[name] = None
            self.folder = folder if folder == self.folder else None
        if self.open_for_good != ended:
            self.open = self.open or self.open_for_good
        return status

    def pipeline(self, node: Pipeline) -> str:
        status = OK
        given: str | None = None
        asks = False
        for place, command in enumerate(node.commands):
            self.given, printed = given, self.printed(command)
            self.asked += place + 1 < len(node.commands)
            status = self.node_of(command) if len(node.commands) == 1 else self.apart(command)
            self.asked -= place + 1 < len(node.commands)
            asks = asks or status == ASKS
            given = printed
        self.given = None
        if asks:
            return ASKS
        return {OK: FAILS, FAILS: OK}.get(status, OPEN) if node.negated else status

    def apart(self, node: Node) -> str:
        """A command in a shell of its own: what it sets is gone with it, and its end ends no more."""
        held = dict(self.variables), self.folder, self.arguments, self.functions.copy(), self.strict
        try:
            return self.node_of(node)
        except _Exit:
            return OPEN
        finally:
            self.variables, self.folder, self.arguments, self.functions, self.strict = held

    def node_of(self, node: Node) -> str:
        if isinstance(node, Simple):
            return self.simple(node)
        if isinstance(node, Group):
            inside = node._replace(apart=False)
            return self.apart(inside) if node.apart else self.body(node.body)
        if isinstance(node, Function):
            self.functions[node.name] = node.body
            return OK
        if isinstance(node, If):
            return self.of_if(node)
        if isinstance(node, Case):
            return self.of_case(node)
        if isinstance(node, For):
            return self.of_for(node)
        return self.loop(node)

    def of_if(self, node: If) -> str:
        reason = f"line {node.line} decides it"
        decided = True
        for condition, body in node.branches:
            status = self.condition(condition, reason if not decided else "")
            if decided and status in (OK, ASKS):
                return self.body(body)
            if status == FAILS:
                continue
            decided = False
            self.perhaps(lambda body=body: self.body(body), reason)  # type: ignore[misc]
            if status in (OK, ASKS):
                return OPEN
        return OK if decided else OPEN

    def condition(self, body: Body, reason: str) -> str:
        self.asked += 1
        try:
            return self.perhaps(lambda: self.body(body), reason) if reason else self.body(body)
        finally:
            self.asked -= 1

    def of_case(self, node: Case) -> str:
        reason = f"line {node.line} decides it"
        value = self.one(node.word)
        decided = value is not None
        for patterns, body in node.branches:
            known = [self.one(pattern) for pattern in patterns]
            if value is not None and decided and any(p is not None and fnmatchcase(value, p) for p in known):
                return self.body(body)
            if value is None or None in known:
                decided = False
            if not decided:
                self.perhaps(lambda body=body: self.body(body), reason)  # type: ignore[misc]
        return OK if decided else OPEN

    def of_for(self, node: For) -> str:
        words = self.arguments if node.words is None else self.expanded(node.words)
        held = self.open, self.open_for_good
        for word in words[:MOST_TURNS]:
            self.variables[node.name] = word
            try:
                self.body(node.body)
            except _Break:
                break
            except _Continue:
                continue
        if len(words) > MOST_TURNS:
            raise Unknown(node.line)
        if self.skipping:  # what may leave a turn says nothing of what follows the loop
            self.skipping = False
            self.open, self.open_for_good = held
        return COUNTS

    def loop(self, node: Loop) -> str:
        """Whether the body runs, and whether the loop ends, cannot be told."""
        self.condition(node.condition, "")
        self.perhaps(lambda: self.body(node.body), f"line {node.line} decides it")
        self.open = self.open or f"the loop in line {node.line} may not end"
        return OPEN

    def simple(self, node: Simple) -> str:
        given, self.given = self.given, None
        self.line = node.line
        words = list(node.words)
        while words and (name := _assigned(words[0])):
            value = ShellWord(_value(words[0]), node.line)
            self.variables[name] = self.one(value) if value.parts else ""
            words.pop(0)
        if not words:
            return OPEN if any(part.kind == "command" for word in node.words for part in word.parts) else OK
        if self.aliases and words[0].plain in self.aliases:
            text = " ".join((self.aliases[words[0].plain], *map(self.shape, words[1:])))
            self.perhaps(lambda: self.text(text), "whether the shell puts in aliases is not known")
            return OPEN
        return self.command(unwrapped(tuple(self.expanded(words))), node, given)

    def command(self, words: Words, node: Simple, given: str | None) -> str:
        name = words[0] if words else None
        if name is None:
            self.add(words, node, given)
            return OPEN
        if name in self.functions:
            return self.call(self.functions[name], words[1:])
        if name == "process" and self.sourced and len(words) > 1 and words[1] in self.functions:
            return self.call(self.functions[words[1]], words[2:])  # of TuneD's functions, which its scripts read
        builtin = _BUILTINS.get(name)
        if builtin is not None:
            return builtin(self, words, node)
        return self.program(name, words, node, given)

    def program(self, name: str, words: Words, node: Simple, given: str | None) -> str:
        base = name.rpartition("/")[2]
        if base in SHELLS and self.inner(words, node, given):
            return COUNTS
        if base in _CARRYING:
            self.carried(words, node)
            return OPEN
        self.add(words, node, given)
        return self.status(base, name, words)

    def carried(self, words: Words, node: Simple) -> None:
        """What ``xargs`` and its like run is not followed, as long as it is nothing that matters."""
        for at, word in enumerate(words[1:], 1):
            if word is not None and word.rpartition("/")[2] in _INNER:
                held, self.open = self.open, self.open or f"what line {node.line} runs is not followed"
                self.add((*words[at:], None), node, None)
                self.open = held
                return
            if word is not None and words[at - 1] in ("-c", "--command"):
                self.substitution(word)

    def status(self, base: str, name: str, words: Words) -> str:
        """What a program comes to; one that is there counts as succeeding, unless it is there to answer."""
        if base in ("true", ":"):
            return OK
        if base == "false":
            return FAILS
        if base == "swapon" and self.refused(words[1:]):
            return FAILS
        if base == "modprobe" and (self.strict or self.listed) and (missing := self.missing(words[1:])):
            return missing
        if base in ("modinfo", "lsmod") or (base == "grep" and "/proc/modules" in words):
            return ASKS
        if (self.strict or self.asked or self.listed) and not self.node.has(name):
            return COUNTS if self.sourced else FAILS
        return OPEN if base in _ANSWERS or (base == "systemctl" and bool(words[1:]) and _asks(words[1])) else COUNTS

    def refused(self, names: Words) -> bool:
        """Whether ``swapon`` is given a file that is not there."""
        plain = [name for name in names if name is not None and name.startswith("/")]
        return len(plain) == len(names) and any(self.node.test("-e", name) is False for name in plain)

    def missing(self, words: Words) -> str:
        """What ``modprobe`` comes to of modules that are not there for any kernel, or not for each; "" of others."""
        if any(word is None or word.startswith(("-r", "--r", "-n", "--d", "-V", "-h", "-c")) for word in words):
            return ""
        every = any(word in ("-a", "--all") or (word or "")[1:2] == "a" for word in words)
        names = [word for word in words if word and not word.startswith("-")]
        found = [self.node.module(name) for name in (names if every else names[:1])]
        return FAILS if False in found else ""

    def add(self, words: Words, node: Simple, given: str | None) -> None:
        if len(self.steps) >= MOST_STEPS:
            raise Unknown(node.line)
        reads, text = self.input(node.redirects)
        reason = self.open or ("" if self.folder is not None else "its directory is not known")
        outputs = [redirect for redirect in node.redirects if redirect.sign in (">", ">>", ">|")]
        writes = [self.one(redirect.target) or "" for redirect in outputs]
        ends = self.strict and not self.asked
        given = _known(text if text is not None else given)
        step = ShellStep(words, node.line, reason, given, reads, tuple(writes), self.folder or "", ends)
        self.steps.append(step._replace(variables=dict(self.variables), shape=self.script_shape(words)))

    def script_shape(self, words: Words) -> str:
        """What is known of a program that cannot be told, or of the script that a shell is told to read."""
        shapes = self.shapes[-len(words) :] if words and None in words else ()
        if len(shapes) < len(words) or not shapes:
            return ""
        base = (words[0] or "").rpartition("/")[2]
        if words[0] is None or base in (".", "source"):
            return next((shape for shape in shapes[:2] if UNTOLD in shape), "")
        called = shell_call(shapes).file if base in SHELLS else None
        return called if called is not None and UNTOLD in called else ""

    def input(self, redirects: tuple[Redirect, ...]) -> tuple[str | None, str | None]:
        """The file that a command reads, and the text that it is given."""
        reads = text = None
        for redirect in redirects:
            if redirect.sign == "<":
                reads = self.one(redirect.target)
            elif redirect.sign == "<<" and redirect.document is not None:
                text = self.document(redirect)
            elif redirect.sign == "<<<":
                text = self.shape(redirect.target)
        return reads, text

    def document(self, redirect: Redirect) -> str | None:
        """The text of a here document, variables put in."""
        document = redirect.document
        if document is None or document.text is not None or document.raw is None:
            return None if document is None else document.text
        try:
            return self.shape(document_word(document.raw))
        except Unknown:
            return UNTOLD

    def call(self, body: Node, arguments: Words) -> str:
        self.calls += 1
        held, self.arguments = self.arguments, arguments
        try:
            if self.calls > MOST_CALLS:
                raise Unknown(_line_of(body))
            return self.node_of(body)
        except _Return:
            return COUNTS
        finally:
            self.calls -= 1
            self.arguments = held

    def inner(self, words: Words, node: Simple, given: str | None) -> bool:
        """``sh -c TEXT``, and a shell that reads its commands: followed like a script."""
        found = shell_call(self.shapes[-len(words) :])
        reads, text = self.input(node.redirects)
        given = text if text is not None else given
        if found.text is None and (found.file is not None or reads is not None or given is None):
            return False
        inner = _ScriptWalk(self.node, (), dict(self.variables), found.strict)
        inner.calls, inner.open, inner.folder = self.calls + 1, self.open, self.folder
        inner.arguments = found.arguments
        if inner.calls > MOST_CALLS:
            raise Unknown(node.line)
        source = found.text if found.text is not None else given or ""
        if UNTOLD in source:
            inner.open = inner.open or _IN_PART
        inner.script(source.replace(UNTOLD, _UNKNOWN), _INNER)
        self.steps.extend([step._replace(line=node.line) for step in inner.steps])
        return True

    def printed(self, node: Node) -> str | None:
        """What ``echo`` and ``printf`` print, where that can be told."""
        if not isinstance(node, Simple) or not node.words or node.words[0].plain not in ("echo", "printf", "cat"):
            return None
        if any(part.kind == "command" for word in node.words for part in word.parts):
            return None
        if node.words[0].plain == "cat":
            return self.input(node.redirects)[1] if len(node.words) == 1 else None
        self.expanded(node.words[1:])
        return printed_text(node.words[0].plain, self.shapes)

    def one(self, word: ShellWord) -> str | None:
        """A word as one text; None where it cannot be told."""
        return _known(self.shape(word))

    def shape(self, word: ShellWord) -> str:
        """A word as one text, with ``UNTOLD`` for what cannot be told of it."""
        values = [self.part_value(part.kind, part.value) for part in word.parts]
        return "".join([UNTOLD if value is None else value for value in values])

    def part_value(self, kind: str, value: str) -> str | None:
        if kind == "text":
            return value
        if kind == "variable":
            return self.variable(value)
        if kind == "other":
            return self.default(value)
        self.substitution(value)
        path = told_path(value, self.apart_expanded, self.folder, self.node.real)
        if path is not None:
            return path
        asked = value.split()
        if len(asked) == 2 and asked[0] == "which":
            asked.insert(1, "-v")
        named = len(asked) == 3 and asked[:2] in (["command", "-v"], ["which", "-v"], ["type", "-p"])
        return asked[2] if named and _is_name(asked[2]) and self.node.has(asked[2]) else None

    def apart_expanded(self, words: tuple[ShellWord, ...]) -> Words:
        """The words of a command in ``$( … )``."""
        held = self.shapes
        found = self.expanded(words)
        self.shapes = held
        return found

    def variable(self, name: str) -> str | None:
        if name.isdigit() and name != "0":
            place = int(name) - 1
            return self.arguments[place] if place < len(self.arguments) else ""
        if name == "?":
            return {OK: "0", ASKS: "0", FAILS: "1"}.get(self.last)
        if name == "#":
            return str(len(self.arguments))
        if name in ("@", "*"):
            words = [word for word in self.arguments if word is not None]
            return " ".join(words) if len(words) == len(self.arguments) else None
        return self.variables.get(name)

    def default(self, inside: str) -> str | None:
        """``${NAME:-VALUE}`` with a plain value, of what is known to be set or not; and a part of a path."""
        if inside.endswith(("%/*", "##*/")):
            known = self.variable(inside.removesuffix("%/*").removesuffix("##*/").partition("[0]")[0])
            return None if known is None else known.rpartition("/")[0 if inside.endswith("%/*") else 2]
        if inside == "BASH_SOURCE[0]":
            return self.variable("BASH_SOURCE")
        name, sign, value = inside.partition(":-")
        if not sign or any(mark in value for mark in "$`{}"):
            return None
        known = self.variable(name) if name.isdigit() or name in self.variables else None
        return known if known is None else known or value

    def substitution(self, text: str) -> None:
        """The commands of ``$( … )`` run too; what they print is not known."""
        if self.calls >= MOST_CALLS:
            raise Unknown(0)
        inner = _ScriptWalk(self.node, (), dict(self.variables), strict=False)
        inner.calls, inner.open, inner.folder = self.calls + 1, self.open, self.folder
        inner.arguments = self.arguments
        inner.functions = self.functions
        inner.script(text.replace(UNTOLD, _UNKNOWN), _INNER)
        line = self.line
        self.steps.extend([step._replace(line=line) for step in inner.steps] if line else inner.steps)

    def text(self, text: str) -> str:
        """A text that the shell runs as if it stood here; part of it may not be known."""
        held = self.open
        if UNTOLD in text:
            self.open = self.open or _IN_PART
        self.substitution(text)
        self.open = held
        return OPEN

    def expanded(self, words: tuple[ShellWord, ...] | list[ShellWord]) -> Words:
        """The words with variables put in and, outside of quotes, taken apart at blanks."""
        self.shapes = shapes = tuple([text for word in words for text in self.split(word)])
        return tuple([_known(shape) for shape in shapes])

    def split(self, word: ShellWord) -> Iterator[str]:
        if len(word.parts) == 1 and word.parts[0].kind != "text" and not word.parts[0].quoted:
            yield from self.shape(word).split()
            return
        if len(word.parts) == 3 and word.parts[1][:2] == ("variable", "@"):
            yield from [UNTOLD if argument is None else argument for argument in self.arguments]
            return
        value = self.shape(word)
        marked = any(mark in part.value for part in word.parts if not part.quoted for mark in "*?[{")
        if UNTOLD in value or not marked or value in ("[", "[[", "{", "*"):
            yield value
        else:
            yield from self.node.matching(value) or (value.translate(_MARKED),)


def _known(shape: str | None) -> str | None:
    """A text of which everything is known."""
    return None if shape is None or UNTOLD in shape else shape


_MARKED = str.maketrans(dict.fromkeys("*?[]{}", UNTOLD))
_UNKNOWN = "$-"
"""A variable of which this walk never knows the value."""
_IN_PART = "a part of what the shell is told to run is not known"


def _line_of(node: Node) -> int:
    return node.line


_INNER = ("sysctl", "/proc/sys", "modprobe", "swapon", "swapoff", "hostname", "iptables", "ip6tables", "nft")
_CARRYING = (
    "xargs", "parallel", "su", "runuser", "find", "watch", "script", "chroot", "unshare", "nsenter", "runcon",
    "cgexec", "parallel", "chpst", "softlimit", "setuidgid", "faketime", "fakeroot", "ltrace", "gdb",
)  # fmt: skip
_ANSWERS = (
    "[", "test", "[[", "((", "grep", "egrep", "fgrep", "pgrep", "pidof", "which", "type", "command", "cmp", "diff",
    "mountpoint", "expr", "let", "ping", "curl", "wget", "nc", "host", "dig", "getent", "id", "blkid", "findmnt",
    "flock", "kill", "systemd-detect-virt", "ischroot", "timeout", "ssh", "read",
)  # fmt: skip
"""Programs that fail where the answer is no."""


def _asks(word: str | None) -> bool:
    return word is None or word.startswith("is-")


def _assigned(word: ShellWord) -> str:
    """The name in ``NAME=value``; "" for another word."""
    first = word.parts[0]
    name, equals, _ = first.value.partition("=")
    if first.kind != "text" or first.quoted or not equals or not name.replace("_", "a").isalnum() or name[0].isdigit():
        return ""
    return name if name.isascii() else ""


def _value(word: ShellWord) -> tuple[Part, ...]:
    first = word.parts[0]
    return (first._replace(value=first.value.partition("=")[2]), *word.parts[1:])


Builtin = Callable[["_ScriptWalk", Words, Simple], str]


def _exit(walk: _ScriptWalk, words: Words, node: Simple) -> str:
    walk.leave(node.line, _Exit())
    return OK


def _return(walk: _ScriptWalk, words: Words, node: Simple) -> str:
    walk.leave(node.line, _Return())
    return OK


def _skip(walk: _ScriptWalk, words: Words, node: Simple) -> str:
    walk.skipping = bool(walk.open)
    walk.leave(node.line, _Break() if words[0] == "break" else _Continue())
    return OK


def _cd(walk: _ScriptWalk, words: Words, node: Simple) -> str:
    folder = words[1] if len(words) == 2 else None
    if folder is not None and not folder.startswith("/"):
        folder = f"{walk.folder}/{folder}" if walk.folder and folder[:1] not in ("-", "") else None
    walk.folder = folder
    return COUNTS


def _set(walk: _ScriptWalk, words: Words, node: Simple) -> str:
    plain = [word or "" for word in words[1:]]
    walk.strict = ends_on_failure(plain) or (walk.strict and not any(word[:1] == "+" and "e" in word for word in plain))
    if "--" in plain:
        walk.arguments = words[plain.index("--") + 2 :]
    return OK


def _shift(walk: _ScriptWalk, words: Words, node: Simple) -> str:
    walk.arguments = walk.arguments[1:]
    return OK


def _declare(walk: _ScriptWalk, words: Words, node: Simple) -> str:
    for word in words[1:]:
        name, equals, value = (word or "").partition("=")
        if equals:
            walk.variables[name] = value
    for written in node.words[1:]:
        if (name := _assigned(written)) and walk.one(written) is None:
            walk.variables[name] = None
    return OK


def _forget(walk: _ScriptWalk, words: Words, node: Simple) -> str:
    for word in words[1:]:
        walk.variables[word or ""] = None if words[0] == "read" else ""
    return OPEN if words[0] == "read" else OK


def _exec(walk: _ScriptWalk, words: Words, node: Simple) -> str:
    if len(words) < 2:
        return OK
    status = walk.command(unwrapped(words[1:]), node, None)
    walk.leave(node.line, _Exit())
    return status


def _source(walk: _ScriptWalk, words: Words, node: Simple) -> str:
    """``. FILE`` may set any variable; the distributions' files of functions set none that scripts lean on."""
    path = words[1] if len(words) > 1 else None
    walk.add(words, node, None)
    walk.sourced = True
    if path is None or path.rpartition("/")[2] not in _FUNCTIONS:
        walk.variables = dict.fromkeys(walk.variables)
    return COUNTS


_FUNCTIONS = ("init-functions", "functions", "rc.status", "functions.sh")


def _test(walk: _ScriptWalk, words: Words, node: Simple) -> str:
    inside = words[1:-1] if words[0] in ("[", "[[") else words[1:]
    if any(word is not None and word.startswith("/sys/module/") for word in inside):
        return ASKS
    found = tested(inside, walk.node.test)
    return OPEN if found is None else OK if found else FAILS


def _nothing(walk: _ScriptWalk, words: Words, node: Simple) -> str:
    return OK


def _is_name(word: str) -> bool:
    return word.translate(dict.fromkeys(map(ord, "./+-_"))).isalnum()


def _trap(walk: _ScriptWalk, words: Words, node: Simple) -> str:
    text = words[1] if len(words) > 2 else None
    if text and text != "-":

        def trapped() -> str:
            walk.substitution(text)
            return OPEN

        walk.perhaps(trapped, f"whether the signal of the trap in line {node.line} comes is not known")
    return OK


def _eval(walk: _ScriptWalk, words: Words, node: Simple) -> str:
    walk.text(" ".join(walk.shapes[1 - len(words) :] if len(words) > 1 else ()))
    walk.variables = dict.fromkeys(walk.variables)
    return OPEN


def _alias(walk: _ScriptWalk, words: Words, node: Simple) -> str:
    for shape in walk.shapes[1 - len(words) :] if len(words) > 1 else ():
        name, equals, text = shape.partition("=")
        if equals:
            walk.aliases[name] = text
    return OK


_BUILTINS: dict[str, Builtin] = {
    "exit": _exit, "return": _return, "break": _skip, "continue": _skip, "cd": _cd, "set": _set, "shift": _shift,
    "export": _declare, "local": _declare, "readonly": _declare, "declare": _declare, "typeset": _declare,
    "unset": _forget, "read": _forget, "exec": _exec, ".": _source, "source": _source, "[": _test, "test": _test,
    "[[": _test, "trap": _trap, "umask": _nothing, "wait": _nothing, "alias": _alias, "hash": _nothing,
    "ulimit": _nothing, "eval": _eval,
}  # fmt: skip
