"""JSON and YAML as Kubernetes reads them."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from nodecheck.errors import TooLarge
from nodecheck.formats.plain_yaml import load_plain
from nodecheck.formats.structured import load, load_yaml, mappings
from nodecheck.formats.tree import Malformation, Number, TreeNode, scalar
from tests.certificates import certificate, kubeconfig, private_key


def plain(node: TreeNode) -> Any:
    if isinstance(node.value, dict):
        return {key: plain(value) for key, value in node.value.items()}
    if isinstance(node.value, Number):
        return float(node.value.text)
    return [plain(item) for item in node.value] if isinstance(node.value, tuple) else node.value


words = st.text(
    alphabet=st.characters(min_codepoint=32, max_codepoint=0x24F, exclude_characters="\x7f\x85"), max_size=8
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-999, 999) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(words, values, max_size=4))
def test_json_comes_back(value: dict[str, Any]) -> None:
    assert plain(load(json.dumps(value, indent=1).encode(), "x").root) == value


@given(st.dictionaries(words, values, max_size=4))
def test_yaml_comes_back(value: dict[str, Any]) -> None:
    # Every string quoted, since go-yaml knows words (y, n) that PyYAML writes plainly.
    raw = yaml.safe_dump(value, default_style='"', allow_unicode=True).encode()
    raw = raw.replace(b'!!int "', b'"').replace(b'!!bool "', b'"').replace(b'!!null "', b'"')
    strings = yaml.load(raw, Loader=yaml.BaseLoader)
    assert plain(load_yaml(raw, "x").root) == (strings or {})


@given(st.binary(max_size=200))
def test_noise_is_read_or_refused(raw: bytes) -> None:
    for text in (raw, b"{" + raw, b"a: " + raw):
        with contextlib.suppress(Malformation):
            assert load(text, "x").root.path == "x"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("no", False), ("n", False), ("On", True), ("TRUE", True), ("tRUE", "tRUE"), ("~", None), ("", None)]
    + [(word, word) for word in ("10s", "-", "+", ".", "1.2.3", "0x", "2026-11-22", "unix:///run/x", "e5")]
    + [(word, Number(word)) for word in ("1", "-1", "1_000", "0x1F", "1.5", ".5", "1e3", "-.inf")],
)
def test_plain_scalars(text: str, expected: object) -> None:
    assert scalar(text) == expected
    assert scalar(text, plain=False) == text


def test_a_key_given_twice_counts_as_the_last_and_is_told() -> None:
    assert plain(load(b"a: 1\nb: 2\na: 3\n", "x").root) == {"a": 3, "b": 2}
    assert load(b"a: 1\nb: 2\na: 3\n", "x").duplicate == "a"
    found = load(b'{"a": {"b": 1, "c": 2}, "a": {"b": null, "c": 3}}', "x")
    assert (plain(found.root), found.duplicate) == ({"a": {"b": 1, "c": 3}}, "a")


def test_anchors_merges_and_only_the_first_document() -> None:
    raw = b"x: &x {a: 1, b: 2}\nw:\n  <<: *x\n  b: 3\nz: *x\n---\nx: {"
    assert plain(load(raw, "x").root) == {"x": {"a": 1, "b": 2}, "w": {"a": 1, "b": 3}, "z": {"a": 1, "b": 2}}


def test_billion_laughs_are_not_counted() -> None:
    levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    assert set(load(("a0: &a0 lol\n" + levels).encode(), "x").root.value) >= {"a0", "a29"}


@pytest.mark.parametrize(
    "raw",
    [
        b"a: 1\n\tb: 2\n",
        b"a: b: c\n",
        b"a: *nothing\n",
        b"a: &x [*x]\n",
        b"{a: 1}",
        b'{"a": 1,}',
        b'{"a": NaN}',
        b'{"a": 1} x',
        b"a: \xff\n",
        b"? {a: 1}\n: 2\n",
        b"[" * 100_000,
    ],
)
def test_what_is_refused(raw: bytes) -> None:
    with pytest.raises(Malformation):
        load(raw, "x")


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":' * 100_000,
        b'{"a":[' + b"[" * 200 + b"]" * 200 + b"]}",
        b"a: " + b"[" * 200 + b"]" * 200 + b"\n",
        b"a:\n" + b"- 1\n" * 30_000,
    ],
)
def test_what_is_beyond_our_own_bounds_is_not_said_to_be_malformed(raw: bytes) -> None:
    """Go's decoders take 10,000 levels, and any number of keys."""
    with pytest.raises(TooLarge, match="/x"):
        load(raw, "/x")


def test_lines() -> None:
    tree = load(b"# c\n\na: 1\nb:\n  c: x\n", "x").root.value
    assert (tree["a"].line, tree["b"].line, tree["b"].value["c"].line) == (3, 4, 5)
    tree = load(b'{"x": "a\\": b",\n"a":\n 1}', "x").root.value
    assert (tree["a"].line, tree["x"].line) == (2, 1)


def test_the_line_of_a_key_that_stands_twice_is_told_where_the_last_one_counts() -> None:
    source = b'{"x": {\n"on": 1},\n"y": {\n"on": 2}}'

    for located, line in (((), 0), (("on",), 4)):
        tree = load(source, "f", located=located).root.value
        assert [tree[name].value["on"].line for name in "xy"] == [line, line]


def test_an_empty_text_is_null() -> None:
    assert load(b"# nothing\n", "x").root.value is None


KEYS = [
    "a:",
    "b:",
    "c.d:",
    "- ",
    "-",
    "- a:",
    "-  b:",
    "- - a:",
    "- 'a':",
    "- no:",
    "- b:",
    "-   a:",
    "- 'a':",
    "- - ",
    "# x",
    "---",
    "...",
    "a",
    "no:",
    "<<:",
    "'a':",
    "",
    "? a",
    "a :",
]
REST = [
    " 1",
    "",
    " x",
    " x:y",
    " x:",
    " no",
    " ~",
    " 'q: #'",
    ' "q"',
    ' "\\t"',
    " {}",
    " []",
    " {a: 1}",
    " -",
    " -5",
    " - 1",
    " x # y",
    " x#y",
    "#y",
    " #y",
    " x y",
    " &x 1",
    " *x",
]
REST += [
    " |",
    " !!str 1",
    "  x  ",
    " %x",
    " 0x1F",
    " é",
    " --x=y",
    " --",
    " ---",
    " -x",
    " a?b&c*d;e",
    " ?x",
    " - a: 1",
]

lines = st.builds(
    "{}{}{}".format, st.sampled_from(("", "", " ", "  ", "    ")), st.sampled_from(KEYS), st.sampled_from(REST)
)


@settings(max_examples=600)
@given(st.lists(lines, max_size=7))
def test_the_plain_reader_agrees_with_the_whole_one(source: list[str]) -> None:
    raw = "\n".join(source).encode()
    found = load_plain(raw, "x")
    if found is not None:
        assert found == load_yaml(raw, "x")


def test_the_plain_reader_reads_what_kubeadm_writes() -> None:
    raw = (
        b"apiVersion: kubelet.config.k8s.io/v1beta1\nauthentication:\n  anonymous:\n    enabled: false\n  webhook:\n"
        b"    cacheTTL: 0s\n    enabled: true\n  x509:\n    clientCAFile: /etc/kubernetes/pki/ca.crt\n"
        b"cgroupDriver: systemd\nclusterDNS:\n- 10.96.0.10\nclusterDomain: cluster.local\n"
        b'containerRuntimeEndpoint: ""\nkind: KubeletConfiguration\nmemorySwap: {}\nshutdownGracePeriod: 0s\n'
    )
    found = load_plain(raw, "x")
    assert found is not None
    assert found == load_yaml(raw, "x")
    assert found.root.value["cgroupDriver"] == TreeNode("systemd", "x", 10)


def test_the_plain_reader_reads_a_kubeconfig() -> None:
    """Lists of mappings, and values of thousands of characters."""
    raw = kubeconfig(certificate(), certificate() * 3, private_key()).encode()
    found = load_plain(raw, "x")
    assert found is not None
    assert found == load_yaml(raw, "x")
    assert load_plain(b"k" * 1100 + b": 1\n", "x") is None


def test_a_number_is_no_list() -> None:
    """It is a tuple in Python; what looks for the items of a list finds none."""
    root = load(b"spec: 7\nmore: [{a: 1}]\n<<: 7\n", "x").root.value
    assert list(mappings(root["spec"])) == []
    assert [list(item) for item in mappings(root["more"])] == [["a"]]


MANIFEST = b"""apiVersion: v1
kind: Pod
metadata:
  annotations:
    kubeadm.kubernetes.io/etcd.advertise-client-urls: https://192.0.2.10:2379
  creationTimestamp: null
  name: etcd
spec:
  containers:
  - command:
    - etcd
    - --advertise-client-urls=https://192.0.2.10:2379
    - --snapshot-count=10000
    image: registry.k8s.io/etcd:3.5.16-0
    livenessProbe:
      failureThreshold: 8
      httpGet:
        host: 127.0.0.1
        path: /health?exclude=NOSPACE&serializable=true
        port: 2381
    name: etcd
    volumeMounts:
    - mountPath: /var/lib/etcd
      name: etcd-data
    - mountPath: /etc/kubernetes/pki/etcd
      name: etcd-certs
  hostNetwork: true
  volumes:
  - hostPath:
      path: /etc/kubernetes/pki/etcd
      type: DirectoryOrCreate
    name: etcd-certs
status: {}
"""
"""As kubeadm 1.32 writes it (``app/phases/etcd/local.go``), without what repeats."""


def test_the_plain_reader_reads_a_manifest_of_kubeadms() -> None:
    found = load_plain(MANIFEST, "x")

    assert found is not None
    assert found == load_yaml(MANIFEST, "x")
    (container,) = found.root.value["spec"].value["containers"].value
    assert container.line == 10
    assert container.value["volumeMounts"].value[1].value["name"] == TreeNode("etcd-certs", "x", 26)


def test_the_plain_reader_gives_up_before_the_whole_one_would_refuse() -> None:
    raw = b"a:\n" + b"- b:\n    c: 1\n" * 7000

    assert load_plain(raw, "x") is None
    with pytest.raises(TooLarge):
        load_yaml(raw, "x")
