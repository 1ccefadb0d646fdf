"""SHA-256 without the start-up of hashlib, which loads OpenSSL (2.5 ms) for a few hundred bytes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module

from nodecheck.typed import Protocol


class _Hash(Protocol):
    def digest(self) -> bytes: ...

    def hexdigest(self) -> str: ...


def _found() -> Callable[[bytes], _Hash]:
    """CPython's own C module (``_sha2`` from 3.12 on, ``_sha256`` before), else hashlib."""
    for name in ("_sha2",) if sys.version_info >= (3, 12) else ("_sha256",):
        try:
            found: Callable[[bytes], _Hash] = import_module(name).sha256
        except ImportError:
            continue
        return found
    from hashlib import sha256

    return sha256


sha256 = _found()

APPLICATION_ID = bytes.fromhex("6f0d9a1c54b24e0c8a77f3b1c2d94e63")
"""nodecheck's own id, from which the id of a node is derived with its machine id as the key, and the like."""

__all__ = ["APPLICATION_ID", "hmac_sha256", "sha256", "sha256_name"]

_BLOCK = 64


def sha256_name(text: str) -> str:
    """``sha256:`` and the digest of a text.

    >>> sha256_name("")[:15]
    'sha256:e3b0c442'
    """
    return "sha256:" + sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA256 (RFC 2104) for keys of at most one block.

    >>> hmac_sha256(b"key", b"The quick brown fox jumps over the lazy dog").hex()[:16]
    'f7bc83f430538424'
    """
    key = key.ljust(_BLOCK, b"\0")
    inner = sha256(bytes([byte ^ 0x36 for byte in key]) + message).digest()
    return sha256(bytes([byte ^ 0x5C for byte in key]) + inner).digest()
