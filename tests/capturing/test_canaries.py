"""No secret of a node is in its capture, nor in what becomes of it: put into every file that a fact reads."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import nodecheck
from nodecheck.capturing.complete import captured
from nodecheck.capturing.files import packed
from nodecheck.capturing.text import dumped
from nodecheck.checking.reads import facts_of
from nodecheck.errors import FactError
from nodecheck.host import Host, open_host
from nodecheck.host.base import Question
from nodecheck.model.sources import File, First, Tree, UnitText, declared, plain_forms
from nodecheck.plugins import Registry, load
from nodecheck.testing import write_tree
from tests.nodes import debian_node, rocky_node
from tests.secrets import FILES

SECRETS = tuple(word for item in FILES for word in item.secrets)

LINES = """\
password: {0}Secret01
  token: {0}Secret02
api_token = "{0}Secret03"
AWS_SECRET_ACCESS_KEY={0}Secret04
{{"auth": "{0}Secret05", "identitytoken": "{0}Secret06"}}
Environment="DB_PASSWORD={0}Secret07" HTTP_PROXY=http://me:{0}Secret08@proxy:3128
ExecStart=/usr/bin/app --token {0}Secret09 --password={0}Secret10
curl -H 'Authorization: Bearer {0}Secret11' https://me:{0}Secret12@host/
private-key={0}Secret13=
psk={0}Secret14
-----BEGIN RSA PRIVATE KEY-----
MII{0}Secret15qweASDzxc+rtyFGHvbn1234567890AAAAAAAA
-----END RSA PRIVATE KEY-----
"""
"""Secrets in the forms of shell, YAML, TOML, INI, JSON, units and options."""

PER_FILE = 15
PLACES = (
    "etc/default/kubelet", "etc/sysctl.d/99-x.conf", "etc/systemd/system/kubelet.service.d/99-x.conf",
    "var/lib/kubelet/kubeadm-flags.env", "etc/rancher/k3s/config.yaml",
)  # fmt: skip
"""Files that facts read, each of another form."""

DOCUMENTS = ("json", "text", "html")


class Watched(Host):
    """A host that notes which files are read."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.kind, self.path, self.running = host.kind, host.path, host.running
        self.whole, self.this_machine = host.whole, host.this_machine
        self.files: set[str] = set()

    def ask(self, question: Question) -> object:
        if question.verb in ("read", "read_at"):
            self.files.add(question.arguments[0])
        return self._host.ask(question)


def files_read(root: Path) -> set[str]:
    host = Watched(open_host(str(root)))
    captured(host, load())
    return host.files


def declared_files(registry: Registry) -> Iterator[str]:
    """A path for each file, tree and unit that a fact declares."""
    kinds = {kind: None for check in registry.all_checks() for kind in facts_of(check, registry.readers)}
    for source in [form for kind in kinds for one in declared(kind) or () for form in plain_forms(one)]:
        if isinstance(source, File):
            yield source.path.replace("*", "any").replace("…", "any")
        elif isinstance(source, First):
            yield from source.paths
        elif isinstance(source, Tree):
            yield f"{source.path}/{source.pattern}".replace("*", "any").replace("…", "any")
        elif isinstance(source, UnitText):
            yield f"/etc/systemd/system/{source.name}".replace("*", "any")


def leaks(text: str, words: tuple[str, ...]) -> list[str]:
    return [word for word in words if word in text]


def spread(root: Path) -> tuple[str, ...]:
    """Put secrets into all files that are read or declared; the words that nobody may see."""
    words = []
    for number, name in enumerate(sorted({*files_read(root), *declared_files(load())})):
        path = root / name.lstrip("/")
        mark = f"canary{number:04}x"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            held = path.read_bytes() if path.is_file() else b""
            if b"\0" in held or path.resolve() != path or path.is_dir():
                continue  # of databases the bytes are no lines
            path.write_bytes(held + b"\n" * (not held.endswith(b"\n")) + LINES.format(mark).encode())
        except OSError:
            continue  # the path of a file is that of a directory too
        words += [f"{mark}Secret{part:02}" for part in range(1, PER_FILE + 1)]
    return tuple(words)


def found_in(root: Path, folder: Path, words: tuple[str, ...]) -> dict[str, list[str]]:
    """The secrets in a capture, in reports of it, and in what the command says of both."""
    raw = captured(open_host(str(root)), load())
    text = {"capture": dumped(raw).decode("utf-8", "replace")}
    report = nodecheck.run(capture=packed(raw))
    text |= {name: report.render(name) for name in DOCUMENTS}
    for name, line in (
        ("the command", ("capture", "--root", str(root), "-o", "a.capture")),
        ("run", ("run", "--capture", "a.capture", "--no-config", "-v")),
        ("plan", ("plan", "--capture", "a.capture", "--no-config")),
    ):
        done = subprocess.run([sys.executable, "-m", "nodecheck", *line], capture_output=True, cwd=folder, timeout=120)
        text[name] = (done.stdout + done.stderr).decode("utf-8", "replace")
    return {name: leaks(held, words) for name, held in text.items() if leaks(held, words)}


def answers(report: nodecheck.Report) -> list[tuple[object, ...]]:
    return [(item.id, item.status, item.severity, item.message) for item in report.results]


@pytest.fixture(params=[debian_node, rocky_node])
def full(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, tuple[str, ...]]:
    """A node with secrets in every source."""
    root: Path = request.param(tmp_path / "node")
    return root, spread(root)


def test_files_that_hold_secrets(tmp_path: Path) -> None:
    root = debian_node(tmp_path / "node")
    write_tree(root, {"etc/machine-id": "f" * 32, **{item.path: item.text for item in FILES}})

    assert {f"/{item.path}" for item in FILES} & files_read(root)
    assert found_in(root, tmp_path, SECRETS) == {}
    assert answers(nodecheck.run(root=root)) == answers(nodecheck.run(capture=nodecheck.capture(root=root)))


@pytest.mark.parametrize("item", FILES, ids=[item.path for item in FILES])
def test_a_secret_file_where_a_fact_reads(tmp_path: Path, item: tuple[str, str, tuple[str, ...]]) -> None:
    """Each text in the place of files of other kinds: a file may be anywhere."""
    path, text, secrets = item
    root = debian_node(tmp_path / "node")
    write_tree(root, {"etc/machine-id": "f" * 32, **dict.fromkeys((path, *PLACES), text)})
    raw = captured(open_host(str(root)), load())
    report = nodecheck.run(capture=packed(raw))

    assert leaks(dumped(raw).decode(), secrets) == []
    assert [name for name in DOCUMENTS if leaks(report.render(name), secrets)] == []
    assert answers(report) == answers(nodecheck.run(root=root))


def test_every_source(full: tuple[Path, tuple[str, ...]], tmp_path: Path) -> None:
    root, words = full

    assert len(words) > 300 * PER_FILE
    assert found_in(root, tmp_path, words) == {}


WITHHELD = {"kube-proxy-mode": "/etc/kubernetes/kube-proxy.conf"}
"""Checks that a file may answer which is withheld as a whole: a kubeconfig may have that name."""


def test_verdicts_are_those_without_the_filter(full: tuple[Path, tuple[str, ...]]) -> None:
    root, _ = full
    here, there = nodecheck.run(root=root), nodecheck.run(capture=nodecheck.capture(root=root))
    hidden = [item for item in there.results if item.check in WITHHELD and item.status == "unknown"]
    assert [item for item in hidden if WITHHELD[item.check] not in item.message] == []
    left_out = {item.id for item in hidden}
    # a message may tell a length
    assert [item[:3] for item in answers(here) if item[0] not in left_out] == [
        item[:3] for item in answers(there) if item[0] not in left_out
    ]


def test_what_was_put_there_was_read(full: tuple[Path, tuple[str, ...]]) -> None:
    """Else nothing would be shown by its absence."""
    root, _ = full
    held = dumped(captured(open_host(str(root)), load())).decode()

    assert held.count("~secret~") > 100 * PER_FILE


def test_output_of_commands_and_answers(tmp_path: Path) -> None:
    class Talking(Watched):
        def ask(self, question: Question) -> object:
            if question.verb == "xattr":
                return b"token: attrSecret"
            try:
                return super().ask(question)
            except FactError as error:
                raise type(error)(error.source, "token=errorSecret", errno=error.errno) from error

    raw = captured(Talking(open_host(str(debian_node(tmp_path)))), load())
    assert leaks(dumped(raw).decode(), ("attrSecret", "errorSecret")) == []
