"""By which marks a container is told from a machine, and what it is taken for at its next boot."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck.checking.store import Facts
from nodecheck.errors import Absent
from nodecheck.facts import BootCmdline, BootUnits, Container
from nodecheck.facts.boot.container import ENVIRON
from nodecheck.host.base import Host, Question
from nodecheck.host.record import Recorder
from nodecheck.host.recording import RecordingHost
from nodecheck.testing import assert_verdicts, judge, record, write_tree
from nodecheck_checks.services.service import service
from nodecheck_checks.swap.swap import swap

GVISOR = "Linux version 4.4.0 #1 SMP Sun Jan 10 15:06:54 PST 2016\n"
WSL = "5.15.153.1-microsoft-standard-WSL2\n"
LEGACY = {"/sys/fs/cgroup/systemd/tasks": ""}

Files = dict[str, str]


def host_of(path: Path, files: Files) -> RecordingHost:
    recording = record(write_tree(path, {"/etc/hostname": "node1\n", **files}))
    recording.running = True  # the tree stands for a live node
    return recording


def found(path: Path, files: Files) -> Container:
    return Facts(host_of(path, files), ()).get(Container)


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ({}, None),
        ({"/proc/1/environ": "HOME=/\0TERM=linux\0"}, None),
        ({"/run/systemd/container": "systemd-nspawn\n"}, "systemd-nspawn"),
        ({"/run/systemd/container": "lxc\n", "/.dockerenv": ""}, "lxc"),
        ({"/run/host/container-manager": "podman\n", "/run/systemd/container": "docker"}, "podman"),
        ({"/run/systemd/container": "incus\n"}, "container-other"),
        ({"/run/systemd/container": "oci\n"}, "container-other"),
        ({"/run/systemd/container": "oci\n", "/.dockerenv": ""}, "docker"),
        ({"/proc/1/environ": "PATH=/bin\0container=docker\0"}, "docker"),
        ({"/proc/1/environ": "container=\0"}, None),
        ({"/proc/1/environ": "no_container=docker\0"}, None),
        ({"/.dockerenv": ""}, "docker"),
        ({"/run/.containerenv": "engine\n", "/.dockerenv": ""}, "podman"),
        ({"/proc/sys/kernel/osrelease": WSL, "/run/systemd/container": "wsl\n"}, "wsl"),
        ({"/proc/sys/kernel/osrelease": WSL}, "wsl"),
        ({"/proc/version": GVISOR, "/.dockerenv": ""}, "gvisor"),
        ({"/proc/version": "Linux version 6.1.0-9-amd64\n", "/.dockerenv": ""}, "docker"),
        ({"/proc/vz/version": "x"}, "openvz"),
        ({"/proc/vz/version": "x", "/proc/bc/resources": "x"}, None),
        ({"/sys/fs/cgroup/cgroup.events": "", "/sys/fs/cgroup/cgroup.type": "domain\n"}, "container-other"),
        ({"/sys/fs/cgroup/cgroup.controllers": "cpu\n"}, None),
        (LEGACY, "container-other"),
        ({**LEGACY, "/sys/fs/cgroup/systemd/release_agent": ""}, None),
    ],
)
def test_the_marks(tmp_path: Path, files: Files, kind: str | None) -> None:
    container = found(tmp_path, files)

    assert container.kind == kind
    assert bool(container.evidence) == (kind is not None)


@pytest.mark.parametrize(("pid", "kind"), [("pid:[4026531836]", None), ("pid:[4026532201]", "docker")])
def test_a_machine_whose_disk_was_made_of_an_image(tmp_path: Path, pid: str, kind: str | None) -> None:
    """It has the file of Docker, and is in the first namespaces; in a container it is not."""
    links = {"pid": pid, "uts": "uts:[4026531838]", "ipc": "ipc:[4026531839]"}
    (tmp_path / "proc/self/ns").mkdir(parents=True)
    for name, link in links.items():
        (tmp_path / "proc/self/ns" / name).symlink_to(link)

    assert found(tmp_path, {"/.dockerenv": ""}).kind == kind


def test_process_one_may_be_the_hosts(tmp_path: Path) -> None:
    (tmp_path / "proc/self/ns").mkdir(parents=True)
    (tmp_path / "proc/self/ns/pid").symlink_to("pid:[4026531836]")
    host = host_of(tmp_path, {"/.dockerenv": "", "/proc/1/status": "Name:\tsystemd\n", "/proc/1/cmdline": "init\0x\0"})
    facts = Facts(host, ())
    container, units = facts.get(Container), facts.get(BootUnits)

    assert (container.kind, container.program, container.words) == ("docker", None, ())
    assert units.untold is not None


def test_a_directory_is_no_container(tmp_path: Path) -> None:
    root = record(write_tree(tmp_path, {"/.dockerenv": "", "/run/systemd/container": "lxc\n"}))

    assert Facts(root, ()).get(Container) == Container()


@pytest.mark.parametrize(
    ("status", "users", "module", "private"),
    [
        ("Name:\tsystemd\nCapBnd:\t000001ffffffffff\n", "0 0 4294967295\n", True, False),
        ("Name:\tsystemd\nCapBnd:\t00000000fcecbfff\n", "0 100000 65536\n", False, True),
        ("Name:\tsystemd\n", "", None, False),
    ],
)
def test_what_it_may_do(tmp_path: Path, status: str, users: str, module: bool | None, private: bool) -> None:
    container = found(tmp_path, {"/.dockerenv": "", "/proc/1/status": status, "/proc/self/uid_map": users})

    assert (container.has_capability(16), container.private_users) == (module, private)


GRUB = "menuentry x {\n linux /vmlinuz-6.1.0-9-amd64 root=/dev/sda1 systemd.mask=containerd.service\n}\n"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"/.dockerenv": "", "/proc/1/cmdline": "/sbin/init\0"}, ()),
        ({"/.dockerenv": "", "/proc/1/cmdline": "/sbin/init\0--unit=rescue.target\0"}, ("systemd.unit=rescue.target",)),
        ({"/.dockerenv": "", "/proc/1/cmdline": "/sbin/init\0systemd.mask=a\0"}, ("systemd.mask=a",)),
        ({"/proc/1/cmdline": "/sbin/init\0"}, ("root=/dev/sda1", "systemd.mask=containerd.service")),
    ],
)
def test_its_command_line_is_that_of_its_first_process(tmp_path: Path, files: Files, words: tuple[str, ...]) -> None:
    host = host_of(tmp_path, {"/boot/grub/grub.cfg": GRUB, "/proc/cmdline": "quiet\n", "/sys/x": "", **files})

    assert Facts(host, ()).get(BootCmdline).words == words


@pytest.mark.parametrize(
    ("status", "cmdline", "shell", "untold"),
    [
        ("systemd", "/sbin/init\0", None, False),
        ("init", "/sbin/init\0", None, False),
        ("sleep", "sleep\0infinity\0", "sleep", False),
        ("bash", "bash\0", "bash", False),
        ("bash", "bash\0/entrypoint.sh\0", None, True),
        ("k3s", "k3s\0server\0", None, True),
    ],
)
def test_its_first_process(tmp_path: Path, status: str, cmdline: str, shell: str | None, untold: bool) -> None:
    files = {"/.dockerenv": "", "/proc/1/cmdline": cmdline, "/proc/1/status": f"Name:\t{status}\n"}
    units = Facts(host_of(tmp_path, files), ()).get(BootUnits)

    assert (units.shell, units.untold is not None) == (shell, untold)


UNIT = "[Unit]\nConditionVirtualization={}\n[Service]\nExecStart=/bin/true\n"
WANTS = "/etc/systemd/system/multi-user.target.wants/x.service"


@pytest.mark.parametrize(
    ("marks", "wanted", "status"),
    [
        ({"/.dockerenv": ""}, "container", "pass"),
        ({"/.dockerenv": ""}, "docker", "pass"),
        ({"/.dockerenv": ""}, "lxc", "fail"),
        ({"/.dockerenv": ""}, "!container", "fail"),
        ({}, "!container", "pass"),
        ({}, "container", "fail"),
    ],
)
def test_conditions_of_units(tmp_path: Path, marks: Files, wanted: str, status: str) -> None:
    files = {
        "/usr/lib/systemd/systemd": "", "/bin/true": "#!/bin/sh\n", WANTS: "", "/proc/cmdline": "ro\n",
        "/etc/systemd/system/x.service": UNIT.format(wanted), "/proc/1/status": "Name:\tsystemd\n",
        "/proc/1/cmdline": "/sbin/init\0", **marks,
    }  # fmt: skip
    host = host_of(tmp_path, files)
    (tmp_path / "bin/true").chmod(0o755)
    (tmp_path / WANTS.lstrip("/")).unlink()
    (tmp_path / WANTS.lstrip("/")).symlink_to("/etc/systemd/system/x.service")

    found = judge(service, host, view="boot", parameters={"require": ["x"]})
    assert_verdicts(found, {"service[x]@boot": status})


def test_swap_is_the_hosts_at_boot(tmp_path: Path) -> None:
    files = {"/etc/fstab": "/dev/sda2 none swap sw 0 0\n", "/proc/swaps": "", "/proc/cmdline": "ro\n"}

    assert_verdicts(judge(swap, host_of(tmp_path / "one", files), view="boot"), {"swap[/dev/sda2]@boot": "fail"})
    inside = host_of(tmp_path / "two", {**files, "/.dockerenv": ""})
    assert_verdicts(judge(swap, inside, view="boot"), {"swap@boot": "skip"})


def test_the_environment_of_the_first_process_is_no_evidence() -> None:
    class Environment(Host):
        kind, path = "live", "/"
        running = whole = this_machine = True

        def ask(self, question: Question) -> object:
            if question.arguments[:1] != (ENVIRON,):
                raise Absent(str(question.arguments[:1]), "not there")
            return b"DB_PASSWORD=hunter2\0container=docker\0"

    recorder = Recorder(Environment())
    found = Container.read(recorder)

    assert found.kind == "docker"
    assert "hunter2" not in str((found, recorder.seen))
