"""Secrets in texts of a node: what is known as one becomes ``~secret~``, and the rest stays to the letter.

A secret is known by the key before it (its last words: ``token``, ``hashed_passwd``, ``clientKeyData``), or by its own
form: user info of URLs, PEM private keys, kubeadm's bootstrap tokens, JWTs, k3s tokens, hashes of crypt(5) and GRUB.
Lines, quotes and keys stay, so that a file of which secrets are taken out is read as before.
"""

from __future__ import annotations

from nodecheck.text import lowered
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.model.secret_lines import Searched

_WORDS = (
    "pass",
    "token",
    "secret",
    "psk",
    "pbkdf2",
    "eyj",
    "k10",
    "rootpw",
    "_pwd",
    "credential=",
    "credential_binary=",
    "nmcli",
    "authtok",
    "bindpw",
)
"""In lower case; what holds one of them is looked at closely."""

_COMMANDS = (
    "mysql", "mariadb", "login", "useradd", "usermod", "redis-cli", "ipmitool", "k3s ", "rke2 ", "curl", "etcdctl",
    "wget", "suseconnect", "ldap", "smbclient", "iscsiadm", "openssl passwd", "htpasswd",
)  # fmt: skip
"""Searched of which one stands, in lower case, in a line with an option that takes a secret."""

_STDIN = ("--stdin", "-stdin", "sudo -s", "cryptsetup", "smbpasswd", "kinit")
"""Of which one stands in a line where a secret is written to a program by ``echo``."""

_KEYS = ("private", "secret", "access", "api", "encryption", "signing", "shared", "auth", "certificate", "account",
         "master", "wep", "join", "registration", "activation")  # fmt: skip
"""Searched that make a secret of a ``key`` after them, as in :mod:`nodecheck.model.secret_keys`."""

_BEFORE_KEY = ("_", "-", " ", ".")
"""What may stand between such a word and ``key``."""

_MOST_BEFORE_KEY = 20
"""Characters of the longest of them, and more."""

_KEY_WORDS = ("key-data", "key_data", "keydata", "key data", "key-string", "digest-key", "tion-key ")

_AUTH = (
    "auth:",
    "auth=",
    "auth =",
    'auth"',
    "auth'",
    "auth\\",
    "authorization:",
    "authorization=",
    "authorization =",
    'authorization"',
)

_HASHES = ("$1$", "$2", "$5$", "$6$", "$7$", "$y$", "$gy$", "$md5", "$sha1", "$apr1", "$scrypt", "$argon2", "$pbkdf2")


_MARKS = ("H4sI", "LS0tLS1CRUdJTi", "glpat-", "ghp_", "_pat_", "gho_", "ghs_")
"""With which a secret of its own form begins: gzip and PEM in Base64, tokens of code hosts."""

_PROXIES = ("proxy", "iscsi:", "@tcp(", "@unix(")
"""Of which one stands in a line with a password before an ``@`` where no URL is."""


def masked(text: str) -> str:
    """The text with ``~secret~`` for each secret; the text itself where it holds none.

    >>> masked("token: K10abc"), masked("http_proxy=http://me:pw@proxy:3128/ ro"), masked("passwd: files")
    ('token: ~secret~', 'http_proxy=http://~secret~@proxy:3128/ ro', 'passwd: files')
    """
    if not may_hold(text):
        return text
    from nodecheck.model.secret_forms import without_secrets

    found = without_secrets(text, may_hold, _searched)
    return text if found == text else found


def _searched() -> Searched:
    """What is searched for in a text of several lines."""
    from nodecheck.model.secret_lines import Searched

    return Searched(_WORDS, _COMMANDS, _STDIN, _PROXIES, _MARKS)


def masked_bytes(raw: bytes) -> bytes:
    """The same of a file's bytes; what is not UTF-8 stays."""
    text = raw.decode("utf-8", "surrogateescape")
    found = masked(text)
    return raw if found is text else found.encode("utf-8", "surrogateescape")


def may_hold(text: str) -> bool:
    """Whether it is worth to look closely: cheap, and true for all that holds a secret."""
    lower = lowered(text)
    return (
        _holds(lower, _WORDS)
        or ("key" in lower and _key(lower))
        or (" -" in text and _holds(lower, _COMMANDS))
        or ("|" in text and _holds(lower, _STDIN))
        or ("auth" in lower and _holds(lower, _AUTH))
        or ("://" in text and ("@" in text or "…" in text or _cut_off(text) or "sig" in lower))
        or "microk8s join" in lower
        or ("@" in text and _holds(lower, _PROXIES))
        or ("$" in text and _holds(text, _HASHES))
        or ("." in text and _dotted(text))
        or (len(text) > 24 and _holds(text, _MARKS))
    )


def _holds(text: str, words: tuple[str, ...]) -> bool:
    """Whether one of these words is in it; a loop costs half of what ``any`` does, and this runs for each line."""
    for word in words:  # noqa: SIM110
        if word in text:
            return True
    return False


def _key(lower: str) -> bool:
    """Whether it may name a private key, an API key, data of a key."""
    at = lower.find("key")
    while at >= 0:
        before = lower[max(0, at - _MOST_BEFORE_KEY) : at]
        if before.endswith(_KEYS) or (before.endswith(_BEFORE_KEY) and before[:-1].endswith(_KEYS)):
            return True
        at = lower.find("key", at + 3)
    return _holds(lower, _KEY_WORDS)


def _cut_off(text: str) -> bool:
    """Whether the text may end within the user info of a URL: behind the colon is no port."""
    _, colon, port = text.rpartition("://")[2].rpartition(":")
    return colon != "" and not port[:1].isdigit()


def _dotted(text: str) -> bool:
    """Whether it may hold a bootstrap token: six, a dot and 16 letters and digits."""
    before, *parts = text.split(".")
    for part in parts:
        if len(part) >= 16 and part[:16].isalnum() and before[-6:].isalnum():
            return True
        before = part
    return False
