"""What a secret looks like in a node's files: keys, forms, and where a value ends.

Each pattern is tried at a place once, and looks no further than its word or line: time is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from functools import lru_cache

from nodecheck.model.secret_commands import by_command, holds_any
from nodecheck.model.secret_keys import BEGIN, by_key, is_secret_key
from nodecheck.model.secret_pairs import Pair, begun, beside, ended
from nodecheck.text import MASK
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.model.secret_lines import Searched


def without_secrets(text: str, may_hold: Callable[[str], bool], words: Callable[[], Searched]) -> str:
    """The text with ``~secret~`` for each secret; ``may_hold`` tells of which lines it is worth to look closely, by
    these words among others."""
    text = _pem(text) if "PRIVATE KEY" in text else text
    if "\n" not in text:
        return _lines(text, (0,), may_hold)
    from nodecheck.model.secret_lines import Likely
    from nodecheck.model.secret_quotes import may_go_on, over_lines

    likely = Likely(text, words())
    if may_go_on(text, likely.keys):
        found = over_lines(text)
        if found != text:
            text, likely = found, Likely(found, words())
    return _lines(text, likely.numbers(), may_hold)


# Each pattern is compiled when the first text asks for it: a healthy node's run needs none.


@lru_cache(maxsize=1)
def _bootstrap() -> re.Pattern[str]:
    return re.compile(r"\.(?<=[a-z0-9]{6}\.)(?<![a-z0-9_.-][a-z0-9]{6}\.)[a-z0-9]{16}(?![\w-]|\.\w)")


@lru_cache(maxsize=1)
def _hash() -> re.Pattern[str]:
    kinds = r"1|2[abxy]?|5|6|7|y|gy|md5|sha1|apr1|scrypt|argon2[a-z]*|pbkdf2[a-z0-9-]*"
    return re.compile(rf"\$(?:{kinds})\$[./A-Za-z0-9,=+$-]+")


_OWN_FORMS = ("eyJ", "K10", "grub.pbkdf2.", "LS0t", "H4sI", "gh", "glpat-", "dckr_pat_", "microk8s join ")
"""Of which one stands in a line with a secret that :func:`_own_form` finds."""


@lru_cache(maxsize=1)
def _own_form() -> re.Pattern[str]:
    base64 = r"\bLS0tLS1CRUdJTi(?!BDRVJUSUZ|BQVUJMSUM|BUUlVTVE|BYNTA5|BSU0EgUFVC)[\w+/=]{6,}|\bH4sI[\w+/=-]{40,}"
    vendors = r"\b(?:gh[pousr]_\w{36}|github_pat_\w{22}|glpat-[\w-]{20}|dckr_pat_[\w-]{20})[\w-]*"
    known = r"\beyJ[\w-]{12,}(?:\.[\w-]*){0,4}|\bK10[0-9a-fA-F]{32,}(?:::[^\s'\"]*)?|\bgrub\.pbkdf2\.[\w.]+"
    return re.compile(rf"{known}|{base64}|{vendors}|(?<=microk8s join )[^\s/]{{1,100}}/[\w/]{{16,}}")


@lru_cache(maxsize=1)
def _unlike_urls() -> re.Pattern[str]:
    """Names and passwords where no ``://`` stands before: of Go's data sources, and of dracut's ``netroot=iscsi:``."""
    names = r"(?:(?<=\biscsi:)|(?<![\w.:/@~-])[\w.-]{1,64}:)"
    return re.compile(names + r"(?!~secret~)[^\s@'\"/]{1,256}(?=@(?:tcp|unix)\(|@[\w.\[:-]{0,100}::)")


def _pem(text: str) -> str:
    """Without what stands between the marks of private keys; lines, blanks before them and ``\\n`` stay."""
    parts: list[str] = []
    at, last = 0, text.rfind("-----END ")
    while True:
        begin = text.find("-----BEGIN ", at)
        mark = -1 if begin < 0 else text.find("-----", begin + 11)
        if mark < 0:
            break
        body = mark + 5
        if "PRIVATE KEY" not in text[begin : min(mark, begin + 80)]:
            parts.append(text[at:body])
            at = body
            continue
        end = text.find("-----END ", body) if body <= last else _pem_end(text, body)
        parts += (text[at:body], _pem_body(text[body:end]))
        at = end
    parts.append(text[at:])
    return "".join(parts)


def _pem_end(text: str, at: int) -> int:
    """The end of a key whose end was cut off: of its last line that can be one of it."""
    found = re.compile(r"(?:[A-Za-z0-9+/=\\:, \t-]*\n)*[A-Za-z0-9+/=\\:, \t-]*").match(text, at)
    return len(text) if found is None else found.end()


def _pem_body(body: str) -> str:
    if "\n" in body:
        lines = body.split("\n")
        last = lines.pop() if not lines[-1].strip() else ""
        lines = [line if not line.strip() else f"{line[: len(line) - len(line.lstrip())]}{MASK}" for line in lines]
        return "\n".join((*lines, last)) if last or body.endswith("\n") else "\n".join(lines)
    return f"\\n{MASK}\\n" if "\\n" in body else body if not body.strip() else f" {MASK} "


def _lines(text: str, likely: Iterable[int], may_hold: Callable[[str], bool]) -> str:
    """Line by line; those that are not ``likely`` hold nothing where no line before says so."""
    lines = text.split("\n")
    worth = [number for number in likely if may_hold(lines[number])]
    known, at = set(worth), 0
    for number in worth:
        if number >= at:
            at = _from(lines, number, known)
    return "\n".join(lines) if worth else text


def _from(lines: list[str], at: int, worth: Collection[int]) -> int:
    """Mask from a line on, until a line says nothing of the next; where that is. What is deeper than a key with a value
    of several lines belongs to that."""
    depth, strict, accounts = -1, False, -1
    pair: Pair | None = None
    for number in range(at, len(lines)):
        line = lines[number]
        indent = len(line) - len(line.lstrip(" \t"))
        blank = indent == len(line)
        if not blank and depth >= 0 and indent <= depth:
            depth = -1
        if not blank and accounts >= 0 and indent <= accounts:
            accounts = -1
        if pair is not None and depth < 0 and not blank:
            lines[number], block = ended(pair, line)
            depth, strict = block or (depth, strict)
            if block is not None or lines[number] != line:
                pair = None
                continue
            pair = None
        if depth < 0 and accounts < 0 and pair is None and number not in worth:
            return number
        if depth >= 0 and not blank and (strict or _is_scalar(line[indent:])):
            mark = "- " if not strict and line.startswith("- ", indent) else ""
            lines[number] = f"{line[:indent]}{mark}{MASK}"
            continue
        if blank or number not in worth:
            block = _block_of(line, indent, accounts >= 0) if accounts >= 0 else None
        else:
            block = _block_of(line, indent, accounts >= 0)
            if line.startswith("chpasswd:", indent):
                accounts = indent
            pair = begun(line) if "name" in line else None
            lines[number] = _line(line)
        if block is not None:
            depth, strict = block
    return len(lines)


def _is_scalar(text: str) -> bool:
    """Whether a line of YAML holds no key, and belongs to the value of the key before."""
    text = text[2:] if text.startswith("- ") else text
    return not text.startswith(("#", "---", "...")) and re.match(r"""["']?[\w./-]{1,200}["']?:(?:\s|$)""", text) is None


def _block_of(line: str, indent: int, accounts: bool) -> tuple[int, bool] | None:
    """Where the line is a secret's key and its value follows deeper: its depth, and whether all lines are it."""
    if ":" not in line:
        return None
    found = re.match(
        r"""(?:- ){0,8}["']?([\w./-]{1,200})["']?:[ \t]*([|>][-+0-9]{0,3})?[ \t]*(?:#.*)?$""", line[indent:]
    )
    if found is None or not (is_secret_key(found[1]) or (accounts and found[1] == "list")):
        return None
    deeper = len(found[0]) - len(found[0].lstrip("- "))
    return indent + deeper, found[2] is not None


def _line(line: str) -> str:
    line = _urls(line) if "://" in line else line
    line = _by_form(line)
    line = beside(line) if "value" in line and "name" in line else line
    return by_key(by_command(_by_word(line)))


def _by_form(line: str) -> str:
    """Without what is a secret by its form alone."""
    if "$" in line:
        line = _hash().sub(MASK, line)
    if "." in line:
        line = _tokens(line)
    if "@" in line:
        line = _unlike_urls().sub(MASK, line)
    if "?" in line and "://" in line:
        line = re.sub(rf"([?&](?:sig|X-(?:Amz|Goog)-Signature|Signature)=)(?!{MASK})[^&\s\"'#]+", rf"\1{MASK}", line)
    return _own_form().sub(MASK, line) if any(begin in line for begin in _OWN_FORMS) else line


def _tokens(line: str) -> str:
    """Without kubeadm's bootstrap tokens; two words without any digit are a name."""
    parts: list[str] = []
    at = 0
    for match in _bootstrap().finditer(line):
        begin = match.start() - 6
        if begin >= at and not line[begin : match.end()].replace(".", "").isalpha():
            parts += (line[at:begin], MASK)
            at = match.end()
    parts.append(line[at:])
    return "".join(parts)


MOST_USER_INFO = 256
"""Characters of a URL's user info that are looked through."""


def _urls(line: str) -> str:
    parts: list[str] = []
    at = 0
    while (mark := line.find("://", at)) >= 0:
        begin = mark + 3
        word = re.compile(r"[^\s<>\"']*").match(line, begin, begin + MOST_USER_INFO)
        end = _user_info(line, mark, begin, begin if word is None else word.end())
        parts += (line[at:begin], "" if end == begin else MASK)
        at = end
    parts.append(line[at:])
    return "".join(parts)


def _user_info(line: str, mark: int, begin: int, end: int) -> int:
    """Where the user info ends that begins there, which is before its ``@``; ``begin`` where there is none to hide."""
    word = line[begin:end]
    authority = re.split(r"[/?#]", word, maxsplit=1)[0]
    at = authority.rfind("@")
    if at >= 0:
        named = ":" in authority[:at] or line.endswith(("http", "https", "ftp"), 0, mark)
        return begin + at if named and authority[:at] != MASK else begin
    port = authority.rpartition(":")[2]
    if ":" not in authority or "[" in authority or "]" in authority or port == "" or port.isdigit():
        return begin
    at = word.rfind("@")
    if at >= 0:
        return begin + at  # a password with a slash in it
    rest = line[end:].lstrip("'\"")
    return end if rest in ("", "…") and authority == word and "$" not in port else begin  # cut off before its @


_SCHEMED = "authorization:,authorization=,authorization\",authorization'"


@lru_cache(maxsize=1)
def _after_blanks() -> tuple[tuple[str, str], ...]:
    """Words of a line, of which one must be there, and the pattern of a secret after a blank, and of what is before."""
    begin, b = rf"{BEGIN}[\s#;]{{0,200}}", "[ \t]+"
    scheme = "basic|bearer|digest|token|negotiate"
    wireless = r"(?:wpa|wireless)-[\w-]{0,64}(?:psk|key\d?|password|passphrase)"
    return (
        ("password_pbkdf2", rf"({begin}password_pbkdf2{b}\S+{b})(?!~secret~)\S.*"),
        ("rootpw", rf"({begin}rootpw{b}(?:--\w+{b})*)(?!--|~secret~)\S.*"),
        ("wpa-,wireless-", rf"({begin}{wireless}{b})(?!~secret~)\S.*"),
        ("chpasswd", r"([\w.-]{1,64}:)[^\s'\"|]{1,256}(?=[\"']?\s{0,64}\|[^|]{0,64}chpasswd)"),
        (_SCHEMED, rf"((?i:authorization)[\"']?[:=][\"']?(?i:{scheme})\\{{0,4}}[ \t]+)(?!~secret~)[^\s\"']+"),
        ("sshpass", rf"(sshpass{b}-p[ \t]*[\"']?)(?!~secret~)[^\s\"']+"),
        ("login ", rf"(\blogin{b}\S{{1,200}}{b}password{b})(?!~secret~)\S+"),
    )


def _by_word(line: str) -> str:
    """Without what follows a word and a blank: GRUB's passwords, ifupdown's keys, ``.netrc``, commands."""
    lower = line.lower()
    for words, pattern in _after_blanks():
        if holds_any(lower, words):
            line = re.sub(pattern, rf"\1{MASK}", line)
    if "password" in lower:
        before = rf"({BEGIN}[\s#;]{{0,200}}password[ \t]+(?:--[a-z0-9]+[ \t]+)?)"
        line = re.sub(before + r"(?![:=])(?:([^\s\"']+)([ \t]+))?([^\s:=\"'][^\s\"']*)(?=[\"']|[ \t]*$)", _grub, line)
    return line


def _grub(match: re.Match[str]) -> str:
    """GRUB's ``password root secret``; a line of PAM has a module in that place, or includes another file."""
    if "pam_" in match[0] or match[2] in ("include", "substack") or match[4] == MASK:
        return match[0]
    return f"{match[1]}{match[2] or ''}{match[3] or ''}{MASK}"
