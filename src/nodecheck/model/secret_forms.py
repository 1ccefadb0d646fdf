"""What a secret looks like in a node's files: keys, forms, and where a value ends.

Each pattern is tried at a place once, and looks no further than its word or line: time is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from nodecheck.text import MASK

JUDGED = ("stable_secret",)
"""Keys that end like a secret's, and are judged where a profile asks: ``net.ipv6.conf.*.stable_secret`` of sysctl."""

_ENDINGS = ("password", "passwd", "passphrase", "token", "secret")
"""A last word that ends so names a secret (``identitytoken``), but for those that begin with ``no`` (``NOPASSWD``)."""

_KEYS = frozenset(
    ("private", "secret", "access", "api", "encryption", "signing", "shared", "preshared", "auth", "certificate",
     "account", "master", "wep")
)  # fmt: skip
"""Words that make a secret of a ``key`` after them."""

_JOINED = tuple([f"{word}key" for word in sorted(_KEYS)])
"""The same in one word: ``apikey``, ``privatekey``."""

_TAILS = frozenset(["data", "hash", "hashed", "raw", "encrypted", "pem", "base64", "b64", "plaintext", "pbkdf2"])
"""Words after a secret's name that do not make something else of it: ``password-hash``, ``client-key-data``."""

_PLAIN = frozenset(("", "true", "false", "yes", "no", "on", "off", "null", "none", "~", MASK))
"""Values that are no secret, in lower case."""

_NAME_SERVICES = frozenset(
    ("files", "compat", "systemd", "db", "ldap", "sss", "nis", "nisplus", "winbind", "hesiod", "extrausers", "altfiles")
)
"""What nsswitch.conf(5) has after ``passwd:``."""


_IN_KEYS = ("pass", "token", "secret", "psk", "key", "auth", "data", "pw", "proxy", "credential")
"""What the keys hold in lower case of which a part of the value at least can be a secret."""


def without_secrets(text: str, may_hold: Callable[[str], bool]) -> str:
    """The text with ``~secret~`` for each secret; ``may_hold`` tells of which lines it is worth to look closely."""
    return _lines(_pem(text) if "PRIVATE KEY" in text else text, may_hold)


def is_secret_key(key: str) -> bool:
    """Whether a key's last words name a secret.

    >>> is_secret_key("AWS_SECRET_ACCESS_KEY"), is_secret_key("client-key-data"), is_secret_key("agentToken")
    (True, True, True)
    >>> is_secret_key("token-auth-file"), is_secret_key("secretName"), is_secret_key("keyring"), is_secret_key("PWD")
    (False, False, False, False)
    """
    words = _words(key)
    while len(words) > 1 and words[-1] in _TAILS:
        words.pop()
    if not words or key.endswith(JUDGED):
        return False
    last = words[-1]
    if last == "psk" or last.endswith(_JOINED) or (last.endswith(_ENDINGS) and not last.startswith("no")):
        return True
    before = words[-2] if len(words) > 1 else ""
    return (last == "key" and (before in _KEYS or _key_data(key))) or (last in ("pass", "pwd", "pw") and before != "")


def _key_data(key: str) -> bool:
    return _words(key)[-1] == "data"


def _words(key: str) -> list[str]:
    spaced = re.sub("([a-z0-9])([A-Z])", r"\1 \2", key)
    return [word.rstrip("0123456789") or word for word in re.split(r"[^A-Za-z0-9]+", spaced.lower()) if word]


# Each pattern is compiled when the first text asks for it: a healthy node's run needs none.


@lru_cache(maxsize=1)
def _bootstrap() -> re.Pattern[str]:
    return re.compile(r"\.(?<=[a-z0-9]{6}\.)(?<![a-z0-9_.-][a-z0-9]{6}\.)[a-z0-9]{16}(?![\w-]|\.\w)")


@lru_cache(maxsize=1)
def _hash() -> re.Pattern[str]:
    kinds = r"1|2[abxy]?|5|6|7|y|gy|md5|sha1|apr1|scrypt|argon2[a-z]*|pbkdf2[a-z0-9-]*"
    return re.compile(rf"\$(?:{kinds})\$[./A-Za-z0-9,=+$-]+")


@lru_cache(maxsize=1)
def _own_form() -> re.Pattern[str]:
    return re.compile(r"\beyJ[\w-]{12,}(?:\.[\w-]*){0,4}|\bK10[0-9a-fA-F]{32,}(?:::[^\s'\"]*)?|\bgrub\.pbkdf2\.[\w.]+")


@lru_cache(maxsize=1)
def _key_word() -> re.Pattern[str]:
    return re.compile(r"[\w./-]+")


@lru_cache(maxsize=1)
def _after_key() -> re.Pattern[str]:
    return re.compile(r"""(\\*["'])?[ \t]{0,64}(:=|=>|[:=])[ \t]{0,64}""")


@lru_cache(maxsize=1)
def _after_option() -> re.Pattern[str]:
    return re.compile(r"""[ \t]{1,64}(?!-)|\\*["'],?[ \t]{1,64}(?=["'\\])""")


@lru_cache(maxsize=1)
def _option_begins() -> re.Pattern[str]:
    options = r"ro|rw|defaults|(?:no)?auto|nofail|_netdev|(?:no)?users?|no[a-z]+|x-[\w.-]+|\w+"
    return re.compile(rf"[,;&](?=[\w.-]{{1,64}}=|(?:{options})(?:[,\s]|$))")


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


def _lines(text: str, may_hold: Callable[[str], bool]) -> str:
    """Line by line; what is deeper than a key with a value of several lines belongs to that."""
    found: list[str] = []
    depth, strict, accounts = -1, False, -1
    for line in text.split("\n"):
        indent = len(line) - len(line.lstrip(" \t"))
        blank = indent == len(line)
        if not blank and depth >= 0 and indent <= depth:
            depth = -1
        if not blank and accounts >= 0 and indent <= accounts:
            accounts = -1
        if depth >= 0 and not blank and (strict or _is_scalar(line[indent:])):
            mark = "- " if not strict and line.startswith("- ", indent) else ""
            found.append(f"{line[:indent]}{mark}{MASK}")
            continue
        if blank or not may_hold(line):
            block = _block_of(line, indent, accounts >= 0) if accounts >= 0 else None
        else:
            block = _block_of(line, indent, accounts >= 0)
            if line.startswith("chpasswd:", indent):
                accounts = indent
            line = _line(line)
        if block is not None:
            depth, strict = block
        found.append(line)
    return "\n".join(found)


def _is_scalar(text: str) -> bool:
    """Whether a line of YAML holds no key, and belongs to the value of the key before."""
    text = text[2:] if text.startswith("- ") else text
    return not text.startswith(("#", "---", "...")) and re.match(r"""["']?[\w./-]{1,200}["']?:(?:\s|$)""", text) is None


def _block_of(line: str, indent: int, accounts: bool) -> tuple[int, bool] | None:
    """Where the line is a secret's key and its value follows deeper: its depth, and whether all lines are it."""
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
    line = _by_word(line)
    return _by_key(line)


def _by_form(line: str) -> str:
    """Without what is a secret by its form alone."""
    if "$" in line:
        line = _hash().sub(MASK, line)
    if "." in line:
        line = _tokens(line)
    return _own_form().sub(MASK, line)


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


MOST_LOOKED_AT = 4096
"""Characters before and after a key that are looked through for what holds it: quotes and braces."""

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


_BEGIN = r"(?:^|[\"']|line \d{1,9}: )"
"""Where a line begins, also one that a message quotes."""


@lru_cache(maxsize=1)
def _after_blanks() -> tuple[tuple[str, str], ...]:
    """What a line must hold, and the pattern of what stands before and in a secret that follows a blank."""
    begin, b = rf"{_BEGIN}[\s#;]{{0,200}}", "[ \t]+"
    wireless = r"(?:wpa|wireless)-[\w-]{0,64}(?:psk|key\d?|password|passphrase)"
    return (
        ("password_pbkdf2", rf"({begin}password_pbkdf2{b}\S+{b})(?!~secret~)\S.*"),
        ("rootpw", rf"({begin}rootpw{b}(?:--\w+{b})*)(?!--|~secret~)\S.*"),
        ("-", rf"({begin}{wireless}{b})(?!~secret~)\S.*"),
        ("chpasswd", r"([\w.-]{1,64}:)[^\s'\"|]{1,256}(?=[\"']?\s{0,64}\|[^|]{0,64}chpasswd)"),
        ("sshpass", rf"(sshpass{b}-p[ \t]*[\"']?)(?!~secret~)[^\s\"']+"),
        ("login ", rf"(\blogin{b}\S{{1,200}}{b}password{b})(?!~secret~)\S+"),
    )


def _by_word(line: str) -> str:
    """Without what follows a word and a blank: GRUB's passwords, ifupdown's keys, ``.netrc``, commands."""
    lower = line.lower()
    for word, pattern in _after_blanks():
        if word in lower:
            line = re.sub(pattern, rf"\1{MASK}", line)
    if "password" in lower:
        before = rf"({_BEGIN}[\s#;]{{0,200}}password[ \t]+(?:--[a-z0-9]+[ \t]+)?)"
        line = re.sub(before + r"(?![:=])(?:([^\s\"']+)([ \t]+))?([^\s:=\"'][^\s\"']*)(?=[\"']|[ \t]*$)", _grub, line)
    return line


def _grub(match: re.Match[str]) -> str:
    """GRUB's ``password root secret``; a line of PAM has a module in that place, or includes another file."""
    if "pam_" in match[0] or match[2] in ("include", "substack") or match[4] == MASK:
        return match[0]
    return f"{match[1]}{match[2] or ''}{match[3] or ''}{MASK}"


def _by_key(line: str) -> str:
    """Without the values of keys that name secrets."""
    parts: list[str] = []
    at = done = 0
    before = ""
    while (word := _key_word().search(line, at)) is not None:
        key, at = _key_of(line, word), word.end()
        begin, spaced = (at, "") if key == "" else _value_begin(line, word.end(), key, before)
        before = key
        if begin == at:
            continue
        end, value = _value(line, word.start(), begin, spaced, key)
        if value is not None:
            parts += (line[done:begin], value)
            done = end
        at = max(end, at) if value is not None else begin
    parts.append(line[done:])
    return "".join(parts)


def _key_of(line: str, word: re.Match[str]) -> str:
    """The key that a word can be; "" for a path."""
    key = word[0]
    if key.startswith("/"):
        return ""
    if word.start() and line[word.start() - 1] == "\\" and key[0] in "ntr":
        key = key[1:]
    return key.rpartition("/")[2]


def _value_begin(line: str, end: int, key: str, before: str) -> tuple[int, str]:
    """Where the value of a key begins, with what parts them; ``end`` where the key names no secret, or has none."""
    kind = _kind(key, before)
    if kind == "":
        return end, ""
    found = _after_key().match(line, end)
    if found is not None:
        return found.end(), found[0]
    if key.startswith("-") and kind == "secret":
        found = _after_option().match(line, end)
        if found is not None:
            return found.end(), "option"
    return end, ""


def _kind(key: str, before: str) -> str:
    """What a key's value is: all of it a secret, or part of it, or nothing of it ("")."""
    lower = key.lower()
    if not any(word in lower for word in _IN_KEYS):
        return ""
    if lower in ("auth", "authorization", "proxy-authorization", "pass"):
        return lower
    if lower.startswith(("setcredential", "systemd.set_credential")):
        return "credential"
    if lower.endswith("proxy"):
        return "proxy"
    joined = f"{before} {key}" if lower == "key" else key
    return "secret" if is_secret_key(joined) else ""


def _value(line: str, key_begin: int, begin: int, parting: str, key: str) -> tuple[int, str | None]:
    """Where the value ends, and what is to stand there; None: it stays."""
    kind = _kind(key, "") or "secret"
    if kind == "credential":
        return _credential(line, begin)
    opened = re.compile(r"""\\*["']""").match(line, begin)
    if opened is not None:
        end = _closing(line, opened.end(), opened[0])
        inner = line[opened.end() : end]
        new = _replaced(inner, kind, key)
        return end, None if new is None else f"{opened[0]}{new}"
    if line.startswith("[", begin):
        end = line.find("]", begin, begin + MOST_LOOKED_AT)
        end = min(len(line), begin + MOST_LOOKED_AT) if end < 0 else end
        return (end, None) if kind != "secret" or not line[begin + 1 : end].strip() else (end, f'["{MASK}"')
    if line.startswith(("{", "|", ">"), begin) and ":" in parting:
        return begin, None
    end = _plain_end(line, key_begin, begin, parting)
    if kind != "secret":
        end = min(end, begin + MOST_LOOKED_AT)
    new = _replaced(line[begin:end].rstrip(), kind, key)
    if new is None or (kind == "pass" and "=" not in parting):
        return end, None
    quoted = parting.startswith(('"', "'")) and ":" in parting
    end = begin + len(line[begin:end].rstrip())
    return end, f'"{new}"' if quoted else new


def _replaced(value: str, kind: str, key: str) -> str | None:
    if value.strip().lower() in _PLAIN:
        return None
    if kind == "proxy":
        at = value.rfind("@")
        return None if at < 0 or "://" in value or ":" not in value[:at] else f"{MASK}{value[at:]}"
    if kind.endswith("authorization"):
        scheme, blank, rest = value.partition(" ")
        return f"{scheme} {MASK}" if blank and rest != MASK and scheme.lower() in _SCHEMES else None
    if kind == "auth" and re.fullmatch(r"[A-Za-z0-9+/_-]{8,}={0,2}", value) is None:
        return None
    if key.lower() == "passwd" and set(re.sub(r"\[[^\]]*\]", " ", value).split()) <= _NAME_SERVICES:
        return None
    return None if value == MASK else MASK


_SCHEMES = ("basic", "bearer", "digest", "token", "negotiate")


def _credential(line: str, begin: int) -> tuple[int, str | None]:
    """Of ``NAME:VALUE``: a credential of systemd is secret by its name, wherever the word stands in that."""
    found = re.compile(r"""(["']?[\w.-]{1,255}:)([^\s"']+)""").match(line, begin)
    if found is None or found[2] == MASK:
        return begin, None
    secret = any(word.endswith(_ENDINGS) or word in ("psk", "key") for word in _words(found[1]))
    return found.end(), f"{found[1]}{MASK}" if secret else None


def _closing(line: str, at: int, quote: str) -> int:
    """Where the quotes close that were opened before ``at``; the end of the line where they do not."""
    if len(quote) > 1:
        end = line.find(quote, at)
        return len(line) if end < 0 else end
    inner = r"(?:[^\"\\]|\\.)*" if quote == '"' else r"(?:[^']|'')*"
    found = re.compile(inner).match(line, at)
    return at if found is None else found.end()


def _plain_end(line: str, key_begin: int, begin: int, parting: str) -> int:
    """Where a value without quotes ends."""
    limit = _open_quote_end(line, key_begin, begin)
    spaced = parting.strip("\"'\\")
    first = (
        re.search(rf"{_BEGIN}[\s#;-]{{0,200}}(?:export |set )?$", line[max(0, key_begin - 400) : key_begin]) is not None
    )
    if ":" in parting and spaced != ":":  # ``key: value`` of YAML, to the end of the line or of the braces
        since = max(0, key_begin - MOST_LOOKED_AT)
        if line.rfind("{", since, key_begin) > line.rfind("}", since, key_begin):
            found = re.compile(r"[^,}\]]*").match(line, begin, limit)
        else:
            comment = line.find(" #", begin, limit)
            return limit if comment < 0 else comment
    elif first and "=" in parting:  # a whole line of an environment or INI file
        found = re.compile(r"\S*(?:[ \t]+(?!-|#|ro\b|rw\b|quiet\b|splash\b|[^\s=]{1,200}=)\S+)*").match(
            line, begin, limit
        )
    else:
        found = re.compile(r"\S*").match(line, begin, limit)
    end = begin if found is None else found.end()
    cut = _option_begins().search(line, begin, end) if "=" in parting else None
    return end if cut is None else cut.start()


def _open_quote_end(line: str, key_begin: int, begin: int) -> int:
    """Where the quotes end in which the key itself stands; else the line's end."""
    found = re.compile(r"""\\*["']""").match(line, key_begin - 1) if key_begin else None
    before = line[max(0, key_begin - MOST_LOOKED_AT) : key_begin if found is None else key_begin - 1]
    for quote in "\"'":
        if before.count(quote) % 2 or (
            found is not None and found[0].endswith(quote) and quote not in line[key_begin:begin]
        ):
            end = line.find(quote, begin, begin + MOST_LOOKED_AT)
            if end >= 0:
                return end - (line[end - 1] == "\\")
    return len(line)
