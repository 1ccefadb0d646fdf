"""The runtime's socket: who listens there, what systemd would start, and what kubeadm makes of several."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from nodecheck.checking import Outcome
from nodecheck.checking.store import Facts
from nodecheck.errors import FactError, Offline, TimedOut, Unsupported
from nodecheck.facts import (
    Commands,
    Containerd,
    ContainerdStatus,
    Crio,
    CrioStatus,
    CriSocketSetting,
    Docker,
    EmbeddedKubelet,
    Joined,
    KubeletConfig,
    KubeletRelease,
    Packages,
    PackageSigns,
    Services,
    SocketKinds,
    SocketUnits,
    Target,
    UnitIndex,
    UnixListeners,
)
from nodecheck.facts.cluster.runtime_sockets import CriStatus, runtime_ready
from nodecheck.facts.kubelet.service_path import FoundCommand
from nodecheck.facts.kubelet.settings import KubeletSetting
from nodecheck.facts.services.running import ServiceState
from nodecheck.fix import Command
from nodecheck.host import Host
from nodecheck.host.base import Completed, Question
from nodecheck.host.live import LiveHost
from nodecheck.host.root import RootHost
from nodecheck.requirements.asked import Settings
from nodecheck.testing import TreeFile, assert_verdicts, judge, record, replay, write_tree
from nodecheck_checks.runtime.runtime_socket import runtime_socket

CONTAINERD, CRIO, DOCKER = "/run/containerd/containerd.sock", "/run/crio/crio.sock", "/run/docker.sock"
CRI_DOCKERD = "/run/cri-dockerd.sock"
CONFIG = "/var/lib/kubelet/config.yaml"
RUNS = ServiceState("loaded", "active", "running")


def never() -> Any:
    raise AssertionError("this must not be asked: it could start a service")


PROGRAMS = Commands({"sh": FoundCommand("/usr/bin/sh")})
NO_UNITS = UnitIndex({}, {}, {}, frozenset(), False)


def units_of(root: Path, *names: str) -> UnitIndex:
    """The index of a node that has units of these names."""
    files = {f"/usr/lib/systemd/system/{name}": "[Unit]\n" for name in names}
    return Facts(RootHost(str(write_tree(root, {"/etc/hostname": "x\n", **files})))).get(UnitIndex)


def kubelet_at(endpoint: str) -> KubeletConfig:
    return KubeletConfig(
        True, runtime_endpoint=KubeletSetting(endpoint, CONFIG, 4, f"containerRuntimeEndpoint: {endpoint}")
    )


def told(*listening: str, **given: Any) -> list[Outcome]:
    """The outcomes on a live node that has what is given, and nothing else."""
    facts: dict[str, Any] = {
        "target": Target(kubernetes="1.34"), "kubelet": KubeletConfig(), "embedded": EmbeddedKubelet(),
        "own": KubeletRelease(), "docker": Docker(), "containerd": Containerd(), "crio": Crio(),
        "packages": PackageSigns(Packages()), "commands": Commands({"sh": None}),
        "listeners": UnixListeners(frozenset(listening)),
        "kinds": SocketKinds({}), "units": SocketUnits({}), "services": Services({}), "index": NO_UNITS,
        "joined": Joined(), "cri_socket": CriSocketSetting(), "containerd_status": ContainerdStatus(CriStatus()),
        "crio_status": CrioStatus(CriStatus()), "given": Settings(), **given,
    }  # fmt: skip
    lazy = {name: fact if name == "kubelet" else _lazy(fact) for name, fact in facts.items()}
    return list(runtime_socket(*lazy.values()))


def _lazy(fact: Any) -> Callable[[], Any]:
    def read() -> Any:
        if isinstance(fact, FactError):
            raise fact
        return fact() if fact is never else fact

    return read


def status(*listening: str, **given: Any) -> str:
    (found,) = told(*listening, **given)
    return str(found.status)


@pytest.mark.parametrize(
    ("endpoint", "listening", "expected"),
    [
        (f"unix://{CONTAINERD}", (CONTAINERD,), "pass"),
        ("unix:///var/run/crio/crio.sock", (CRIO,), "pass"),
        (CRIO, ("/var/run/crio/crio.sock",), "pass"),
        (f"unix://{CONTAINERD}", (CRIO,), "fail"),
        (f"unix://{CONTAINERD}", (), "fail"),
        ("tcp://127.0.0.1:3000", (), "unknown"),
    ],
)
def test_the_kubelets_endpoint(endpoint: str, listening: tuple[str, ...], expected: str) -> None:
    assert status(*listening, kubelet=kubelet_at(endpoint)) == expected


@pytest.mark.parametrize(("release", "expected"), [("1.17", "pass"), ("1.34", "fail"), (None, "unknown")])
def test_dockers_own_socket_is_no_runtime_from_1_24_on(release: str | None, expected: str) -> None:
    target = Target(role="worker", kubernetes=release)

    assert status(DOCKER, kubelet=kubelet_at("unix:///var/run/docker.sock"), target=target) == expected


@pytest.mark.parametrize(
    ("kind", "words"), [(None, "nothing is there"), ("socket", "nothing accepts"), ("file", "it is a file")]
)
def test_what_is_said_of_a_silent_socket(kind: str | None, words: str) -> None:
    units = Services({"containerd.service": ServiceState("loaded", "failed", "failed")})
    (found,) = told(kubelet=kubelet_at(f"unix://{CONTAINERD}"), kinds=SocketKinds({CONTAINERD: kind}), services=units)

    assert (found.status, words in found.message, "is failed" in found.message) == ("fail", True, True)
    assert found.fix is not None
    assert found.fix.steps == (Command(("systemctl", "start", "containerd.service")),)


def test_a_real_socket(tmp_path: Path) -> None:
    path = tmp_path / "runtime.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as made:
        made.bind(str(path))
        made.listen(1)
        assert status(kubelet=kubelet_at(f"unix://{path}"), listeners=UnixListeners.read(LiveHost())) == "pass"
    assert status(kubelet=kubelet_at(f"unix://{path}"), listeners=UnixListeners.read(LiveHost())) == "fail"


SOCKET_UNIT = SocketUnits({CONTAINERD: ("containerd.socket", "containerd.service")})


@pytest.mark.parametrize(
    ("state", "files", "expected"),
    [
        (RUNS, ("containerd.service",), "pass"),
        (ServiceState("loaded", "inactive", "dead"), ("containerd.service",), "pass"),
        (ServiceState("loaded", "failed", "failed"), ("containerd.service",), "fail"),
        (ServiceState("not-found", "inactive", "dead"), (), "fail"),
    ],
)
def test_where_a_socket_unit_listens_its_service_is_judged_and_nothing_is_asked(
    tmp_path: Path, state: ServiceState, files: tuple[str, ...], expected: str
) -> None:
    units = Services({"containerd.socket": ServiceState("loaded", "active", "listening"), "containerd.service": state})
    index = units_of(tmp_path, *files)

    assert status(
        CONTAINERD, kubelet=kubelet_at(f"unix://{CONTAINERD}"), units=SOCKET_UNIT, services=units, index=index,
        containerd_status=never,
    ) == expected  # fmt: skip


def test_a_socket_unit_that_does_not_run_is_not_asked_either() -> None:
    assert status(
        CONTAINERD, kubelet=kubelet_at(f"unix://{CONTAINERD}"), units=SOCKET_UNIT, containerd_status=never
    ) == "pass"  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "release", "expected"),
    [
        (CriStatus(ready=True), "1.34", "pass"),
        (CriStatus(ready=False), "1.34", "fail"),
        (CriStatus(refused="unknown service runtime.v1.RuntimeService"), "1.34", "fail"),
        (CriStatus(refused="unknown service runtime.v1.RuntimeService"), "1.25", "pass"),
        (CriStatus(silent=TimedOut("crictl", "did not end within 2 s")), "1.34", "unknown"),
        (CriStatus(silent=Unsupported("crictl")), "1.34", "pass"),
        (CriStatus(), "1.34", "pass"),
    ],
)
def test_what_the_runtime_says(answer: CriStatus, release: str, expected: str) -> None:
    found = status(
        CONTAINERD, kubelet=kubelet_at(f"unix://{CONTAINERD}"), target=Target(kubernetes=release),
        containerd_status=ContainerdStatus(answer),
    )  # fmt: skip

    assert found == expected


@pytest.mark.parametrize("release", [f"1.{minor}" for minor in range(29, 39)])
def test_a_node_without_a_runtime_never_passes(release: str) -> None:
    (found,) = told(target=Target(kubernetes=release), commands=PROGRAMS)

    assert (found.status, found.message) == ("fail", "no container runtime is on this node")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"target": Target()}, "skip"),
        ({"target": Target(role="worker"), "commands": PROGRAMS}, "fail"),
        ({"target": Target(role="worker")}, "unknown"),
        ({"target": Target(), "kubelet": KubeletConfig(True)}, "skip"),
        ({"docker": Docker("/usr/bin/dockerd"), "target": Target(kubernetes="1.34")}, "fail"),
        ({"docker": Docker("/usr/bin/dockerd"), "target": Target(role="worker")}, "unknown"),
        ({"docker": Docker("/usr/bin/dockerd"), "target": Target(kubernetes="1.17")}, "fail"),
        ({"embedded": EmbeddedKubelet(True)}, "unknown"),
    ],
)
def test_nothing_listens(given: dict[str, Any], expected: str) -> None:
    assert status(**given) == expected


@pytest.mark.parametrize(
    ("listening", "given"),
    [
        (DOCKER, {"docker": Docker("/usr/bin/dockerd"), "target": Target(kubernetes="1.17.4")}),
        (DOCKER, {"kubelet": KubeletConfig(True), "joined": Joined("/x"), "target": Target(kubernetes="1.17.4")}),
        (CRIO, {"crio": Crio("/usr/bin/crio"), "containerd": Containerd("/usr/bin/containerd")}),
        (CRIO, {"crio": Crio("/usr/bin/crio"), "kubelet": KubeletConfig(True)}),
        (CONTAINERD, {"kubelet": KubeletConfig(True), "joined": Joined("/x")}),
        ("/run/k3s/containerd/containerd.sock", {"embedded": EmbeddedKubelet(True), "target": Target()}),
    ],
)
def test_the_runtime_that_is_there(listening: str, given: dict[str, Any]) -> None:
    assert status(listening, **given) == "pass"
    (other,) = told("/run/other.sock", **given)
    assert other.status in ("fail", "unknown")


EMBEDDED = Settings(role="worker", runtime="embedded")


def test_a_profile_may_say_that_the_agent_is_the_runtime() -> None:
    (found,) = told(CONTAINERD, given=EMBEDDED, containerd=Containerd("/usr/bin/containerd"))
    assert (found.status.value, found.severity) == ("fail", "warning")
    assert "the agent that is to bring the container runtime" in found.message
    assert "/var/lib/rancher/k3s/agent" in {item.source for item in found.evidence}

    (found,) = told("/run/k3s/containerd/containerd.sock", given=EMBEDDED, embedded=EmbeddedKubelet(True))
    assert found.status == "pass"


def test_the_profiles_word_reaches_the_check(tmp_path: Path) -> None:
    import nodecheck

    write_tree(tmp_path, {"/usr/bin/sh": TreeFile("", 0o755), "/run/.here": ""})
    for runtime, expected in (("embedded", "fail"), (None, "skip")):
        profile = nodecheck.Profile(extends="kubernetes", runtime=runtime)  # type: ignore[arg-type]
        found = nodecheck.run(root=tmp_path, profile=profile, select=["runtime-socket"])["runtime-socket"]
        assert found.status.value == expected
    with pytest.raises(nodecheck.ProfileError, match="runtime: expected"):
        nodecheck.run(root=tmp_path, profile=nodecheck.Profile(runtime="containerd"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("listening", "release", "expected"),
    [
        ((CONTAINERD, CRIO), "1.34", True),
        ((CONTAINERD, CRI_DOCKERD), "1.34", True),
        ((CONTAINERD, DOCKER), "1.34", False),
        ((CONTAINERD, DOCKER), "1.17", False),
        ((CRIO, DOCKER), "1.17", True),
        ((CONTAINERD,), "1.34", False),
    ],
)
def test_several_runtimes_stop_kubeadm(listening: tuple[str, ...], release: str, expected: bool) -> None:
    found = told(*listening, target=Target(kubernetes=release), containerd=Containerd("/x"), docker=Docker("/x"))

    assert [one.subject for one in found[1:]] == (["criSocket"] if expected else [])
    assert all(one.status == "fail" for one in found[1:])


@pytest.mark.parametrize(
    "given",
    [{"joined": Joined("/etc/kubernetes/kubelet.conf")}, {"cri_socket": CriSocketSetting("/x", 3, "criSocket: y")}],
)
def test_kubeadm_does_not_choose_any_more(given: Mapping[str, Any]) -> None:
    assert len(told(CONTAINERD, CRIO, containerd=Containerd("/x"), **given)) == 1


INFO = '{"status": {"conditions": [{"type": "RuntimeReady", "status": %s}, {"type": "NetworkReady", "status": false}]}}'


@pytest.mark.parametrize(
    ("said", "ready"), [(INFO % "true", True), (INFO % "false", False), ("{}", None), ("no", None)]
)
def test_what_crictl_prints(said: str, ready: bool | None) -> None:
    assert runtime_ready(said) is ready


class Asked(Host):
    """A live node on which ``crictl`` answers."""

    kind, path, running, whole, this_machine = "live", "/", True, True, True

    def __init__(self, answer: Completed | FactError) -> None:
        self.answer = answer
        self.asked: list[tuple[Any, ...]] = []

    def ask(self, question: Question) -> Any:
        self.asked.append(question.arguments)
        if isinstance(self.answer, FactError):
            raise self.answer
        return self.answer


def test_crictl_is_asked_once_with_its_socket_and_a_deadline() -> None:
    host = Asked(Completed(("crictl",), 0, INFO % "true", ""))

    assert ContainerdStatus.read(host).found.ready is True
    ((argv, seconds),) = host.asked
    assert argv == ("crictl", "--runtime-endpoint", f"unix://{CONTAINERD}", "--timeout", "2s", "info")
    assert seconds == 2.0


@pytest.mark.parametrize(
    ("code", "stderr", "refused"),
    [(1, "rpc error: code = Unimplemented desc = unknown service runtime.v1.RuntimeService", True),
     (1, "rpc error: code = Unimplemented desc = unknown service runtime.v1alpha2.RuntimeService", False),
     (1, "connect: permission denied", False)],
)  # fmt: skip
def test_what_crictl_answers_instead(code: int, stderr: str, refused: bool) -> None:
    found = CrioStatus.read(Asked(Completed(("crictl",), code, "", stderr))).found

    assert (found.ready, found.refused is not None, found.silent) == (None, refused, None)


CONFIG_TEXT = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
TABLE = "Num RefCount Protocol Flags Type St Inode Path\n0: 00000002 00000000 00010000 0001 01 20 {}\n"


def test_trees(tmp_path: Path) -> None:
    config = {CONFIG: f"{CONFIG_TEXT}containerRuntimeEndpoint: unix://{CONTAINERD}\n"}
    here = {"/proc/net/unix": TABLE.format(CONTAINERD)}
    programs = {"/usr/bin/sh": TreeFile("", 0o755)}
    for name, files, expected in (
        ("image", config, "skip"),
        ("capture", {**config, **here}, "pass"),
        ("other", {**config, "/proc/net/unix": TABLE.format(CRIO)}, "fail"),
        ("bare", programs, "fail"),
        ("few", {"/etc/hostname": "x\n"}, "unknown"),
        ("packages", {**programs, "/usr/bin/crio": TreeFile("", 0o755)}, "skip"),
    ):
        node = write_tree(tmp_path / name, files)
        assert_verdicts(judge(runtime_socket, node, role="worker", kubernetes="1.34"), {"runtime-socket": expected})


def test_socket_units_of_any_name_are_known(tmp_path: Path) -> None:
    unit = "[Socket]\nListenStream=%t/own.sock\nService=mine.service\n"
    node = write_tree(tmp_path, {"/etc/systemd/system/x.socket": unit, "/etc/systemd/system/y.service": "[Service]\n"})

    assert Facts(RootHost(str(node))).get(SocketUnits).services == {"/run/own.sock": ("x.socket", "mine.service")}


def test_a_replay_says_the_same(tmp_path: Path) -> None:
    files = {
        CONFIG: f"{CONFIG_TEXT}containerRuntimeEndpoint: unix://{CRIO}\n",
        "/proc/net/unix": TABLE.format(CONTAINERD),
    }
    recording = record(write_tree(tmp_path, files))
    first = judge(runtime_socket, recording, kubernetes="1.34")
    again = judge(runtime_socket, replay(recording.to_data()), kubernetes="1.34")

    assert_verdicts(again, {"runtime-socket": "fail"})
    assert [one.fingerprint for one in first] == [one.fingerprint for one in again]


def test_a_root_is_offline_where_only_its_system_can_tell() -> None:
    with pytest.raises(Offline):
        told(kubelet=kubelet_at(f"unix://{CONTAINERD}"), listeners=Offline("/proc/net/unix"))
