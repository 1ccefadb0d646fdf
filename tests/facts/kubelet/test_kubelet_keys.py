"""Every key of the kubelet's configuration, and the types that it is decoded to."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodecheck.facts.kubelet.files import KubeletFile, decode_file
from nodecheck.facts.kubelet.keys import ALL_KEYS, TOP_KEYS, ignored_keys, wrong_types
from nodecheck.facts.kubelet.table import BOOL, DURATION, FLOAT, INT, LIST, SETTINGS, STRING
from nodecheck.formats.tree import TreeNode
from tests.conftest import CORPUS

HEAD = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
WORDS = {
    BOOL: {"a boolean"}, STRING: {"a string"}, DURATION: {"a duration such as 30s"}, FLOAT: {"a number"},
    INT: {"a whole number", "a whole number of 32 bits"}, LIST: {"a list of strings"},
}  # fmt: skip


def decoded(text: str) -> KubeletFile:
    return decode_file((HEAD + text).encode(), "/x")


def wrong(text: str, release: tuple[int, int] | None = None) -> list[tuple[str, int]]:
    return [(key.name, node.line) for key, node in wrong_types(decoded(text).tree, release)]


def test_each_setting_is_a_key_of_the_same_type_and_release() -> None:
    for setting in SETTINGS.values():
        if setting.key is not None:
            key = ALL_KEYS[setting.key]
            assert key.since == (setting.since or ()), setting.key
            assert key.kind in WORDS.get(setting.kind, {key.kind}), setting.key


def test_keys_of_the_first_level_hold_those_below() -> None:
    for name in ALL_KEYS:
        if "." in name:
            assert ALL_KEYS[name.rpartition(".")[0]].kind == "an object"
    assert "authentication" in TOP_KEYS


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('maxPods: "110"\n', ["maxPods"]),
        ("maxPods: 110\n", []),
        ("maxPods: 2147483648\n", ["maxPods"]),  # int32
        ("podPidsLimit: 2147483648\n", []),  # int64
        ("maxPods: 1.5\n", ["maxPods"]),
        ("shutdownGracePeriod: 30\n", ["shutdownGracePeriod"]),
        ("shutdownGracePeriod: 30s\n", []),
        ("shutdownGracePeriod: 30 s\n", ["shutdownGracePeriod"]),
        ("cgroupDriver: on\n", ["cgroupDriver"]),  # YAML 1.1: a boolean
        ("failSwapOn: off\n", []),
        ('failSwapOn: "off"\n', ["failSwapOn"]),
        ("clusterDNS: 10.96.0.10\n", ["clusterDNS"]),
        ("clusterDNS: [10.96.0.10]\n", []),
        ("clusterDNS: [10]\n", ["clusterDNS"]),
        ("systemReserved: {cpu: 1}\n", ["systemReserved"]),
        ("systemReserved: {cpu: '1'}\n", []),
        ("authentication: {anonymous: {enabled: nope}}\n", ["authentication.anonymous.enabled"]),
        ("authentication: true\n", ["authentication"]),
        ("memoryThrottlingFactor: high\n", ["memoryThrottlingFactor"]),
        ("tlsCurvePreferences: [29, x]\n", ["tlsCurvePreferences"]),
        ("staticPodURLHeader: {Authorization: x}\n", ["staticPodURLHeader"]),
        ("reservedMemory: [{numaNode: 0}]\n", []),
        ("maxPods:\n", []),  # null is the empty value of any type
    ],
)
def test_types(text: str, names: list[str]) -> None:
    assert wrong(text) == [(name, 3) for name in names]


def test_a_key_that_the_release_does_not_have_is_of_no_type() -> None:
    assert wrong("podLogsDir: 1\n", (1, 29)) == []
    assert wrong("podLogsDir: 1\n", (1, 30)) == [("podLogsDir", 3)]


@pytest.mark.parametrize(
    ("text", "release", "in_any_case", "names"),
    [
        ("maxpods: 5\n", None, False, ["maxpods"]),
        ("maxpods: 5\n", None, True, []),
        ("authentication: {anonymus: {enabled: false}}\n", None, False, ["authentication.anonymus"]),
        ("failCgroupV1: false\n", (1, 30), False, ["failCgroupV1"]),
        ("failCgroupV1: false\n", (1, 31), False, []),
        ("logging: {options: {json: {infoBufferSize: '0'}}, nosuch: 1}\n", None, False, []),  # not looked into
    ],
)
def test_keys_that_nobody_reads(
    text: str, release: tuple[int, int] | None, in_any_case: bool, names: list[str]
) -> None:
    assert [name for name, _ in ignored_keys(decoded(text).tree, release, in_any_case)] == names


def test_real_configurations_have_known_keys_of_the_right_types() -> None:
    files = [
        path for path in sorted(Path(CORPUS).glob("06-runtime-config/files/**/kubelet/**/*"))
        if path.is_file() and b"KubeletConfiguration" in path.read_bytes()
    ]  # fmt: skip
    if not files:
        pytest.skip("the corpus is not beside this checkout")
    assert len(files) >= 8
    for path in files:
        tree = decode_file(path.read_bytes(), str(path)).tree
        assert [key.name for key, _ in wrong_types(tree, None)] == [], path
        assert {name for name, _ in ignored_keys(tree, None)} <= {"cgroup-driver"}, path  # written so by hand


@given(st.sampled_from(sorted(ALL_KEYS)), st.text(max_size=30))
def test_a_text_is_right_for_strings_alone(name: str, value: str) -> None:
    first, _, rest = name.partition(".")
    node = TreeNode(value, "/x", 1)
    for part in reversed(rest.split(".") if rest else []):
        node = TreeNode({part: node}, "/x", 1)
    found = [key.name for key, _ in wrong_types({first: node}, None)]

    assert found == [] or ALL_KEYS[name].kind != "a string"
    assert found == [name] or ALL_KEYS[name].kind in ("a string", "a duration such as 30s")
