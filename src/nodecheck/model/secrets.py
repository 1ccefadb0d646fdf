"""Secrets in texts of a node: what is known as one becomes ``~secret~``, and the rest stays to the letter.

A secret is known by the key before it (its last words: ``token``, ``hashed_passwd``, ``clientKeyData``), or by its own
form: user info of URLs, PEM private keys, kubeadm's bootstrap tokens, JWTs, k3s tokens, hashes of crypt(5) and GRUB.
Lines, quotes and keys stay, so that a file of which secrets are taken out is read as before.
"""

from __future__ import annotations

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
)
"""In lower case; what holds one of them is looked at closely."""

_KEYS = ("private", "secret", "access", "api", "encryption", "signing", "shared", "auth", "certificate", "account",
         "master", "wep")  # fmt: skip
"""Words that make a secret of a ``key`` after them, as in :mod:`nodecheck.model.secret_keys`."""

_AUTH = ("auth:", "auth=", "auth =", 'auth"', "auth'", "auth\\", "authorization:", "authorization=", 'authorization"')

_HASHES = ("$1$", "$2", "$5$", "$6$", "$7$", "$y$", "$gy$", "$md5", "$sha1", "$apr1", "$scrypt", "$argon2", "$pbkdf2")


def masked(text: str) -> str:
    """The text with ``~secret~`` for each secret; the text itself where it holds none.

    >>> masked("token: K10abc"), masked("http_proxy=http://me:pw@proxy:3128/ ro"), masked("passwd: files")
    ('token: ~secret~', 'http_proxy=http://~secret~@proxy:3128/ ro', 'passwd: files')
    """
    if not may_hold(text):
        return text
    from nodecheck.model.secret_forms import without_secrets

    found = without_secrets(text, may_hold)
    return text if found == text else found


def masked_bytes(raw: bytes) -> bytes:
    """The same of a file's bytes; what is not UTF-8 stays."""
    text = raw.decode("utf-8", "surrogateescape")
    found = masked(text)
    return raw if found is text else found.encode("utf-8", "surrogateescape")


def may_hold(text: str) -> bool:
    """Whether it is worth to look closely: cheap, and true for all that holds a secret."""
    lower = text.lower()
    for word in _WORDS:
        if word in lower:
            return True
    return (
        ("key" in lower and _key(lower))
        or ("auth" in lower and any(word in lower for word in _AUTH))
        or ("://" in text and ("@" in text or "…" in text or _cut_off(text)))
        or ("@" in text and "proxy" in lower)
        or ("$" in text and any(kind in text for kind in _HASHES))
        or ("." in text and _dotted(text))
    )


def _key(lower: str) -> bool:
    """Whether it may name a private key, an API key, data of a key."""
    if any(word in lower for word in ("key-data", "key_data", "keydata", "key data")):
        return True
    return any(f"{word}{mark}key" in lower for word in _KEYS for mark in ("", "_", "-", " ", "."))


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
