"""Keys that name secrets, and where the values of keys begin and end on a line."""

from __future__ import annotations

import re
from functools import lru_cache

from nodecheck.text import MASK

JUDGED = ("stable_secret",)
"""Last parts of the names that facts declare to be judged (``judges``) and that sound like a secret's.

A test holds this list to the declarations, so that a run does not ask each fact for them.
"""

_ENDINGS = ("password", "passwd", "passphrase", "token", "secret", "authtok", "bindpw", "sshpass", "peerpass")
"""A last word that ends so names a secret (``identitytoken``), but for those that begin with ``no`` (``NOPASSWD``)."""

_KEYS = frozenset(
    ("private", "secret", "access", "api", "encryption", "signing", "shared", "preshared", "auth", "certificate",
     "account", "master", "wep", "join", "registration", "activation")
)  # fmt: skip
"""Words that make a secret of a ``key`` after them."""

_JOINED = tuple([f"{word}key" for word in sorted(_KEYS)])
"""The same in one word: ``apikey``, ``privatekey``."""

_TAILS = frozenset(["data", "hash", "hashed", "raw", "encrypted", "pem", "base64", "b64", "plaintext", "pbkdf2"])
"""Words after a secret's name that do not make something else of it: ``password-hash``, ``client-key-data``."""

_PLAIN = frozenset(("", "y", "n", "m", "true", "false", "yes", "no", "on", "off", "null", "none", "~", MASK))
"""Values that are no secret, in lower case."""

_NAME_SERVICES = frozenset(
    ("files", "compat", "systemd", "db", "ldap", "sss", "nis", "nisplus", "winbind", "hesiod", "extrausers", "altfiles")
)
"""What nsswitch.conf(5) has after ``passwd:``."""


_IN_KEYS = ("pass", "token", "secret", "psk", "key", "auth", "data", "pw", "proxy", "credential")
"""What the keys hold in lower case of which a part of the value at least can be a secret."""

MOST_LOOKED_AT = 4096
"""Characters before and after a key that are looked through for what holds it: quotes and braces."""

BEGIN = r"(?:^|[\"']|line \d{1,9}: )"
"""Where a line begins, also one that a message quotes."""


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
    if not words or re.split("[./]", key)[-1] in JUDGED:
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


def by_key(line: str) -> str:
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
    for word in _IN_KEYS:
        if word in lower:
            break
    else:
        return ""
    if lower in ("auth", "_auth", "authorization", "proxy-authorization", "pass"):
        return lower.lstrip("_")
    if lower.startswith(("setcredential", "systemd.set_credential")):
        return "credential"
    if lower.endswith("proxy"):
        return "proxy"
    if before in ("LoadCredential", "LoadCredentialEncrypted", "ImportCredential"):
        return ""  # the name of a credential, and the path of its file
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
        return end, _list(line[begin + 1 : end], kind, key)
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


def _list(inner: str, kind: str, key: str) -> str | None:
    """What is to stand for a list but for its end: ``["Basic abc"]``."""
    if kind == "secret":
        return f'["{MASK}"' if inner.strip() else None
    new = _replaced(inner.strip().strip("\"'\\"), kind, key) if kind.endswith("authorization") else None
    return None if new is None else f'["{new}"'


def _replaced(value: str, kind: str, key: str) -> str | None:
    if value.strip().lower() in _PLAIN or re.fullmatch(r"\$(?:[A-Z_][A-Z0-9_]*|\{\w+\})", value):
        return None  # no secret, or a variable that holds one
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
        re.search(rf"{BEGIN}[\s#;-]{{0,200}}(?:export |set )?$", line[max(0, key_begin - 400) : key_begin]) is not None
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
