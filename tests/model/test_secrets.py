"""Secrets go, and nothing else: files of nodes, harmless twins, judged settings, hostile texts, and any text."""

from __future__ import annotations

import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodecheck.facts.kubelet.flags import _BOOLEAN, _VALUED
from nodecheck.facts.kubelet.table import SETTINGS
from nodecheck.facts.runtimes.docker_options import KINDS
from nodecheck.model.evidence import VALUE_LIMIT, seen
from nodecheck.model.secret_keys import _KEYS, is_secret_key
from nodecheck.model.secrets import masked, masked_bytes
from nodecheck.text import MASK
from tests.secrets import FILES, HARMLESS, SecretFile


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.path))
def test_no_secret_of_a_file_is_left(file: SecretFile) -> None:
    found = masked(file.text)

    assert [word for word in file.secrets if word in found] == []
    assert found.count("\n") == file.text.count("\n")
    assert masked(found) == found


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.path))
def test_each_line_with_a_key_hides_its_secret_by_itself(file: SecretFile) -> None:
    """A message quotes a line; a value that stands on lines of its own can only be known among its neighbours."""
    for line in file.text.split("\n"):
        alone = [word for word in file.secrets if word in line and not line.strip().startswith(word)]
        for quoted in (line, f"expected a string, found {line!r}", f"x: line 3: {line.strip()}"):
            found = masked(quoted)
            assert [word for word in alone if word in found and not _among_neighbours(line)] == []


def _among_neighbours(line: str) -> bool:
    return line.strip().startswith(
        ("MIIE", "pemSecret", "value: ", '"value": ', "root:cloudSecret4", "me:cloudSecret5")
    )


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_twins_stay(text: str) -> None:
    assert masked(text) is text


def test_what_is_not_secret_of_a_line_stays() -> None:
    line = "root=/dev/sda http_proxy=http://u:p@h:1/ token=abc systemd.swap=0 swapaccount=1"

    assert masked(line) == f"root=/dev/sda http_proxy=http://{MASK}@h:1/ token={MASK} systemd.swap=0 swapaccount=1"
    assert masked("//n/x /m cifs user=a,password=b,noauto 0 0") == f"//n/x /m cifs user=a,password={MASK},noauto 0 0"
    assert masked('{"password": 12, "live-restore": true}') == f'{{"password": "{MASK}", "live-restore": true}}'


VALUES = ("true", "false", "0", "1", "-1", "systemd", "Webhook", "AlwaysAllow", "/a/b", "100Mi", "1m0s", "10%", "a,b")


@pytest.mark.parametrize("value", VALUES)
def test_judged_settings_stay(value: str) -> None:
    """Each option of the kubelet and of dockerd that a fact reads, in the forms in which it can be set."""
    flags = [setting.flag for setting in SETTINGS.values() if setting.flag]
    keys = [setting.key.rpartition(".")[2] for setting in SETTINGS.values() if setting.key]
    lines = [f"--{name}={value}" for name in (*flags, *KINDS)]
    lines += [f"--{name} {value}" for name in (*flags, *KINDS)]
    lines += [f"{key}: {value}" for key in keys] + [f'{{"{name}": "{value}"}}' for name in (*keys, *KINDS)]

    assert len(lines) > 200
    assert [line for line in lines if masked(line) != line] == []


def test_of_all_flags_of_the_kubelet_one_names_a_secret() -> None:
    assert {name for name in (_BOOLEAN + _VALUED).split() if is_secret_key(name)} == {"storage-driver-password"}


@pytest.mark.parametrize("word", sorted(_KEYS))
def test_each_word_before_a_key_makes_a_secret_of_it(word: str) -> None:
    for key in (f"{word}_key", f"{word}-key", f"{word}Key", f"my.{word}.key", f"{word}key", f"{word.upper()}_KEY_DATA"):
        assert masked(f"{key}: abcdefgh") == f"{key}: {MASK}"


def test_a_secret_that_a_cut_parts_is_gone_before_the_cut() -> None:
    value = "x" * (VALUE_LIMIT - 20) + " http://user:longSecretWord@host/"

    assert "longS" not in (seen("/f", value).value or "")


@pytest.mark.parametrize(
    ("quoted", "secret"),
    [
        ("found 'http://user:hunter…'", "hunter"),
        ("http://user:hunter", "hunter"),
        ("-----BEGIN PRIVATE KEY-----\nMIIEabc", "MIIEabc"),
        ('"-----BEGIN PRIVATE KEY-----\\nMIIEabc\\n-----END PRIVATE KEY-----"', "MIIEabc"),
        ("found 'a\\npsk=hunter'", "hunter"),
    ],
)
def test_what_was_cut_or_quoted_hides_it_too(quoted: str, secret: str) -> None:
    assert secret not in masked(quoted)


def test_bytes_that_are_no_text_stay() -> None:
    assert masked_bytes(b"\xff token: abc\n\xfe") == b"\xff token: ~secret~\n\xfe"


HOSTILE = (
    "a:a:a:@@@", "token=", "token: ", "token='", "password ", "-----BEGIN PRIVATE KEY-----\n", "://a:b", "eyJ",
    "auth=[",
    "{token:", "chpasswd a:", "a:b|chpasswd ", "login a password ", "- ", "''token''=", "password\t", "proxy=@:",
    "-----BEGIN PRIVATE KEY-----\n@\n", "$6$a", "abcdef.0123456789abcdef.", "K10ffff",
    "mysql -", "login -p ", "curl -u a:", "echo a|", "password = '''\n", "password: 'a\n  ", "token='\\\n", "<token>a",
    "chpasswd list:", "neighbor x password ", "iscsi:a:", "a:a@tcp(", "openssl passwd -a ", "htpasswd -b ", "?sig=a://",
)  # fmt: skip


@pytest.mark.parametrize("unit", HOSTILE)
def test_time_is_linear_in_hostile_text(unit: str) -> None:
    """Eight times the text takes some eight times as long, and not sixty-four."""

    def seconds(size: int) -> float:
        text = (unit * (size // len(unit) + 1))[:size] + " token=x @"
        best = float("inf")
        for _ in range(3):
            started = time.process_time()
            masked(text)
            best = min(best, time.process_time() - started)
        return best

    small = seconds(1 << 13)
    assert seconds(1 << 16) < 30 * small + 0.05


SECRET = st.text(string.ascii_letters + string.digits + "/+_-.!", min_size=8, max_size=40).map(lambda text: f"Zq{text}")
FORMS = (
    "token: {}", "  - password: {}", "token: '{}'", 'secret = "{}"', "psk={}", "AWS_SECRET_ACCESS_KEY={}", "--token={}",
    "x --password {} -v", '{{"a": 1, "password": "{}", "b": 2}}', "http://user:{}@host:1/", "ro token={} quiet",
    "client-key-data: {}", "agentToken: |\n  {}\nx: 1", "found 'passphrase: {}' there", "private_key: >-\n    {}",
    "-----BEGIN EC PRIVATE KEY-----\n{}\n-----END EC PRIVATE KEY-----", "Authorization: Bearer {}", "a,password={},b=1",
    'args: ["--token", "{}"]', "Environment=\"DB_PASSWORD={}\" X=1", "password_pbkdf2 root {}", "// {{pass={}}}",
)  # fmt: skip


@given(st.sampled_from(FORMS), SECRET, st.text(max_size=30).filter(lambda text: "'" not in text and '"' not in text))
def test_no_secret_survives_in_any_form(form: str, secret: str, around: str) -> None:
    text = f"{around}\n{form.format(secret)}\n{around}"

    assert secret not in masked(text)


@given(st.text(string.printable, max_size=200))
def test_it_is_idempotent_and_keeps_lines(text: str) -> None:
    found = masked(text)

    assert masked(found) == found
    assert found.count("\n") == text.count("\n")


@given(st.text(string.ascii_letters + " \n=:-/'\"{}[]#,", max_size=200))
def test_text_without_triggers_is_itself(text: str) -> None:
    lower = text.lower()
    if not any(
        word in lower for word in ("pass", "token", "secret", "psk", "key", "auth", "pwd", "rootpw", "eyj", "://")
    ):
        assert masked(text) is text
