"""The check port: who holds what the node's components need."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import nodecheck
from nodecheck.checking import Lazy, Outcome, Severity, Status
from nodecheck.facts.cluster.component_ports import ComponentPorts
from nodecheck.facts.cluster.target import Target
from nodecheck.facts.network.listeners import ListenerRow, Listeners
from nodecheck.facts.network.processes import Process, SocketOwners
from nodecheck.model.steps import Command, Fix
from nodecheck_checks.network.port import port, port_text, ports_of
from tests.host.netlink_namespaces import become_nobody, in_namespace

KUBELET = Process(("kubelet",), "kubelet.service", "root")
NGINX = Process(("nginx",), "nginx.service", "www-data")
HAPROXY = Process(("haproxy",), "haproxy.service", "haproxy")


def row(number: int, address: str = "0.0.0.0", inode: int = 1) -> ListenerRow:
    return ListenerRow(10 if ":" in address else 2, number, address, 0, 0, inode, None)


def judge(
    rows: tuple[ListenerRow, ...],
    processes: dict[int, Process],
    require: tuple[str, ...] = (),
    target: Target = Target(role="worker", proxy_mode="none"),  # noqa: B008
    hidden: bool = False,
) -> list[Outcome]:
    owners = SocketOwners(tuple(processes.items()), hidden)
    found = port(Lazy(lambda: target), Listeners(rows), Lazy(lambda: owners), Lazy(ComponentPorts), require=require)
    return list(found)


def one(*args: object, **kwargs: object) -> Outcome:
    (found,) = judge(*args, **kwargs)  # type: ignore[arg-type]
    return found


def test_a_free_port() -> None:
    found = one((row(22),), {})
    assert (found.status, found.subject, found.actual) == (Status.PASS, "10250/tcp", "free")
    assert found.evidence[0].source == "netlink listeners"


def test_a_port_that_its_component_holds() -> None:
    assert one((row(10250, "::"),), {1: KUBELET}).status == Status.PASS
    assert one((row(10250),), {1: Process(("k3s-agent",), None, "root")}).status == Status.PASS
    cut = Process(("python3", "kube-controller"), None, "root")
    assert one((row(10257),), {1: cut}, ("10257/tcp",)).status == Status.PASS  # comm holds 15 bytes


def test_a_port_that_another_holds() -> None:
    found = one((row(10250, "127.0.0.1"),), {1: NGINX})
    assert found.status == Status.FAIL
    assert "nginx (nginx.service) of user www-data on 127.0.0.1:10250" in found.message
    assert found.fix is not None
    assert found.fix.steps == (Command(("systemctl", "disable", "--now", "--", "nginx.service")),)
    assert found.fix.safety == "disruptive"


def test_the_fix_frees_the_port() -> None:
    found = one((row(10250),), {1: NGINX})
    assert found.fix is not None
    stopped = {step.argv[-1] for step in found.fix.steps if isinstance(step, Command)}
    left = tuple(item for item in (row(10250),) if NGINX.unit not in stopped)
    assert one(left, {}).status == Status.PASS


@pytest.mark.parametrize(
    "process",
    [Process(("docker-proxy",), "docker.service", "root"), Process(("python3",), "session-3.scope", "root")],
)
def test_no_unit_is_stopped_for_something_else(process: Process) -> None:
    found = one((row(10250),), {1: process})
    assert isinstance(found.fix, Fix)
    assert found.fix.safety == "manual"
    assert "scope" not in "".join(item.value or "" for item in found.evidence)  # its name changes from start to start


def test_a_port_whose_holder_is_hidden() -> None:
    found = one((row(10250),), {}, hidden=True)
    assert (found.status, found.cause and found.cause.code) == (Status.UNKNOWN, "denied")
    found = one((row(10250),), {}, hidden=False)
    assert (found.status, found.cause and found.cause.code) == (Status.UNKNOWN, "not-found")


def test_a_load_balancer_on_a_virtual_address() -> None:
    api = Process(("kube-apiserver",), None, "root")
    rows = (row(6443, "192.0.2.100"), row(6443, "192.0.2.5", 2))
    beside = one(rows, {1: HAPROXY, 2: api}, ("6443/tcp",))
    assert beside.status == Status.PASS
    assert "does not overlap" in beside.message
    alone = one(rows[:1], {1: HAPROXY}, ("6443/tcp",))
    assert alone.status == Status.FAIL
    assert "--bind-address" in alone.message
    assert alone.fix is not None
    assert alone.fix.safety == "manual"  # it is wanted; its port or address is wrong


def numbers(target: Target) -> list[int]:
    return [item.number for item in ports_of(target)]


def test_ports_by_role_release_and_proxy_mode() -> None:
    assert numbers(Target()) == [10250, 10256]
    assert numbers(Target(role="worker", proxy_mode="ipvs")) == [10250, 10256]
    assert numbers(Target(role="control-plane", proxy_mode="none")) == [6443, 2379, 2380, 10250, 10257, 10259]
    old = numbers(Target(role="control-plane", kubernetes="1.16.3"))
    assert {10251, 10252} <= set(old)
    assert not {10251, 10252} & set(numbers(Target(role="control-plane", kubernetes="1.17.4")))


def test_a_role_that_something_hid_is_told() -> None:
    hidden = Target(proxy_mode="none", unreadable=("role: /etc/kubernetes/manifests: permission denied",))
    assert [(one.subject, one.status) for one in judge((), {}, target=hidden)] == [
        ("10250/tcp", Status.PASS),
        (None, Status.UNKNOWN),
    ]
    assert len(judge((), {}, ("6443/tcp",), target=hidden)) == 1


def test_kube_proxys_health_port_is_a_warning() -> None:
    found = judge((row(10256),), {1: NGINX}, target=Target(proxy_mode="ipvs"))
    assert found[1].severity == Severity.WARNING
    assert one((row(10256),), {1: NGINX}, ("10256/tcp",)).severity == Severity.ERROR  # the profile asks for it


def test_a_port_that_no_component_needs() -> None:
    assert one((), {}, ("8080",)).subject == "8080/tcp"
    found = one((row(8080),), {1: NGINX}, ("8080/tcp",))
    assert found.status == Status.FAIL


@pytest.mark.parametrize("text", ["0/tcp", "65536/tcp", "6443/udp", "x", "６４４３/tcp", "1_0/tcp", ""])
def test_what_is_no_port(text: str) -> None:
    with pytest.raises(ValueError, match="expected a TCP port"):
        port_text(text)


def test_a_profile_with_a_wrong_port_is_refused(tmp_path: Path) -> None:
    profile = tmp_path / "p.toml"
    profile.write_text('schema = "nodecheck.profile/1"\nname = "p"\n[check.port]\nrequire = ["6443/sctp"]\n')
    with pytest.raises(nodecheck.NodecheckError):
        nodecheck.run(profile=str(profile), select=["port"])


# --- real sockets in a network namespace -------------------------------------------------------------------------

SERVER = """
import os, socket, sys
family = socket.AF_INET6 if ":" in sys.argv[2] else socket.AF_INET
s = socket.socket(family); s.bind((sys.argv[2], int(sys.argv[3]))); s.listen(); s.set_inheritable(True)
print("ready", flush=True)
os.execv(sys.argv[1], [sys.argv[1], "60"])
"""


def holder(folder: Path, name: str, address: str, number: int) -> subprocess.Popen[str]:
    """A process of that name that listens."""
    program = folder / name
    if not program.exists():
        shutil.copy("/bin/sleep", program)
    argv = [sys.executable, "-c", SERVER, str(program), address, str(number)]
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    while os.readlink(f"/proc/{child.pid}/exe") != str(program):
        pass
    return child


def test_real_listeners(tmp_path: Path) -> None:
    def work() -> nodecheck.Report:
        children = [
            holder(tmp_path, "kubelet", "::", 10250),
            holder(tmp_path, "stranger", "127.0.0.1", 6443),
            holder(tmp_path, "kube-controller-manager", "127.0.0.1", 10257),
        ]
        try:
            return nodecheck.run(select=["port"], role="control-plane", kubernetes="1.34", proxy_mode="none")
        finally:
            for child in children:
                child.kill()
                child.communicate()

    report = run_in_namespace(work)
    status = {result.subject: result.status for result in report.results}
    assert status == {
        "10250/tcp": "pass",
        "10257/tcp": "pass",
        "10259/tcp": "pass",
        "2379/tcp": "pass",
        "2380/tcp": "pass",
        "6443/tcp": "fail",
    }
    assert "held by stranger on 127.0.0.1:6443" in report["port[6443/tcp]"].message


def run_in_namespace(work: Callable[[], nodecheck.Report]) -> nodecheck.Report:
    """In a namespace of this thread; the engine's own threads start from it and are in it too."""
    return in_namespace(work, "link set lo up")


def test_two_runs_tell_the_same(tmp_path: Path) -> None:
    def work() -> tuple[str, str]:
        fingerprints = []
        for _ in range(2):
            child = holder(tmp_path, "stranger", "127.0.0.1", 10250)
            try:
                report = nodecheck.run(select=["port[10250/tcp]"], role="worker")
            finally:
                child.kill()
                child.communicate()
            fingerprints.append(report["port[10250/tcp]"].fingerprint)
        return fingerprints[0], fingerprints[1]

    first, second = in_namespace(work, "link set lo up")
    assert first == second


def test_a_directory_is_offline(tmp_path: Path) -> None:
    report = nodecheck.run(root=str(tmp_path), select=["port", "default-route", "interface"])
    assert {(result.status, result.cause and result.cause.code) for result in report.results} == {("skip", "offline")}


def test_an_unprivileged_user_learns_what_is_free(tmp_path: Path) -> None:
    children = []

    def work() -> dict[str, tuple[str, str | None]]:
        children.append(holder(tmp_path, "kubelet", "0.0.0.0", 10250))
        for turn in range(2):  # the first as root, so that all is imported
            if turn:
                become_nobody()
            report = nodecheck.run(select=["port"], role="worker", proxy_mode="ipvs", kubernetes="1.34", cni="x")
        return {str(one.subject): (str(one.status), one.cause and one.cause.code) for one in report.results}

    try:
        assert in_namespace(work, "link set lo up") == {"10250/tcp": ("unknown", "denied"), "10256/tcp": ("pass", None)}
    finally:
        for child in children:
            child.kill()
            child.communicate()


def test_thread_namespaces_are_separate() -> None:
    """A listener of this process's own namespace is none of a thread's that has its own."""
    with socket.create_server(("127.0.0.1", 0)) as ours:
        number = ours.getsockname()[1]
        there = in_namespace(lambda: nodecheck.run(select=["port"], role="worker"), "link set lo up")
        assert f"{number}/tcp" not in {result.subject for result in there.results}
