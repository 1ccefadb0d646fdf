"""The syntax of shell scripts, for those who read them and do not run them (POSIX.1 2.3, 2.9, 2.10; dash(1)).

:func:`parsed` gives the commands of a script as a tree. What it does not know it refuses, from that line on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nodecheck.record import NamedTuple
from nodecheck.typed import Union

MOST_DEPTH = 24
"""Blocks within blocks."""


class Part(NamedTuple):
    """A piece of a word."""

    kind: str
    """``text``, ``variable``, ``command`` (a substitution) or ``other`` (an expansion that is not followed)."""
    value: str
    quoted: bool = False


class ShellWord(NamedTuple):
    """A word of a command, before anything of it is expanded."""

    parts: tuple[Part, ...]
    line: int

    @property
    def plain(self) -> str:
        """The word, where it is one text without quotes; else ""."""
        return self.parts[0].value if len(self.parts) == 1 and self.parts[0][::2] == ("text", False) else ""


class Redirect(NamedTuple):
    """``> file`` and the like."""

    sign: str
    """``<``, ``>``, ``>>``, ``<<`` (a here document), ``<<<``, ``>&`` …"""
    target: ShellWord
    document: HereDocument | None = None
    """What a here document holds."""


class HereDocument:
    """A here document. Its text follows on later lines than what names it."""

    __slots__ = ("raw", "text")

    def __init__(self) -> None:
        self.text: str | None = None
        """None where something of it is expanded."""
        self.raw: str | None = None
        """As it stands."""


class Simple(NamedTuple):
    """A command with its words."""

    words: tuple[ShellWord, ...]
    redirects: tuple[Redirect, ...]
    line: int


class Pipeline(NamedTuple):
    """Commands with ``|`` between them; one alone too."""

    commands: tuple[Node, ...]
    negated: bool


class AndOr(NamedTuple):
    """Pipelines with ``&&`` and ``||``: the sign before each, "" before the first."""

    parts: tuple[tuple[str, Pipeline], ...]
    background: bool
    line: int


Body = tuple[AndOr, ...]


class If(NamedTuple):
    """``if``, each condition with its body; an ``else`` has no condition."""

    branches: tuple[tuple[Body, Body], ...]
    line: int


class Case(NamedTuple):
    """``case``, each list of patterns with its body."""

    word: ShellWord
    branches: tuple[tuple[tuple[ShellWord, ...], Body], ...]
    line: int


class For(NamedTuple):
    """``for``; without ``in`` the words are None."""

    name: str
    words: tuple[ShellWord, ...] | None
    body: Body
    line: int


class Loop(NamedTuple):
    """``while`` and ``until``."""

    condition: Body
    body: Body
    line: int


class Group(NamedTuple):
    """``{ … }``, and ``( … )``, which is a shell of its own."""

    body: Body
    apart: bool
    redirects: tuple[Redirect, ...]
    line: int


class Function(NamedTuple):
    """A function that is defined here, and not called."""

    name: str
    body: Node
    line: int


Node = Union[Simple, If, Case, For, Loop, Group, Function]


class Unknown(ValueError):
    """What is not followed, and on which 1-based line."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line} is not followed")
        self.line = line


def parsed(source: str) -> Iterator[AndOr]:
    """The commands of a script one by one, as a shell reads them. Raises Unknown where it is not followed further."""
    return _ShellParser(source).script()


def document_word(raw: str) -> ShellWord:
    """The text of a here document as a word in double quotes, which is expanded alike. Raises Unknown."""
    escaped = raw.replace('"', '\\"')
    return _Lexer(f'"{escaped}"').word()


_SIGNS = ("&&", "||", ";;&", ";;", ";&", "&>>", "&>", ";", "|&", "|", "&", "(", ")")
_REDIRECTS = ("<<<", "<<-", "<<", "<>", "<&", ">>", ">&", ">|", "<", ">")
_BLANK = " \t\r"
_ENDS_WORD = " \t\r\n;&|()<>"
_MARKS = str.maketrans(dict.fromkeys(f"{_ENDS_WORD}'\"\\$`", "\0"))
_CLOSING = frozenset(("then", "else", "elif", "fi", "do", "done", "esac", "}", "in"))
_NAME = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789"


class _Token(NamedTuple):
    """A word, a sign (an operator, "\n", "" at the end) or a redirection."""

    sign: str
    word: ShellWord | None
    line: int
    redirect: Redirect | None = None


class _Lexer:
    """Takes a text apart into tokens. Its time grows with the text's length alone."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.marked = source.translate(_MARKS)
        self.at = 0
        self.line = 1
        self.waiting: list[tuple[str, bool, bool, HereDocument]] = []
        """Here documents whose text begins on the next line: delimiter, ``<<-``, quoted, and where it goes."""

    def tokens(self) -> Iterator[_Token]:
        while True:
            self.blanks()
            char = self.source[self.at : self.at + 1]
            line = self.line
            if not char:
                yield _Token("", None, line)
                return
            if char == "\n":
                self.at += 1
                self.line += 1
                self.documents()
                yield _Token("\n", None, line)
            else:
                yield self.token(char, line)

    def token(self, char: str, line: int) -> _Token:
        if char in "<>" or (char.isdigit() and self.redirects()):
            return self.redirect(line)
        if self.source.startswith("((", self.at):
            self.closed("))", self.at + 2)
            return _Token("word", ShellWord((Part("text", "(("),), line), line)
        if char not in ";&|()":
            return _Token("word", self.word(), line)
        sign = next(sign for sign in _SIGNS if self.source.startswith(sign, self.at))
        self.at += len(sign)
        if sign in ("&>", "&>>"):
            self.blanks()
            return _Token("<>", None, line, Redirect(">", self.word()))
        return _Token(sign, None, line)

    def redirects(self) -> bool:
        """Whether the number that begins here is that of a redirection's descriptor, which is passed over."""
        number = self.at
        while self.source[number : number + 1].isdigit():
            number += 1
        if self.source[number : number + 1] not in ("<", ">"):
            return False
        self.at = number
        return True

    def blanks(self) -> None:
        source = self.source
        while True:
            char = source[self.at : self.at + 1]
            if char and char in _BLANK:
                self.at += 1
            elif char == "\\" and source[self.at + 1 : self.at + 2] == "\n":
                self.at += 2
                self.line += 1
            elif char == "#":
                end = source.find("\n", self.at)
                self.at = len(source) if end < 0 else end
            else:
                return

    def redirect(self, line: int) -> _Token:
        sign = next(sign for sign in _REDIRECTS if self.source.startswith(sign, self.at))
        self.at += len(sign)
        self.blanks()
        if self.source[self.at : self.at + 1] == "(":
            raise Unknown(line)  # <( … ) is bash's
        word = self.word()
        if sign in ("<<", "<<-"):
            delimiter = "".join([part.value for part in word.parts])
            document = HereDocument()
            quoted = any(part.quoted for part in word.parts)
            self.waiting.append((delimiter, sign == "<<-", quoted, document))
            return _Token("<>", None, line, Redirect("<<", word, document))
        return _Token("<>", None, line, Redirect(sign, word))

    def documents(self) -> None:
        for delimiter, tabs, quoted, document in self.waiting:
            begin = self.at
            lines: list[str] = []
            while self.at < len(self.source):
                end = self.source.find("\n", self.at)
                end = len(self.source) if end < 0 else end
                line = self.source[self.at : end]
                line = line.lstrip("\t") if tabs else line
                self.at = min(end + 1, len(self.source))
                if line == delimiter:
                    break
                lines.append(line)
            self.line += self.source.count("\n", begin, self.at)
            text = "".join([f"{line}\n" for line in lines])
            document.raw = text
            document.text = text if quoted or not any(mark in text for mark in "$`\\") else None
        self.waiting.clear()

    def word(self) -> ShellWord:
        line = self.line
        parts: list[Part] = []
        source = self.source
        while self.at < len(source):
            char = source[self.at]
            if char in _ENDS_WORD:
                break
            if char == "'":
                parts.append(Part("text", self.until_quote(), quoted=True))
            elif char == '"':
                self.at += 1
                self.double(parts)
            elif char == "\\":
                self.escape(parts)
            elif char in "$`":
                self.expansion(parts, quoted=False)
            else:
                begin = self.at
                self.at = self.until(begin + 1)
                parts.append(Part("text", source[begin : self.at]))
        if not parts:
            raise Unknown(line)
        return ShellWord(tuple(parts), line)

    def escape(self, parts: list[Part]) -> None:
        following = self.source[self.at + 1 : self.at + 2]
        self.at += 2
        if following == "\n":
            self.line += 1
        else:
            parts.append(Part("text", following, quoted=True))

    def until_quote(self) -> str:
        end = self.source.find("'", self.at + 1)
        if end < 0:
            raise Unknown(self.line)
        text = self.source[self.at + 1 : end]
        self.line += text.count("\n")
        self.at = end + 1
        return text

    def double(self, parts: list[Part]) -> None:
        """What stands between double quotes; the first one is behind."""
        started = self.line
        text: list[str] = []
        source = self.source
        while self.at < len(source):
            char = source[self.at]
            if char == '"':
                self.at += 1
                parts.append(Part("text", "".join(text), quoted=True))
                return
            if char == "\\" and source[self.at + 1 : self.at + 2] in ("$", "`", '"', "\\", "\n"):
                text.append(source[self.at + 1].strip("\n"))
                self.line += source[self.at + 1] == "\n"
                self.at += 2
            elif char in "$`":
                parts.append(Part("text", "".join(text), quoted=True))
                text.clear()
                self.expansion(parts, quoted=True)
            else:
                end = self.until(self.at + 1)
                self.line += char == "\n"
                text.append(source[self.at : end])
                self.at = end
        raise Unknown(started)

    def until(self, begin: int) -> int:
        """Where the next character stands that means something to a shell; the end of the text where none does."""
        end = self.marked.find("\0", begin)
        return len(self.source) if end < 0 else end

    def expansion(self, parts: list[Part], quoted: bool) -> None:
        """A ``$`` or a backquote, and what belongs to it."""
        source, begin = self.source, self.at
        following = source[begin + 1 : begin + 2]
        if source[begin] == "`":
            parts.append(Part("command", self.closed("`", begin + 1), quoted))
        elif source.startswith("$((", begin):
            self.closed("))", begin + 3)
            parts.append(Part("other", source[begin : self.at], quoted))
        elif following == "(":
            parts.append(Part("command", self.bracket(begin + 2), quoted))
        elif following == "{":
            inside = self.closed("}", begin + 2)
            parts.append(Part("variable" if _is_name(inside) else "other", inside, quoted))
        elif following and following in "?#@*!-$0123456789":
            self.at += 2
            parts.append(Part("variable", following, quoted))
        else:
            end = begin + 1
            while end < len(source) and source[end] in _NAME:
                end += 1
            self.at = end
            name = source[begin + 1 : end]
            parts.append(Part("variable", name, quoted) if name else Part("text", "$", quoted))

    def closed(self, sign: str, begin: int) -> str:
        end = self.source.find(sign, begin)
        if end < 0:
            raise Unknown(self.line)
        text = self.source[begin:end]
        self.line += text.count("\n")
        self.at = end + len(sign)
        return text

    def bracket(self, begin: int) -> str:
        """The text up to the bracket that closes a substitution; quotes in it may hold brackets."""
        depth, at, source, quote = 1, begin, self.source, ""
        while at < len(source):
            char = source[at]
            if char == "\\":
                at += 1
            elif quote:
                quote = "" if char == quote else quote
            elif char in "'\"":
                quote = char
            else:
                depth += (char == "(") - (char == ")")
                if not depth:
                    break
            at += 1
        if depth:
            raise Unknown(self.line)
        self.line += source.count("\n", begin, at)
        self.at = at + 1
        return source[begin:at]


def _is_name(text: str) -> bool:
    return bool(text) and all(char in _NAME for char in text)


class _ShellParser:
    """Makes a tree of the tokens, one command at a time."""

    def __init__(self, source: str) -> None:
        self.tokens = _Lexer(source).tokens()
        self.held: _Token | None = None
        self.depth = 0

    def script(self) -> Iterator[AndOr]:
        while True:
            self.newlines()
            if self.peek().sign == "":
                return
            yield self.and_or()

    def peek(self) -> _Token:
        if self.held is None:
            self.held = next(self.tokens)
        return self.held

    def take(self) -> _Token:
        token = self.peek()
        self.held = None
        return token

    def newlines(self) -> None:
        while self.peek().sign in ("\n", ";"):
            self.take()

    def is_word(self, *texts: str) -> bool:
        word = self.peek().word
        return word is not None and word.plain in texts

    def expect(self, text: str) -> None:
        token = self.take()
        if (token.word.plain if token.word is not None else token.sign) != text:
            raise Unknown(token.line)

    def body(self, *ends: str) -> Body:
        """Commands up to a word or sign that ends them, which stays."""
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise Unknown(self.peek().line)
        found: list[AndOr] = []
        while True:
            self.newlines()
            token = self.peek()
            if token.sign == "":
                raise Unknown(token.line)
            if self.is_word(*ends) or (token.word is None and token.sign in ends):
                self.depth -= 1
                return tuple(found)
            found.append(self.and_or())

    def and_or(self) -> AndOr:
        line = self.peek().line
        parts = [("", self.pipeline())]
        while self.peek().sign in ("&&", "||"):
            sign = self.take().sign
            self.newlines()
            parts.append((sign, self.pipeline()))
        background = self.peek().sign == "&"
        if background or self.peek().sign == ";":
            self.take()
        elif self.peek().sign not in ("\n", "", ";;", ")", ";&", ";;&"):
            raise Unknown(self.peek().line)
        return AndOr(tuple(parts), background, line)

    def pipeline(self) -> Pipeline:
        negated = False
        while self.is_word("!", "time"):
            negated ^= self.is_word("!")
            timed = self.is_word("time")
            self.take()
            if timed and self.is_word("-p"):
                self.take()
        commands = [self.command()]
        while self.peek().sign in ("|", "|&"):
            self.take()
            self.newlines()
            commands.append(self.command())
        return Pipeline(tuple(commands), negated)

    def command(self) -> Node:
        token = self.peek()
        if token.sign == "(":
            return self.group(")", apart=True)
        word = token.word.plain if token.word is not None else ""
        if word == "{":
            return self.group("}", apart=False)
        reader: dict[str, Callable[[], Node]] = {
            "if": self.of_if,
            "case": self.of_case,
            "for": self.of_for,
            "while": self.loop,
            "until": self.loop,
        }
        if word in reader:
            found = reader[word]()
            self.redirects()
            return found
        if word in ("function", "select", "coproc", "((") or word in _CLOSING:
            return self.function() if word == "function" else self.refused()
        return self.simple()

    def refused(self) -> Node:
        raise Unknown(self.peek().line)

    def group(self, end: str, apart: bool) -> Group:
        line = self.take().line
        body = self.body(end)
        self.expect(end)
        return Group(body, apart, self.redirects(), line)

    def redirects(self) -> tuple[Redirect, ...]:
        found: list[Redirect] = []
        while (redirect := self.peek().redirect) is not None:
            found.append(redirect)
            self.take()
        return tuple(found)

    def of_if(self) -> If:
        line = self.take().line
        branches: list[tuple[Body, Body]] = []
        condition = self.body("then")
        while True:
            self.expect("then")
            branches.append((condition, self.body("elif", "else", "fi")))
            if self.is_word("fi"):
                self.take()
                return If(tuple(branches), line)
            last = self.is_word("else")
            self.take()
            if last:
                branches.append(((), self.body("fi")))
                self.take()
                return If(tuple(branches), line)
            condition = self.body("then")

    def of_case(self) -> Case:
        line = self.take().line
        word = self.take().word
        if word is None:
            raise Unknown(line)
        self.newlines()
        self.expect("in")
        branches: list[tuple[tuple[ShellWord, ...], Body]] = []
        while True:
            self.newlines()
            if self.is_word("esac"):
                self.take()
                return Case(word, tuple(branches), line)
            branches.append((self.patterns(), self.body(";;", ";&", ";;&", "esac")))
            if self.peek().sign == ";;":
                self.take()
            elif not self.is_word("esac"):
                raise Unknown(self.peek().line)

    def patterns(self) -> tuple[ShellWord, ...]:
        if self.peek().sign == "(":
            self.take()
        found: list[ShellWord] = []
        while True:
            token = self.take()
            if token.word is None:
                raise Unknown(token.line)
            found.append(token.word)
            sign = self.take()
            if sign.sign == ")":
                return tuple(found)
            if sign.sign != "|":
                raise Unknown(sign.line)

    def of_for(self) -> For:
        line = self.take().line
        name = self.take().word
        if name is None or not _is_name(name.plain):
            raise Unknown(line)
        words: list[ShellWord] | None = None
        self.newlines()
        if self.is_word("in"):
            self.take()
            words = []
            while (word := self.peek().word) is not None:
                words.append(word)
                self.take()
        self.newlines()
        self.expect("do")
        body = self.body("done")
        self.take()
        return For(name.plain, None if words is None else tuple(words), body, line)

    def loop(self) -> Loop:
        line = self.take().line
        condition = self.body("do")
        self.take()
        body = self.body("done")
        self.take()
        return Loop(condition, body, line)

    def function(self) -> Function:
        """``function NAME { … }``; the brackets behind the name may be there."""
        line = self.take().line
        name = self.take().word
        if name is None:
            raise Unknown(line)
        if self.peek().sign == "(":
            self.take()
            self.expect(")")
        self.newlines()
        return Function(name.plain, self.command(), line)

    def simple(self) -> Node:
        words: list[ShellWord] = []
        redirects: list[Redirect] = []
        line = self.peek().line
        while True:
            token = self.peek()
            if token.word is not None:
                words.append(token.word)
            elif token.redirect is not None:
                redirects.append(token.redirect)
            elif token.sign == "(" and len(words) == 1 and not redirects:
                self.take()
                self.expect(")")
                self.newlines()
                return Function(words[0].plain, self.command(), line)
            else:
                break
            self.take()
        if not words and not redirects:
            raise Unknown(line)
        return Simple(tuple(words), tuple(redirects), line)
