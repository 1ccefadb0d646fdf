"""Secrets stand in no report, plan, history or message, whichever check quotes them and in whichever format."""

# ruff: noqa: E501 - lines as the programs write them
from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import nodecheck
from nodecheck.checking import Check, Results, check, fail, ok, seen, unknown
from nodecheck.cli.plan_verb import FORMS
from nodecheck.errors import ParseError
from nodecheck.fix import Fix, by_hand, command, create, edit
from nodecheck.host import Host, RootHost
from nodecheck.model.secrets import masked_bytes
from nodecheck.plugins import Registry
from nodecheck.profile.model import ResolvedProfile
from nodecheck.render.outputs import BUILT_IN, renderer
from nodecheck.report import Report
from nodecheck.requirements.asked import Settings
from nodecheck.running.engine import run
from nodecheck.running.request import Request, selection_of
from nodecheck.testing import write_tree
from nodecheck.text import MASK
from tests.facts.odd_nodes import odd_nodes
from tests.nodes import debian_node, rocky_node
from tests.reference import reference_node
from tests.secrets import FILES, HARMLESS

ALL = tuple(word for file in FILES for word in file.secrets)
BY_LINE = tuple(
    word
    for word in ALL
    if not word.startswith(
        ("pemSecretBody", "cloudSecret4", "cloudSecret5", "regSecret2", "regSecret3", "overLines", "podSecret")
    )
)
"""Those that a line tells by itself, without its neighbours."""


class Read(NamedTuple):
    """The files of the table as they are."""

    files: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, host: Host) -> Read:
        return cls(tuple([(f"/{file.path}", host.read(f"/{file.path}").decode()) for file in FILES]))


class Wrong(NamedTuple):
    """What cannot be parsed."""

    @classmethod
    def read(cls, host: Host) -> Wrong:
        text = host.read("/etc/rancher/k3s/config.yaml").decode()
        raise ParseError("/etc/rancher/k3s/config.yaml", 1, text.split("\n")[0], "a mapping")


def judged(root: Path, *checks: Check) -> Report:
    registry = Registry()
    for item in checks:
        registry.checks[item.name] = item
    request = Request(ResolvedProfile("test"), Settings(), selection_of(registry, (), (), None), "error", 30.0)
    return run(RootHost(str(root)), registry, request)


@check()
def whole(read: Read) -> Results:
    """Whole files are evidence."""
    for path, text in read.files:
        yield fail(f"{path} is wrong", subject=path, evidence=[seen(path, text)], actual=text, expected=text)


@check()
def lines(read: Read) -> Results:
    """Each line is quoted everywhere where a line can stand."""
    for path, text in read.files:
        for number, line in enumerate(text.split("\n"), 1):
            if any(word in line for word in ALL) and not any(word in line for word in BY_LINE):
                continue
            fix = Fix(
                f"Take {line!r} out", (edit(path, line, f"# {line}"), command("sed", "-i", line), create("/x", line))
            )
            message = f"{path}: line {number}: expected nothing, found {line!r}"
            evidence = [seen(path, line, line=number)]
            yield fail(
                message, subject=f"{path}:{number}", expected=repr(line), actual=line, evidence=evidence, fix=fix
            )


@check()
def words(read: Read) -> Results:
    """What cannot be judged says so."""
    for path, text in read.files[:4]:
        line = next(line for line in text.split("\n") if any(word in line for word in BY_LINE))
        yield unknown(line, subject=path, code="malformed")


@check()
def crashes(read: Read) -> Results:
    """It raises what it read."""
    raise ValueError(read.files[0][1])


@check()
def parses(wrong: Wrong) -> Results:
    """A parser quotes the line."""
    yield ok("never")


@check()
def excerpts(read: Read) -> Results:
    """What was read is evidence by itself."""
    yield ok("all is well")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(tmp_path_factory.mktemp("node"), {file.path: file.text for file in FILES})


@pytest.fixture(scope="module")
def report(root: Path) -> Report:
    return judged(root, whole, lines, words, crashes, parses, excerpts)


def leaks(text: str) -> list[str]:
    return [word for word in ALL if word in text]


def test_they_would_stand_there(report: Report, root: Path) -> None:
    """The report holds each file and each line: what does not stand there was taken out."""
    text = report.to_json()

    assert len(report.results) > 100
    assert report["crashes"].cause == ("crashed", report["crashes"].message)
    assert report["parses"].status == "unknown"
    assert text.count(MASK) > 200


@pytest.mark.parametrize("name", BUILT_IN)
def test_in_no_format(report: Report, name: str) -> None:
    text = renderer(name)(report)

    assert text
    assert leaks(text) == []


@pytest.mark.parametrize("name", FORMS)
def test_in_no_plan(report: Report, name: str) -> None:
    assert leaks(FORMS[name](nodecheck.plan(report), False)) == []


def test_a_step_that_holds_one_is_left_to_a_person_with_file_and_line(report: Report) -> None:
    fix = report["lines[/etc/rancher/k3s/config.yaml:1]"].fix
    harmless = report["lines[/etc/rancher/k3s/config.yaml:2]"].fix

    assert fix is not None
    assert harmless is not None
    assert fix.safety == "manual"
    assert {step.kind for step in fix.steps} == {"manual"}
    told = fix.steps[0].text  # type: ignore[union-attr]
    assert "/etc/rancher/k3s/config.yaml" in told
    assert "line 1" in told
    assert [step.kind for step in harmless.steps] == ["edit", "command", "create"]


def test_a_harmless_step_stays_exact(tmp_path: Path) -> None:
    @check()
    def twins() -> Results:
        """Lines that look like it."""
        for number, text in enumerate(HARMLESS):
            steps = (edit("/x", text, "# x"), command("x", text))
            yield fail(text, subject=str(number), evidence=[seen("/x", text)], fix=Fix("x", steps))

    for number, text in enumerate(HARMLESS):
        result = judged(tmp_path, twins)[f"twins[{number}]"]
        assert result.evidence == (seen("/x", text),)
        assert result.fix == Fix("x", (edit("/x", text, "# x"), command("x", text)))


def test_a_secret_that_was_changed_is_no_news(tmp_path: Path) -> None:
    @check()
    def reads(read: Read) -> Results:
        """One."""
        path, text = read.files[0]
        yield fail("x", evidence=[seen(path, text)], fix=by_hand("a", "b"))

    def of(secret: str) -> str:
        files = {file.path: file.text.replace("k3sSecret1", secret) for file in FILES}
        return judged(write_tree(tmp_path / secret, files), reads)["reads"].fingerprint

    assert of("oneSecretWord") == of("anotherSecretWordThatIsLonger")


def test_subjects_that_differ_in_their_secret_alone_are_both_told(tmp_path: Path) -> None:
    @check()
    def shares() -> Results:
        """Two shares."""
        yield ok("good", subject="http://me:one@nas/x", evidence=[seen("/x", "1")])
        yield fail("bad", subject="http://me:two@nas/x", evidence=[seen("/x", "2")])

    report = judged(tmp_path, shares)

    assert [(item.id, item.status) for item in report.results] == [
        (f"shares[http://{MASK}@nas/x-2]", "fail"),
        (f"shares[http://{MASK}@nas/x]", "pass"),
    ]


WRONG = {
    "etc/default/grub": 'GRUB_CMDLINE_LINUX="http_proxy=http://me:realSecret1@proxy:3128 k3s_token=realSecret2 systemd.unified_cgroup_hierarchy=0"\n',
    "etc/fstab": "/swap none swap sw 0 0\n//nas/x /mnt cifs username=me,password=realSecret3,ro 0 0\n",
    "etc/sysctl.d/99-token.conf": "token = realSecret4\nnet.ipv4.ip_forward = 0\n",
    "var/lib/kubelet/config.yaml": "token: realSecret5\nkind: KubeletConfiguration\napiVersion: kubelet.config.k8s.io/v1beta1\ncgroupDriver: cgroupfs\npassword: [realSecret6\n",
    "etc/rancher/k3s/config.yaml": "token: realSecret7\nfail-swap-on: true\n",
    "etc/systemd/system/swapper.service": "[Service]\nEnvironment=API_TOKEN=realSecret8\nExecStart=/sbin/swapon -o token=realSecret9 /swap2\n[Install]\nWantedBy=multi-user.target\n",
    "etc/hosts": "127.0.0.1 localhost\ntoken: realSecret10\n",
    "etc/containerd/config.toml": 'version = 2\npassword = "realSecret11"\nbroken = = "http://me:realSecret12@x"\n',
    "proc/cmdline": "BOOT_IMAGE=/vmlinuz root=UUID=x ro http_proxy=http://me:realSecret13@proxy:3128 token=realSecret14\n",
}  # fmt: skip


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    """A node that fails, with secrets in what its checks read."""
    root = debian_node(tmp_path / "node")
    others = {file.path: file.text for file in FILES if file.path not in WRONG}
    write_tree(root, {**others, **WRONG})
    (root / "etc/systemd/system/multi-user.target.wants/swapper.service").symlink_to(
        "/etc/systemd/system/swapper.service"
    )
    return root


@pytest.fixture
def said() -> Callable[..., str]:
    """What the command says: a process of its own, for an audit bounds the memory of its process."""

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "nodecheck", *arguments], capture_output=True, stdin=subprocess.DEVNULL, timeout=120
        )
        return (done.stdout + done.stderr).decode("utf-8", "surrogateescape")

    return run


def test_the_checks_of_a_node_that_fails_show_none(wrong: Path, said: Callable[..., str], tmp_path: Path) -> None:
    """The command itself: run, plan, audit, history, diff and doctor."""
    state = ("--state", str(tmp_path / "state"))
    on = ("--root", str(wrong))
    texts = [said("run", *on, "--format", name) for name in BUILT_IN if name not in ("journald", "syslog")]
    texts += [said("plan", *on, "--format", name) for name in FORMS]
    texts.append(said("audit", *on, *state))
    (wrong / "etc/fstab").write_text(WRONG["etc/fstab"].replace("/swap ", "/other "))
    texts += [said("audit", *on, *state), said("audit", *on, *state, "--json")]
    texts += [
        said("history", "last", *state, "--format", "json"),
        said("history", *state),
        said("diff", *state, "1", "2"),
    ]
    texts += [said("doctor", *on), said("explain", "swap")]
    everything = "\n".join(texts)

    assert "swap[/swap]@boot" in everything
    assert "realSecret" not in everything
    assert leaks(everything) == []


def answers(report: Report) -> list[tuple[Any, ...]]:
    return [(item.id, item.status, item.message, item.fingerprint) for item in report.results]


def test_verdicts_are_those_of_files_without_secrets(wrong: Path, tmp_path: Path) -> None:
    """What a check judges is not masked: a node of which every file went through the filter is judged as before."""
    for number, node in enumerate((wrong, debian_node(tmp_path / "debian"), rocky_node(tmp_path / "rocky"))):
        without = tmp_path / f"without{number}"
        shutil.copytree(node, without, symlinks=True)
        for path in without.rglob("*"):
            if path.is_file() and not path.is_symlink():
                path.write_bytes(masked_bytes(path.read_bytes()))

        assert answers(nodecheck.run(root=without)) == answers(nodecheck.run(root=node))


SETTINGS = (
    ("var/lib/kubelet/config.yaml", "kind: KubeletConfiguration\napiVersion: kubelet.config.k8s.io/v1beta1\ntoken: aSecretWord\n{}\n",
     ("cgroupDriver: systemd", "cgroupDriver: cgroupfs", "failSwapOn: false", "failSwapOn: true", "authorization: {mode: AlwaysAllow}",
      "authentication: {anonymous: {enabled: true}}", "memorySwap: {swapBehavior: LimitedSwap}")),
    ("etc/sysctl.d/k8s.conf", "net.ipv6.conf.all.stable_secret = ::1\n{}\n",
     ("net.ipv4.ip_forward = 0", "net.ipv4.ip_forward = 1", "net.bridge.bridge-nf-call-iptables = 0", "-net.ipv4.ip_forward = 0")),
    ("etc/fstab", "//nas/x /mnt cifs password=aSecretWord,{},ro 0 0\n/swap none swap {} 0 0\n", ("noauto", "auto", "nofail", "defaults")),
    ("proc/cmdline", "ro password=aSecretWord http_proxy=http://a:aSecretWord@b {} quiet\n",
     ("systemd.swap=0", "systemd.swap=1", "systemd.unified_cgroup_hierarchy=0", "ipv6.disable=1", "selinux=0", "systemd.mask=kubelet.service")),
    ("etc/default/kubelet", "KUBELET_EXTRA_ARGS=--storage-driver-password=aSecretWord {}\n",
     ("--cgroup-driver=cgroupfs", "--fail-swap-on=false", "--authorization-mode=Webhook", "--node-ip=10.0.0.1")),
    ("etc/containerd/config.toml", 'version = 2\npassword = "aSecretWord"\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]\n{}\n',
     ("SystemdCgroup = true", "SystemdCgroup = false")),
    ("etc/nsswitch.conf", "passwd: files\n{}\n", ("hosts: files dns", "hosts: dns", "hosts: dns files")),
)  # fmt: skip


@pytest.mark.parametrize(("path", "text", "values"), SETTINGS, ids=[item[0] for item in SETTINGS])
def test_each_value_of_a_judged_setting_is_judged_the_same_beside_a_secret(
    tmp_path: Path, path: str, text: str, values: tuple[str, ...]
) -> None:
    root = debian_node(tmp_path)
    for value in values:
        raw = text.replace("{}", value).encode()
        (root / path).write_bytes(raw)
        before = answers(nodecheck.run(root=root))
        (root / path).write_bytes(masked_bytes(raw))

        assert "aSecretWord" not in json.dumps(before)
        assert answers(nodecheck.run(root=root)) == before
        assert value in masked_bytes(raw).decode()


def test_a_healthy_node_has_nothing_that_is_masked(tmp_path: Path) -> None:
    """Each evidence, message and name of a node without secrets stays, on trees with what is seldom there too."""
    nodes = (debian_node(tmp_path / "debian"), rocky_node(tmp_path / "rocky"), reference_node(tmp_path / "reference"))
    masked_on = [
        node.name for node in (*nodes, *odd_nodes(tmp_path / "odd")) if MASK in nodecheck.run(root=node).to_json()
    ]

    assert masked_on == []


def test_what_names_the_system_is_masked_too(tmp_path: Path) -> None:
    node = debian_node(tmp_path)
    (node / "etc/os-release").write_text('ID=debian\nVERSION_ID="13"\nPRETTY_NAME="Debian http://me:nodeSecret1@h/"\n')

    found = nodecheck.run(root=node).node

    assert (found.hostname, found.os.pretty_name) == ("node1", f"Debian http://{MASK}@h/")


@pytest.mark.parametrize(
    "arguments",
    [
        "--manifest-url-header=Authorization:Bearer tornSecret1",
        "--manifest-url-header=Authorization:Basic tornSecret1 --v=2",
        "--storage-driver-password=my tornSecret1",
    ],
)
def test_a_word_that_a_blank_tore_from_a_secret_is_masked(tmp_path: Path, arguments: str) -> None:
    """systemd parts an unquoted variable at blanks, and the kubelet calls the second word an unknown command."""
    node = debian_node(tmp_path)
    (node / "etc/default/kubelet").write_text(f"KUBELET_EXTRA_ARGS={arguments}\n")

    text = nodecheck.run(root=node).to_json()

    assert f"unknown command '{MASK}'" in text
    assert "tornSecret1" not in text
