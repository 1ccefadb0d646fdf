"""Services at the next boot: what an enabled one lacks to start, and what a node needs without being told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import nodecheck
from nodecheck.model.steps import Command, Manual

UNITS = "/usr/lib/systemd/system"
ETC = "/etc/systemd/system"
WANTS = f"{ETC}/multi-user.target.wants"
Tree = Callable[[dict[str, "str | bytes"]], Path]


def unit(start: str = "/usr/bin/x", head: str = "", install: str = "WantedBy=multi-user.target") -> str:
    return f"[Unit]\n{head}\n[Service]\nExecStart={start}\n" + (f"[Install]\n{install}\n" if install else "")


def link(root: Path, path: str, target: str) -> None:
    place = root / path.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(target)


@pytest.fixture
def node(tree: Tree) -> Path:
    targets: dict[str, str | bytes] = {
        f"{UNITS}/{name}.target": "[Unit]\n" for name in ("sysinit", "basic", "multi-user")
    }
    root = tree(
        {**targets, "/bin/sh": "", "/usr/bin/x": "", "/usr/bin/plain": "", "/opt/full/a": "x", "/opt/empty": ""}
    )
    (root / "usr/bin/x").chmod(0o755)
    (root / "opt/dir").mkdir()
    link(root, f"{ETC}/default.target", f"{UNITS}/multi-user.target")
    return root


def judged(node: Path, *names: str) -> nodecheck.Result:
    """The boot result of a service that the profile requires."""
    listed = ", ".join(f'"{name}"' for name in names)
    (node / "p.toml").write_text(f'schema = "nodecheck.profile/1"\nname = "t"\n[check.service]\nrequire = [{listed}]\n')
    report = nodecheck.run(root=node, profile=node / "p.toml", select=["service@boot"])
    return report[f"service[{names[0]}]@boot"]


def enabled(node: Path, text: str, name: str = "x.service") -> nodecheck.Result:
    place = node / UNITS.lstrip("/") / name
    place.write_text(text)
    if not (node / WANTS.lstrip("/") / name).is_symlink():
        link(node, f"{WANTS}/{name}", f"{UNITS}/{name}")
    return judged(node, name.removesuffix(".service"))


@pytest.mark.parametrize(
    ("conditions", "status"),
    [
        ("ConditionPathExists=/opt/full", "pass"),
        ("ConditionPathExists=/opt/none", "fail"),
        ("ConditionPathExists=!/opt/none", "pass"),
        ("ConditionPathExists=|/opt/none\nConditionPathExists=|/opt/full", "pass"),
        ("ConditionPathExists=|/opt/none\nConditionPathExists=|!/opt/full", "fail"),
        ("ConditionPathExists=/opt/none\nConditionFileNotEmpty=", "pass"),
        ("ConditionPathExists=/opt/none\nAssertPathExists=", "fail"),
        ("AssertPathExists=/opt/none", "fail"),
        ("ConditionPathIsDirectory=/opt/full", "pass"),
        ("ConditionPathIsDirectory=/opt/empty", "fail"),
        ("ConditionFileNotEmpty=/opt/full/a", "pass"),
        ("ConditionFileNotEmpty=/opt/empty", "fail"),
        ("ConditionDirectoryNotEmpty=/opt/full", "pass"),
        ("ConditionDirectoryNotEmpty=/opt/dir", "fail"),
        ("ConditionFileIsExecutable=/usr/bin/x", "pass"),
        ("ConditionFileIsExecutable=!/usr/bin/x", "fail"),
        ("ConditionFileIsExecutable=/usr/bin/plain", "fail"),
        ("ConditionPathExistsGlob=/opt/f*l", "pass"),
        ("ConditionPathExistsGlob=/opt/g*l", "fail"),
        ("ConditionPathExistsGlob=/o*t/none", "fail"),
        ("ConditionPathExistsGlob=/o*t/full", "pass"),
        ("ConditionPathIsSymbolicLink=/opt/full", "fail"),
        ("ConditionKernelCommandLine=quiet", "pass"),
        ("ConditionKernelCommandLine=!quiet", "fail"),
        ("ConditionKernelCommandLine=a=b", "fail"),
        ("ConditionPathExists=/run/none", "unknown"),  # only the next boot tells
        ("ConditionVirtualization=container", "fail"),
        ("ConditionVirtualization=!container", "pass"),
        ("ConditionVirtualization=kvm", "unknown"),
        ("ConditionPathExists=/opt/%i", "unknown"),  # of no instance
    ],
)
def test_conditions(node: Path, conditions: str, status: str) -> None:
    (node / "proc").mkdir()
    (node / "proc/cmdline").write_text("ro quiet\n")

    found = enabled(node, unit(head=conditions))

    assert found.status == status
    if status == "fail":
        assert (found.actual, found.evidence[1].source) == ("not started", f"{UNITS}/x.service")


@pytest.mark.parametrize(
    ("start", "status"),
    [
        ("/usr/bin/x --flag", "pass"),
        ("x", "pass"),
        ("+/usr/bin/x", "pass"),
        ("@/usr/bin/x y", "pass"),
        ("/usr/bin/none", "fail"),
        ("-/usr/bin/none", "pass"),
        ("/usr/bin/plain", "fail"),
        ("/usr/bin", "fail"),
        ("none", "fail"),
        ("/usr/bin/%p", "pass"),
        ("/usr/bin/x\nExecStartPre=/usr/bin/none", "fail"),
        ("/usr/bin/x\nExecStartPre=-/sbin/modprobe overlay", "pass"),
        ("/usr/bin/none\nExecStart=\nExecStart=/usr/bin/x", "pass"),
        ("/usr/bin/none\nRootDirectory=/opt", "pass"),
    ],
)
def test_programs(node: Path, start: str, status: str) -> None:
    assert enabled(node, unit(start)).status == status


def test_programs_count_only_where_the_root_has_any(node: Path) -> None:
    (node / "bin/sh").unlink()

    assert enabled(node, unit("/usr/bin/none")).status == "pass"


def test_a_drop_in_changes_what_is_started(node: Path) -> None:
    dropins = node / ETC.lstrip("/") / "x.service.d"
    dropins.mkdir(parents=True)
    (dropins / "10.conf").write_text("[Service]\nExecStart=\nExecStart=/usr/bin/none\n")

    found = enabled(node, unit())

    assert (found.status, found.evidence[1].source) == ("fail", f"{ETC}/x.service.d/10.conf")


def test_a_template_is_judged_by_its_text(node: Path) -> None:
    place = node / UNITS.lstrip("/") / "x@.service"
    place.write_text(unit(head="ConditionPathExists=/opt/none"))
    link(node, f"{WANTS}/x@a.service", f"{UNITS}/x@.service")

    assert judged(node, "x@a").status == "fail"


@pytest.mark.parametrize(
    ("key", "debian", "status"),
    [
        ("Requires", "12", "pass"),
        ("Requires", "13", "fail"),
        ("BindsTo", "12", "fail"),
        ("BindsTo", "13", "fail"),
        ("Wants", "13", "pass"),
    ],
)
@pytest.mark.parametrize("masked", [True, False])
def test_what_cannot_be_had_stops_what_a_boot_pulls_in(
    node: Path, key: str, debian: str, status: str, masked: bool
) -> None:
    """systemd 252, booted with these units, starts a service whose Requires= is masked or missing; 257 does not."""
    (node / "etc/os-release").write_text(f"ID=debian\nVERSION_ID={debian}\n")
    if masked:
        link(node, f"{ETC}/other.service", "/dev/null")

    assert enabled(node, unit(head=f"{key}=other.service")).status == status


def test_a_required_service_of_a_system_v_script_can_be_had(node: Path) -> None:
    assert enabled(node, unit(head="Requires=old.service")).status == "fail"
    (node / "etc/init.d").mkdir(parents=True)
    (node / "etc/init.d/old").write_text("#!/bin/sh\n")
    assert judged(node, "x").status == "pass"


def test_docker_needs_its_socket(node: Path) -> None:
    (node / UNITS.lstrip("/") / "x.socket").write_text("[Socket]\nListenStream=/run/x\n")
    assert enabled(node, unit("/usr/bin/x -H fd://")).status == "pass"
    link(node, f"{ETC}/x.socket", "/dev/null")

    found = enabled(node, unit("/usr/bin/x -H fd://"))

    assert found.status == "fail"
    assert found.fix is not None
    assert found.fix.steps == (Command(("systemctl", "unmask", "x.socket")),)


def test_a_linked_unit_file_is_no_alias(node: Path) -> None:
    (node / "opt/x.service").write_text(unit())
    link(node, f"{ETC}/x.service", "/opt/x.service")
    link(node, f"{ETC}/y.service", "/opt/x.service")
    link(node, f"{WANTS}/y.service", f"{ETC}/y.service")

    assert judged(node, "x").status == "fail"
    assert judged(node, "y").status == "pass"


def test_upholds_directories_count_from_254_on(node: Path) -> None:
    (node / UNITS.lstrip("/") / "x.service").write_text(unit())
    link(node, f"{ETC}/multi-user.target.upholds/x.service", f"{UNITS}/x.service")
    assert judged(node, "x").status == "pass"

    (node / "etc/os-release").write_text("ID=debian\nVERSION_ID=12\n")

    assert judged(node, "x").status == "fail"


@pytest.mark.parametrize(
    ("install", "verb"),
    [
        ("WantedBy=multi-user.target", ("enable",)),
        ("RequiredBy=basic.target", ("enable",)),
        ("WantedBy=other.target", ("add-wants", "multi-user.target")),
        ("Alias=y.service", ("add-wants", "multi-user.target")),
        ("", ("add-wants", "multi-user.target")),
    ],
)
def test_how_it_is_enabled(node: Path, install: str, verb: tuple[str, ...]) -> None:
    (node / UNITS.lstrip("/") / "x.service").write_text(unit(install=install))

    found = judged(node, "x")

    assert found.fix is not None
    assert found.fix.steps == (Command(("systemctl", *verb, "x.service")),)


def test_a_target_that_is_masked_starts_nothing(node: Path) -> None:
    (node / UNITS.lstrip("/") / "x.service").write_text(unit(install="WantedBy=swap.target"))
    link(node, f"{ETC}/swap.target", "/dev/null")

    found = judged(node, "x")

    assert found.fix is not None
    assert found.fix.steps == (Command(("systemctl", "add-wants", "multi-user.target", "x.service")),)


@pytest.mark.parametrize(
    ("path", "verb"),
    [
        (f"{ETC}/y.service", ("add-wants", "multi-user.target")),
        (f"{ETC}/graphical.target.wants/x.service", ("add-wants", "multi-user.target")),
        ("/usr/lib/systemd/system/y.service", ("enable",)),
    ],
)
def test_what_systemctl_calls_enabled_and_no_boot_starts_is_not_left_to_enable(
    node: Path, path: str, verb: tuple[str, ...]
) -> None:
    (node / UNITS.lstrip("/") / "x.service").write_text(unit())
    link(node, path, f"{UNITS}/x.service")

    found = judged(node, "y" if "/y." in path else "x")

    assert found.fix is not None
    assert found.fix.steps == (Command(("systemctl", *verb, "x.service")),)


def test_a_link_to_null_that_takes_the_dependency_away_is_a_persons_work(node: Path) -> None:
    (node / UNITS.lstrip("/") / "x.service").write_text(unit())
    link(node, f"{WANTS}/x.service", "/dev/null")

    found = judged(node, "x")

    assert (found.status, found.fix and found.fix.safety) == ("fail", "manual")


def test_enabling_alone_does_not_mend_what_cannot_start(node: Path) -> None:
    (node / UNITS.lstrip("/") / "x.service").write_text(unit("/usr/bin/none"))

    found = judged(node, "x")

    assert found.fix is not None
    assert found.fix.safety == "manual"
    assert isinstance(found.fix.steps[-1], Manual)


def test_a_mask_with_nothing_beneath_is_a_persons_work(node: Path) -> None:
    link(node, f"{ETC}/x.service", "/dev/null")
    found = judged(node, "x")
    assert (found.actual, found.fix and found.fix.safety) == ("masked", "manual")

    (node / UNITS.lstrip("/") / "x.service").write_text(unit())

    found = judged(node, "x")
    assert found.fix is not None
    assert [step[0][1] for step in found.fix.steps if isinstance(step, Command)] == ["unmask", "enable"]


@pytest.mark.parametrize(
    ("mode", "links", "status"),
    [
        (0o755, ("rc3.d/S20x",), "pass"),
        (0o755, ("rc5.d/S20x",), "fail"),  # the default target is multi-user
        (0o755, ("rc3.d/K20x",), "fail"),
        (0o644, ("rc3.d/S20x",), "fail"),
        (0o755, (), "fail"),
    ],
)
def test_system_v_scripts(node: Path, mode: int, links: tuple[str, ...], status: str) -> None:
    (node / "etc/init.d").mkdir()
    (node / "etc/init.d/x").write_text("#!/bin/sh\n")
    (node / "etc/init.d/x").chmod(mode)
    for name in links:
        link(node, f"/etc/{name}", "../init.d/x")

    assert judged(node, "x").status == status


@pytest.mark.parametrize(("level", "status"), [("default", "pass"), ("boot", "pass"), ("shutdown", "fail")])
def test_openrc(tree: Tree, level: str, status: str) -> None:
    node = tree({f"etc/runlevels/{level}/x": "", "etc/runlevels/default/y": ""})

    assert judged(node, "x").status == status


def test_another_init_is_unknown(tree: Tree) -> None:
    assert judged(tree({"etc/runit/2": ""}), "x").status == "unknown"


def needed(node: Path, **given: str) -> dict[str, str]:
    report = nodecheck.run(root=node, select=["service@boot"], **given)  # type: ignore[arg-type]
    return {result.subject or "": result.status.value for result in report}


def install(node: Path, *names: str, enable: bool = True) -> None:
    for name in names:
        (node / UNITS.lstrip("/") / f"{name}.service").write_text(unit())
        if enable:
            link(node, f"{WANTS}/{name}.service", f"{UNITS}/{name}.service")


def test_nothing_is_needed_where_nothing_is_installed(node: Path) -> None:
    assert needed(node) == {"": "skip"}


def kubelet(node: Path, endpoint: str = "") -> None:
    install(node, "kubelet")
    config = node / "var/lib/kubelet/config.yaml"
    config.parent.mkdir(parents=True)
    config.write_text(f"apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n{endpoint}\n")
    (node / "etc/systemd/system/kubelet.service.d").mkdir()
    (node / "etc/systemd/system/kubelet.service.d/10-kubeadm.conf").write_text(
        "[Service]\nExecStart=\nExecStart=/usr/bin/kubelet --config=/var/lib/kubelet/config.yaml\n"
    )
    (node / "usr/bin/kubelet").write_text("")
    (node / "usr/bin/kubelet").chmod(0o755)


def test_the_runtime_that_the_kubelet_points_to(node: Path) -> None:
    kubelet(node, "containerRuntimeEndpoint: unix:///run/crio/crio.sock")
    install(node, "containerd", "docker", enable=False)
    install(node, "crio", "systemd-timesyncd", "chrony")

    assert needed(node) == {"crio": "pass", "kubelet": "pass", "chronyd": "pass"}


@pytest.mark.parametrize(("release", "runtime"), [("1.17", "docker"), ("1.34", "containerd")])
def test_the_default_runtime_of_the_release(node: Path, release: str, runtime: str) -> None:
    kubelet(node)
    install(node, "docker", "containerd", enable=False)

    assert needed(node, kubernetes=release) == {runtime: "fail", "kubelet": "pass"}


def test_a_runtime_that_is_not_installed_fails(node: Path) -> None:
    kubelet(node, "containerRuntimeEndpoint: unix:///run/containerd/containerd.sock")

    assert needed(node) == {"containerd": "fail", "kubelet": "pass"}


def test_without_a_kubelet_what_is_enabled(node: Path) -> None:
    install(node, "docker", enable=False)
    install(node, "containerd")

    assert needed(node) == {"containerd": "pass"}


def test_one_of_two_time_services(node: Path) -> None:
    install(node, "chronyd", enable=False)
    install(node, "systemd-timesyncd")

    assert needed(node) == {"systemd-timesyncd": "pass"}


def test_a_time_service_is_a_warning_unless_it_is_required(node: Path) -> None:
    install(node, "chronyd", enable=False)

    found = nodecheck.run(root=node, select=["service@boot"])["service[chronyd]@boot"]

    assert (found.status, found.severity) == ("fail", "warning")
    assert judged(node, "chronyd").severity == "error"


@pytest.mark.parametrize(
    ("installed", "enable", "expected"),
    [
        (("k3s",), True, {"k3s": "pass"}),
        (("k3s-agent",), False, {"k3s-agent": "fail"}),
        (("rke2-server", "rke2-agent"), False, {"rke2-agent": "fail"}),
        (("snap.microk8s.daemon-kubelite", "snap.microk8s.daemon-containerd"), True,
         {"snap.microk8s.daemon-kubelite": "pass", "snap.microk8s.daemon-containerd": "pass"}),
    ],
)  # fmt: skip
def test_distributions_of_their_own(
    node: Path, installed: tuple[str, ...], enable: bool, expected: dict[str, str]
) -> None:
    install(node, *installed, enable=enable)

    assert needed(node) == expected


def test_of_server_and_agent_the_one_that_is_enabled(node: Path) -> None:
    install(node, "rke2-agent", enable=False)
    install(node, "rke2-server")

    assert needed(node) == {"rke2-server": "pass"}


def test_a_kubelet_whose_configuration_cannot_be_read(node: Path) -> None:
    kubelet(node)
    (node / "var/lib/kubelet/config.yaml").unlink()
    (node / "var/lib/kubelet/config.yaml").mkdir()
    install(node, "chronyd", "containerd")

    assert needed(node) == {"": "unknown", "kubelet": "pass", "chronyd": "pass"}


def test_links_and_texts_are_followed_in_turn(node: Path) -> None:
    """A link in the directory of a target that only the text of a service names, which a link enables."""
    units = node / UNITS.lstrip("/")
    (units / "x.service").write_text(unit(install=""))
    (units / "own.target").write_text("[Unit]\n")
    link(node, f"{ETC}/own.target.wants/x.service", f"{UNITS}/x.service")
    (units / "first.service").write_text(unit(head="Requires=dbus.socket \\\n  own.target"))
    before = judged(node, "x")

    link(node, f"{WANTS}/first.service", f"{UNITS}/first.service")
    after = judged(node, "x")

    assert (before.status, after.status) == ("fail", "pass")
    assert after.evidence[0].source == f"{ETC}/own.target.wants/x.service"


@pytest.mark.parametrize("how", ["masked", "gone", "after the service section"])
def test_what_a_boot_does_not_reach_pulls_nothing_in(node: Path, how: str) -> None:
    units = node / UNITS.lstrip("/")
    (units / "x.service").write_text(unit(install=""))
    (units / "first.service").write_text(unit() + "[Unit]\nWants=x.service\n")
    link(node, f"{WANTS}/first.service", f"{UNITS}/first.service")
    reached = judged(node, "x").status

    if how == "masked":
        link(node, f"{ETC}/first.service", "/dev/null")
    elif how == "gone":
        (units / "first.service").unlink()
    else:
        (units / "first.service").write_text(unit() + "Wants=x.service\n")

    assert (reached, judged(node, "x").status) == ("pass", "fail")


def both(node: Path, first: str, second: str, subject: str = "ntpd") -> nodecheck.Result:
    """Two enabled time services, with what their texts say of each other."""
    enabled(node, unit(head=first), "chronyd.service")
    return enabled(node, unit(head=second), f"{subject}.service")


def test_a_service_that_another_one_conflicts_with_does_not_start(node: Path) -> None:
    found = both(node, "Conflicts=ntpd.service systemd-timesyncd.service", "")

    assert (found.status, found.actual) == ("fail", "not started")
    assert "chronyd.service" in found.message
    assert judged(node, "chronyd").status == "pass"  # the one that names the other starts
    (node / WANTS.lstrip("/") / "chronyd.service").unlink()
    assert judged(node, "ntpd").status == "pass"


def test_a_conflict_counts_whatever_becomes_of_the_one_that_names_it(node: Path) -> None:
    assert both(node, "Conflicts=ntpd.service\nConditionPathExists=/opt/none", "").status == "fail"


def test_a_conflict_is_meant_under_every_name(node: Path) -> None:
    link(node, f"{ETC}/sntp.service", f"{UNITS}/ntpd.service")

    assert both(node, "Conflicts=sntp.service", "").status == "fail"


def test_two_that_exclude_each_other_are_unknown(node: Path) -> None:
    assert both(node, "Conflicts=ntpd.service", "Conflicts=chronyd.service").status == "unknown"


@pytest.mark.parametrize("key", ["Requires", "BindsTo", "Upholds"])
def test_a_unit_that_another_one_requires_may_win(node: Path, key: str) -> None:
    enabled(node, unit(head=f"{key}=ntpd.service"), "other.service")

    assert both(node, "Conflicts=ntpd.service", "").status == "unknown"


def test_any_two_services_may_conflict(node: Path) -> None:
    assert both(node, "Conflicts=own.service", "", "own").status == "fail"
    assert both(node, "", "", "own").status == "pass"
