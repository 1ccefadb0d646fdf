"""What the kernel makes of a written value, against the kernel itself in a network namespace of its own."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodecheck.facts.sysctl.variables import default_of, master_of, same_variable, taken
from tests.pairs import equal_pairs

KEY = "net/ipv4/ip_forward"

INNER = """
import json, sys
found = []
for text in json.load(sys.stdin):
    with open("/proc/sys/net/ipv4/ip_forward", "wb", buffering=0) as file:
        file.write(b"7\\n")
    try:
        with open("/proc/sys/net/ipv4/ip_forward", "wb", buffering=0) as file:
            file.write(text.encode() + b"\\n")
    except OSError:
        pass
    with open("/proc/sys/net/ipv4/ip_forward") as file:
        found.append(file.read().strip())
json.dump(found, sys.stdout)
"""

TEXTS = ("0", "1", "-1", "+1", "0x1", "0X1f", "0x", "010", "08", "1x", " 1", "1 # c", "1\t2", "1,2", "", "2147483648",
         "-2147483648", "-2147483649", "1\v", "\v1", "-", "- 1", "00000000000000000001", "000000000000000000001",
         "-0x1", "1_0", "１", "0b1", "1.0", "true")  # fmt: skip


def test_the_kernel_agrees() -> None:
    if shutil.which("unshare") is None:
        pytest.skip("unshare is not installed")
    dice = random.Random(1)
    texts = [*TEXTS, *("".join(dice.choices("01289xX-+ \t#;,afg\r\v", k=dice.randint(1, 8))) for _ in range(500))]
    done = subprocess.run(
        ["unshare", "-n", sys.executable, "-c", INNER],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip("network namespaces, or writing to their sysctls, are not permitted here")
    for text, truth in equal_pairs(texts, json.loads(done.stdout)):
        assert (taken(KEY, text).value or "7") == truth, text


@given(st.integers(-(2**31), 2**31 - 1))
def test_numbers_are_kept(number: int) -> None:
    assert taken(KEY, f" {number} # {number}").value == str(number)


def test_vectors_keep_what_fits() -> None:
    assert taken("net/ipv4/tcp_rmem", "4096\t131072  6291456 9").value == "4096 131072 6291456"
    assert taken("vm/swappiness", "201").value is None


def test_keys_of_the_network_are_no_longer_than_32_bits() -> None:
    assert taken("net/core/somaxconn", "99999999999").value is None
    assert taken("net/ipv4/tcp_notsent_lowat", "4294967295").value == "4294967295"
    assert taken("net/ipv4/tcp_mem", "1 2 99999999999").value == "1 2 99999999999"


def test_forwarding_has_two_names_and_rules_the_interfaces() -> None:
    assert same_variable("net/ipv4/conf/all/forwarding") == same_variable(KEY)
    assert master_of("net/ipv4/conf/eth0/forwarding") == KEY
    assert master_of("net/ipv6/conf/default/forwarding") == "net/ipv6/conf/all/forwarding"
    assert master_of("net/ipv4/conf/all/forwarding") is None
    assert default_of("fs/aio-max-nr") is None
