"""Certificates and keys in DER: how long a certificate is valid, and the public part of a key. Nothing else is read.

RFC 5280 (certificates), RFC 8017 (PKCS#1), RFC 5915 (SEC 1), RFC 5958 (PKCS#8), RFC 8410 (Ed25519). Of a private key
nothing leaves this module but its public part.
"""

from __future__ import annotations

import re

from nodecheck.formats.der import (
    ANY_TIME,
    BITS,
    INTEGER,
    OCTETS,
    OID,
    SEQUENCE,
    UTC_TIME,
    Der,
    NotDer,
    dotted,
    encoded,
)
from nodecheck.formats.moments import seconds_at

RSA = bytes.fromhex("2a864886f70d010101")
EC = bytes.fromhex("2a8648ce3d0201")
ED25519 = bytes.fromhex("2b6570")

_NULL = bytes.fromhex("0500")
_UNCOMPRESSED = 4


class NoPublicPart(ValueError):
    """It is a key, and its public part does not stand in it, or not in a form that can be compared."""


def certificate_of(raw: bytes) -> tuple[int, int, bytes]:
    """From when and until when a certificate is valid, in seconds since 1970, and its public key as
    :func:`public_key_of` gives it. Raises NotDer."""
    whole = Der(raw)
    outer = whole.take(SEQUENCE, "a certificate")
    whole.done("the certificate")
    inner = outer.take(SEQUENCE, "what is signed")
    if inner.tag == 0xA0:
        inner.skip("the version")
    inner.take(INTEGER, "the serial number")
    inner.take(SEQUENCE, "the algorithm of the signature")
    inner.take(SEQUENCE, "the issuer")
    validity = inner.take(SEQUENCE, "the validity")
    begin, end = _moment(validity), _moment(validity)
    validity.done("the validity")
    inner.take(SEQUENCE, "the subject")
    key = inner.take(SEQUENCE, "the public key")
    outer.take(SEQUENCE, "the algorithm of the signature")
    outer.take(BITS, "the signature")
    outer.done("the signature")
    return begin, end, _public(key)


def _moment(at: Der) -> int:
    tag = UTC_TIME if at.tag == UTC_TIME else ANY_TIME
    return moment_of(at.take(tag, "a time").rest.decode("ascii", "replace"))


def moment_of(text: str) -> int:
    """Seconds since 1970 of a time in a certificate. Raises NotDer for one that RFC 5280 does not allow.

    >>> moment_of("260101000000Z"), moment_of("500101000000Z"), moment_of("99991231235959Z")
    (1767225600, -631152000, 253402300799)
    """
    if re.fullmatch(r"(?:[0-9]{12}|[0-9]{14})Z", text) is None:
        raise NotDer(f"a time that RFC 5280 does not allow: {text[:24]!r}")
    if len(text) == 13:
        text = ("19" if text[:2] >= "50" else "20") + text
    found = seconds_at(int(text[:4]), *[int(text[at : at + 2]) for at in range(4, 14, 2)])
    if found is None:
        raise NotDer(f"no time: {text!r}")
    return found


def public_key_of(raw: bytes) -> bytes:
    """A public key as a SubjectPublicKeyInfo (RFC 5280), written the one way in which equal keys are equal bytes.

    It is what ``openssl pkey -pubin -outform DER`` writes. Raises NotDer and NoPublicPart.
    """
    whole = Der(raw)
    key = whole.take(SEQUENCE, "a public key")
    whole.done("the public key")
    return _public(key)


def rsa_public_key_of(raw: bytes) -> bytes:
    """The same of a public key of PKCS#1."""
    whole = Der(raw)
    key = whole.take(SEQUENCE, "a public key")
    whole.done("the public key")
    return _rsa(key)


def _public(key: Der) -> bytes:
    algorithm = key.take(SEQUENCE, "the algorithm of the key")
    kind = algorithm.take(OID, "the algorithm of the key").rest
    point = _bits(key.take(BITS, "the key"))
    key.done("the key")
    if kind == RSA:
        whole = Der(point)
        inner = whole.take(SEQUENCE, "an RSA key")
        whole.done("the RSA key")
        return _rsa(inner)
    if kind == EC:
        return _ec(algorithm.take(OID, "the curve").rest, point)
    return encoded(SEQUENCE, encoded(SEQUENCE, encoded(OID, kind), algorithm.rest), encoded(BITS, b"\0", point))


def _bits(content: Der) -> bytes:
    """A bit string of whole bytes."""
    raw = content.rest
    if raw[:1] != b"\0":
        raise NotDer("a key that does not end with a byte")
    return raw[1:]


def _rsa(key: Der) -> bytes:
    """Of a modulus and an exponent; what follows stays unread."""
    numbers = [encoded(INTEGER, _number(key, what)) for what in ("the modulus", "the exponent")]
    algorithm = encoded(SEQUENCE, encoded(OID, RSA), _NULL)
    return encoded(SEQUENCE, algorithm, encoded(BITS, b"\0", encoded(SEQUENCE, *numbers)))


def _number(key: Der, what: str) -> bytes:
    raw = key.take(INTEGER, what).rest
    if not raw or raw[0] & 0x80 or (raw[0] == 0 and len(raw) > 1 and not raw[1] & 0x80):
        raise NotDer(f"{what} is no whole number that DER allows")
    return raw


def _ec(curve: bytes, point: bytes) -> bytes:
    if point[:1] != bytes((_UNCOMPRESSED,)):
        raise NoPublicPart("its public part is a compressed point, which cannot be compared")
    return encoded(SEQUENCE, encoded(SEQUENCE, encoded(OID, EC), encoded(OID, curve)), encoded(BITS, b"\0", point))


def public_part_of(raw: bytes) -> bytes:
    """The public part of a private key, as :func:`public_key_of` gives it. Raises NotDer, and NoPublicPart.

    PKCS#1, SEC 1 and PKCS#8 are told apart by what they hold, as Go's crypto/tls does, not by the words around them.
    """
    whole = Der(raw)
    key = whole.take(SEQUENCE, "a private key")
    whole.done("the private key")
    key.take(INTEGER, "the version")
    if key.tag == INTEGER:
        return _rsa(key)
    if key.tag == OCTETS:
        return _of_ec(key, None)
    algorithm = key.take(SEQUENCE, "the algorithm of the key")
    kind = algorithm.take(OID, "the algorithm of the key").rest
    within = key.take(OCTETS, "the private key").rest
    if kind == RSA:
        inner = Der(within).take(SEQUENCE, "an RSA key")
        inner.take(INTEGER, "the version")
        return _rsa(inner)
    if kind == EC:
        curve = algorithm.take(OID, "the curve").rest if algorithm.tag == OID else None
        inner = Der(within).take(SEQUENCE, "a key of a curve")
        inner.take(INTEGER, "the version")
        return _of_ec(inner, curve)
    if kind == ED25519:
        return _of_ed25519(key)
    raise NoPublicPart(f"nodecheck does not know its algorithm {dotted(kind)}")


def _of_ec(key: Der, curve: bytes | None) -> bytes:
    """Of a key of SEC 1, behind its version; the curve may stand around it instead."""
    key.take(OCTETS, "the private key")
    if key.tag == 0xA0:
        named = key.take(0xA0, "the curve")
        if named.tag != OID:
            raise NoPublicPart("its curve has no name")
        curve = named.take(OID, "the curve").rest
    if curve is None:
        raise NoPublicPart("it does not name its curve")
    if key.tag != 0xA1:
        raise NoPublicPart("it holds no public part")
    return _ec(curve, _bits(key.take(0xA1, "the public part").take(BITS, "the public part")))


def _of_ed25519(key: Der) -> bytes:
    if key.tag == 0xA0:
        key.skip("the attributes")
    if key.tag != 0x81:
        raise NoPublicPart("it holds no public part")
    point = _bits(key.take(0x81, "the public part"))
    return encoded(SEQUENCE, encoded(SEQUENCE, encoded(OID, ED25519)), encoded(BITS, b"\0", point))
