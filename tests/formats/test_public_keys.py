"""Certificates and keys in DER: by hand, by OpenSSL, by ``cryptography``, and damaged in many ways."""

from __future__ import annotations

import base64
import random
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodecheck.formats.der import BITS, INTEGER, LARGEST, OCTETS, SEQUENCE, Der, NotDer, dotted, encoded
from nodecheck.formats.moments import utc_minute
from nodecheck.formats.public_keys import (
    EC,
    ED25519,
    RSA,
    NoPublicPart,
    certificate_of,
    moment_of,
    public_key_of,
    public_part_of,
    rsa_public_key_of,
)
from tests.certificates import certificate_der, pkcs1, pkcs8, public_key, sec1

BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
BEGIN_S, END_S = 1767225600, 4102444800

openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl")


# -- DER


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("", r"byte 0: expected a list"),
        ("30", r"byte 0: ends before its length"),
        ("3005", r"byte 0: ends before the end that its length gives"),
        ("3080020101 0000", r"byte 0: a length that is not given \(BER\)"),
        ("308101 00", r"byte 0: a length in more bytes than it takes, or cut off"),
        ("30820001 00", r"byte 0: a length in more bytes than it takes, or cut off"),
        ("308200ff", r"byte 0: a length in more bytes than it takes, or cut off"),
        ("3082", r"byte 0: a length in more bytes than it takes, or cut off"),
        ("3084ffffffff", r"byte 0: ends before the end that its length gives"),
        ("30ff", r"byte 0: ends before the end that its length gives"),
        ("0403616263", r"byte 0: expected a list \(tag 0x30\)"),
    ],
)
def test_what_is_no_der_is_refused_by_its_place(raw: str, why: str) -> None:
    with pytest.raises(NotDer, match=why):
        Der(bytes.fromhex(raw)).take(SEQUENCE, "a list")


def test_a_tag_of_several_bytes_is_refused() -> None:
    with pytest.raises(NotDer, match="byte 0: a tag of several bytes"):
        Der(bytes.fromhex("3f810100")).skip("anything")
    with pytest.raises(NotDer, match="byte 0: expected anything, found the end"):
        Der(b"").skip("anything")


def test_what_is_too_large_is_refused_unread() -> None:
    with pytest.raises(NotDer, match=f"has {LARGEST + 1} bytes"):
        Der(bytes(LARGEST + 1))


@given(st.binary(max_size=70000), st.sampled_from([SEQUENCE, OCTETS]))
def test_what_is_encoded_is_read_back(content: bytes, tag: int) -> None:
    raw = encoded(tag, content)
    if len(raw) > LARGEST:
        return
    whole = Der(raw)
    assert whole.take(tag, "it").rest == content
    whole.done("it")
    assert whole.tag is None


def test_what_is_behind_is_told() -> None:
    whole = Der(encoded(INTEGER, b"\1") + b"\0\0")
    whole.take(INTEGER, "it")
    with pytest.raises(NotDer, match="byte 3: something behind it"):
        whole.done("it")


def test_object_identifiers() -> None:
    assert [dotted(one) for one in (RSA, EC, ED25519)] == ["1.2.840.113549.1.1.1", "1.2.840.10045.2.1", "1.3.101.112"]
    assert dotted(b"\x88\x37") == "2.999"
    assert dotted(b"") == ""


# -- times


@pytest.mark.parametrize(
    "text",
    ["", "Z", "260101000000", "2601010000Z", "260101000000+0100", "261301000000Z", "260100000000Z", "260230000000Z",
     "270229000000Z", "260101240000Z", "260101006000Z", "260101000060Z", "20260101000000.5Z",
     "２６０１０１００００００Z"],
)  # fmt: skip
def test_no_time(text: str) -> None:
    with pytest.raises(NotDer):
        moment_of(text)


@given(st.integers(-631152000, 253402300799))
def test_times_are_those_of_the_calendar(moment: int) -> None:
    from datetime import datetime, timedelta

    text = (datetime(1970, 1, 1) + timedelta(seconds=moment)).strftime("%Y%m%d%H%M%SZ")
    assert moment_of(text.zfill(15)) == moment
    assert utc_minute(moment) == f"{text[:4]}-{text[4:6]}-{text[6:8]} {text[8:10]}:{text[10:12]} UTC"
    if 1950 <= int(text[:4]) < 2050:
        assert moment_of(text[2:]) == moment


# -- by hand


@pytest.mark.parametrize("kind", [RSA, EC, ED25519])
def test_a_certificate_and_its_key(kind: bytes) -> None:
    begin, end, key = certificate_of(certificate_der(BEGIN_S, END_S, seed=1, kind=kind))
    keys = {RSA: [pkcs1(1), pkcs8(1)], EC: [sec1(1), pkcs8(1, EC)], ED25519: [pkcs8(1, ED25519)]}[kind]

    assert (begin, end, key) == (BEGIN_S, END_S, public_key(1, kind))
    assert [public_part_of(one) for one in keys] == [key] * len(keys)
    assert public_part_of(keys[0]) != certificate_of(certificate_der(BEGIN_S, END_S, seed=2, kind=kind))[2]
    assert public_key_of(key) == key


def test_a_public_key_of_pkcs1_is_the_same_key() -> None:
    inner = Der(public_key()).take(SEQUENCE, "it")
    inner.skip("the algorithm")
    assert rsa_public_key_of(inner.take(BITS, "the key").rest[1:]) == public_key()


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (sec1(public=False), "it holds no public part"),
        (sec1(curve=False), "it does not name its curve"),
        (pkcs8(kind=EC, public=False), "it holds no public part"),
        (pkcs8(kind=ED25519, public=False), "it holds no public part"),
        (sec1().replace(bytes.fromhex("03420004"), bytes.fromhex("03420002")), "a compressed point"),
        (sec1().replace(bytes.fromhex("a00a0608"), bytes.fromhex("a00a3008")), "its curve has no name"),
        (pkcs8(kind=ED25519).replace(ED25519, bytes.fromhex("2b656e")), r"does not know its algorithm 1\.3\.101\.110"),
    ],
)
def test_a_key_whose_public_part_cannot_be_told(raw: bytes, why: str) -> None:
    with pytest.raises(NoPublicPart, match=why):
        public_part_of(raw)


def _refused(raw: bytes) -> bool:
    try:
        certificate_of(raw)
    except (NotDer, NoPublicPart):
        return True
    return False


def test_every_end_that_is_cut_off_is_refused() -> None:
    whole = certificate_der(BEGIN_S, END_S)
    assert [size for size in range(len(whole)) if not _refused(whole[:size])] == []
    assert _refused(whole + b"\0")
    for key in (pkcs1(), sec1(), pkcs8(), pkcs8(kind=EC), pkcs8(kind=ED25519)):
        for size in range(len(key)):
            with pytest.raises((NotDer, NoPublicPart)):
                public_part_of(key[:size])
        with pytest.raises(NotDer, match="behind the private key"):
            public_part_of(key + b"\0")


@given(st.binary(max_size=600))
def test_garbage_is_refused_and_nothing_else_happens(raw: bytes) -> None:
    for read in (certificate_of, public_part_of, public_key_of, rsa_public_key_of):
        assert _said(read, raw) != ""


def _said(read: Callable[[bytes], object], raw: bytes) -> str | None:
    """Why it is refused; None where it is not."""
    try:
        read(raw)
    except (NotDer, NoPublicPart) as error:
        return str(error)
    return None


SECRETS = (pkcs1(5), sec1(5), pkcs8(5), pkcs8(5, EC), pkcs8(5, ED25519))


@given(st.sampled_from(SECRETS), st.data())
def test_no_word_about_a_damaged_key_holds_a_part_of_it(raw: bytes, data: st.DataObject) -> None:
    """But for its algorithm, nothing is said but at which byte something else was to stand."""
    place = data.draw(st.integers(0, len(raw) - 1))
    damaged = bytes([*raw[:place], raw[place] ^ data.draw(st.integers(1, 255)), *raw[place + 1 :]])
    said = _said(public_part_of, damaged) or ""
    plain = re.sub(r"algorithm [0-9.a-f]+$", "", re.sub(r"^byte \d+: |\(tag 0x[0-9a-f]{2}\)$|^has \d+ bytes", "", said))
    assert re.search("[0-9]", plain.replace("RSA", "")) is None


# -- real ones


def made(folder: Path, *argv: str) -> bytes:
    """What openssl writes; skips where this one does not have it."""
    done = subprocess.run(["openssl", *argv], cwd=folder, capture_output=True, check=False, timeout=60)
    if done.returncode:
        pytest.skip(f"openssl {argv[0]}: {done.stderr.decode()[:200]}")
    return done.stdout


KINDS = {
    "rsa": ("RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
    "rsa-3072": ("RSA", "-pkeyopt", "rsa_keygen_bits:3072"),
    "p256": ("EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "p384": ("EC", "-pkeyopt", "ec_paramgen_curve:P-384"),
    "ed25519": ("ED25519",),
}


@openssl
@pytest.mark.parametrize("kind", KINDS)
def test_openssl_says_the_same(tmp_path: Path, kind: str) -> None:
    made(tmp_path, "genpkey", "-algorithm", *KINDS[kind], "-out", "key.pem")
    made(tmp_path, "req", "-new", "-x509", "-key", "key.pem", "-subj", "/CN=x", "-days", "40", "-out", "crt.pem")
    key = made(tmp_path, "pkey", "-in", "key.pem", "-pubout", "-outform", "DER")
    der = made(tmp_path, "x509", "-in", "crt.pem", "-outform", "DER")
    dates = made(tmp_path, "x509", "-in", "crt.pem", "-noout", "-dates").decode()

    begin, end, own = certificate_of(der)

    assert own == key == public_key_of(key)
    assert [_seconds(line) for line in dates.strip().split("\n")] == [begin, end]
    forms = [made(tmp_path, "pkcs8", "-topk8", "-nocrypt", "-in", "key.pem", "-outform", "DER")]
    if kind != "ed25519":
        forms.append(made(tmp_path, "pkey", "-in", "key.pem", "-traditional", "-outform", "DER"))
        assert [public_part_of(form) for form in forms] == [key, key]
    else:
        with pytest.raises(NoPublicPart):
            public_part_of(forms[0])


def _seconds(line: str) -> int:
    from calendar import timegm
    from time import strptime

    return timegm(strptime(line.partition("=")[2], "%b %d %H:%M:%S %Y GMT"))


def bundled() -> list[bytes]:
    """The authorities that this machine trusts: certificates of many makers and years."""
    for path in BUNDLES:
        if Path(path).is_file():
            text = Path(path).read_text("ascii", "replace")
            blocks = re.findall(r"-----BEGIN CERTIFICATE-----\n(.*?)-----END CERTIFICATE-----", text, re.DOTALL)
            return [base64.b64decode(block) for block in blocks]
    return []


def test_authorities_of_this_machine() -> None:
    found = bundled()
    if not found:
        pytest.skip("this machine has no bundle of authorities")
    periods = [certificate_of(raw)[:2] for raw in found]

    assert len(found) > 50
    assert [period for period in periods if period[0] >= period[1]] == []


def damaged(raw: bytes, count: int, seed: int) -> Iterator[bytes]:
    """The same with bytes changed, taken away, put in, or cut off."""
    draw = random.Random(seed)
    for _ in range(count):
        text = bytearray(raw)
        for _ in range(draw.choice((1, 1, 1, 2, 8))):
            place = draw.randrange(len(text))
            act = draw.randrange(4)
            if act == 0:
                text[place] ^= 1 << draw.randrange(8)
            elif act == 1:
                text[place] = draw.randrange(256)
            elif act == 2:
                del text[place : place + draw.choice((1, 2, 30))]
            else:
                text[place:place] = bytes([draw.randrange(256)])
            if not text:
                break
        yield bytes(text)


def test_cryptography_says_the_same_of_authorities_and_of_damaged_ones() -> None:
    """What ``cryptography`` reads, we read with the same validity and the same key, or we refuse it by name."""
    x509 = pytest.importorskip("cryptography.x509")
    found = bundled() or [certificate_der(BEGIN_S, END_S)]
    compared = 0
    for number, raw in enumerate(found):
        assert _ours(raw) == _theirs(x509, raw)
        for other in damaged(raw, 40, number):
            ours, theirs = _ours(other), _theirs(x509, other)
            if ours is not None and theirs is not None:
                assert ours == theirs
                compared += 1
    assert compared > 10


def _ours(raw: bytes) -> tuple[int, int, str] | None:
    try:
        begin, end, key = certificate_of(raw)
    except (NotDer, NoPublicPart):
        return None
    return begin, end, sha256(key).hexdigest()


def _theirs(x509: Any, raw: bytes) -> tuple[int, int, str] | None:
    import warnings
    from datetime import datetime, timezone

    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = x509.load_der_x509_certificate(raw)
            key = found.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            times = [found.not_valid_before_utc, found.not_valid_after_utc]
        except Exception:
            return None
    begin, end = [int((time - datetime(1970, 1, 1, tzinfo=timezone.utc)).total_seconds()) for time in times]
    return begin, end, sha256(key).hexdigest()


@pytest.mark.parametrize("form", ["TraditionalOpenSSL", "PKCS8"])
@pytest.mark.parametrize("kind", ["rsa", "p256", "p384", "p521"])
def test_cryptography_writes_keys_that_are_read(kind: str, form: str) -> None:
    to = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    ec = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ec")
    rsa = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.rsa")

    curves = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1(), "p521": ec.SECP521R1()}
    key = rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(curves[kind])
    raw = key.private_bytes(to.Encoding.DER, getattr(to.PrivateFormat, form), to.NoEncryption())
    public = key.public_key().public_bytes(to.Encoding.DER, to.PublicFormat.SubjectPublicKeyInfo)

    assert public_part_of(raw) == public
    for other in damaged(raw, 200, 7):
        try:
            public_part_of(other)
        except (NotDer, NoPublicPart):
            continue
