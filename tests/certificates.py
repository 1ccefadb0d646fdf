"""Certificates, keys and kubeconfigs for tests, with the validity that a test wants. Nobody signed them."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha512
from textwrap import wrap
from time import gmtime, strftime, time

from nodecheck.formats.der import ANY_TIME, BITS, INTEGER, OCTETS, OID, SEQUENCE, encoded
from nodecheck.formats.public_keys import EC, ED25519, RSA

DAY_S = 86400
NOW = int(time())
P256 = bytes.fromhex("2a8648ce3d030107")
_NULL = bytes.fromhex("0500")
_SIGNED = encoded(SEQUENCE, encoded(OID, bytes.fromhex("2a864886f70d01010b")), _NULL)
_NAME = encoded(SEQUENCE)


def pem(label: str, raw: bytes) -> str:
    """A block of PEM."""
    lines = "\n".join(wrap(b64encode(raw).decode(), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"


def _number(number: int) -> bytes:
    return encoded(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _modulus(seed: int) -> int:
    """2048 bits that look like a modulus; the same for the same seed."""
    digits = b"".join([sha512(b"%d %d" % (seed, part)).digest() for part in range(4)])
    return int.from_bytes(digits, "big") | 1 << 2047 | 1


def _point(seed: int) -> bytes:
    return b"\x04" + sha512(b"point %d" % seed).digest()


def _secret(seed: int) -> bytes:
    return sha512(b"secret %d" % seed).digest()[:32]


def public_key(seed: int = 1, kind: bytes = RSA) -> bytes:
    """A SubjectPublicKeyInfo."""
    if kind == RSA:
        inner = encoded(SEQUENCE, _number(_modulus(seed)), _number(65537))
        return encoded(SEQUENCE, encoded(SEQUENCE, encoded(OID, RSA), _NULL), encoded(BITS, b"\0", inner))
    curve = encoded(OID, P256) if kind == EC else b""
    point = _point(seed) if kind == EC else _point(seed)[1:33]
    return encoded(SEQUENCE, encoded(SEQUENCE, encoded(OID, kind), curve), encoded(BITS, b"\0", point))


def certificate_der(begin_s: int, end_s: int, seed: int = 1, kind: bytes = RSA) -> bytes:
    """A certificate that is valid in between."""
    times = [encoded(ANY_TIME, strftime("%Y%m%d%H%M%SZ", gmtime(moment)).encode()) for moment in (begin_s, end_s)]
    version = encoded(0xA0, encoded(INTEGER, b"\2"))
    inner = encoded(
        SEQUENCE, version, _number(7), _SIGNED, _NAME, encoded(SEQUENCE, *times), _NAME, public_key(seed, kind)
    )
    return encoded(SEQUENCE, inner, _SIGNED, encoded(BITS, b"\0", bytes(64)))


def certificate(days: float = 300, seed: int = 1, since: float = 10, kind: bytes = RSA) -> str:
    """A certificate that ends in so many days, and began so many ago."""
    return pem("CERTIFICATE", certificate_der(NOW - int(since * DAY_S), NOW + int(days * DAY_S), seed, kind))


def pkcs1(seed: int = 1) -> bytes:
    """An RSA key, of which nothing but the public part is right."""
    secret = int.from_bytes(_secret(seed), "big")
    others = [_number(secret + step) for step in range(6)]
    return encoded(SEQUENCE, _number(0), _number(_modulus(seed)), _number(65537), *others)


def sec1(seed: int = 1, curve: bool = True, public: bool = True) -> bytes:
    """A key of P-256."""
    parts = [_number(1), encoded(OCTETS, _secret(seed))]
    parts += [encoded(0xA0, encoded(OID, P256))] if curve else []
    parts += [encoded(0xA1, encoded(BITS, b"\0", _point(seed)))] if public else []
    return encoded(SEQUENCE, *parts)


def pkcs8(seed: int = 1, kind: bytes = RSA, public: bool = True) -> bytes:
    """A key of either kind in PKCS#8."""
    if kind == ED25519:
        told = [encoded(0x81, b"\0", _point(seed)[1:33])] if public else []
        inner = encoded(OCTETS, _secret(seed))
        return encoded(
            SEQUENCE, _number(int(public)), encoded(SEQUENCE, encoded(OID, kind)), encoded(OCTETS, inner), *told
        )
    algorithm = encoded(SEQUENCE, encoded(OID, kind), _NULL if kind == RSA else encoded(OID, P256))
    inner = pkcs1(seed) if kind == RSA else sec1(seed, curve=False, public=public)
    return encoded(SEQUENCE, _number(0), algorithm, encoded(OCTETS, inner))


def private_key(seed: int = 1) -> str:
    """A key as kubeadm writes it."""
    return pem("RSA PRIVATE KEY", pkcs1(seed))


def embedded(text: str) -> str:
    """A text as a kubeconfig holds it."""
    return b64encode(text.encode()).decode()


def kubeconfig(authority: str = "", certificate: str = "", key: str = "") -> str:
    """A kubeconfig of kubeadm; what begins with a slash is the path of a file, all else is held in it."""
    given = {"certificate-authority": authority, "client-certificate": certificate, "client-key": key}
    lines = {
        name: f"{name}: {text}" if text.startswith("/") else f"{name}-data: {embedded(text)}"
        for name, text in given.items()
        if text
    }
    cluster = "\n".join([*[f"    {lines[name]}" for name in ("certificate-authority",) if name in lines]])
    user = "\n".join([f"    {lines[name]}" for name in ("client-certificate", "client-key") if name in lines])
    return (
        "apiVersion: v1\nkind: Config\ncurrent-context: me@here\n"
        f"clusters:\n- cluster:\n{cluster}\n    server: https://192.0.2.10:6443\n  name: here\n"
        "contexts:\n- context:\n    cluster: here\n    user: me\n  name: me@here\n"
        f"users:\n- name: me\n  user:\n{user}\n"
    )
