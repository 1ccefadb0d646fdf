"""Services: running now, started at the next boot."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import nodecheck
from nodecheck.checking import Evidence, Outcome
from nodecheck.facts.cluster.joined import Joined
from nodecheck.facts.cluster.needed_services import NeededServices
from nodecheck.facts.services.init_system import InitSystem
from nodecheck.facts.services.openrc import StartedServices
from nodecheck.facts.services.running import Services, ServiceState, parse_units
from nodecheck.facts.services.service_units import KnownServices, Obstacle, OtherServices, ServiceUnit, Texts
from nodecheck.facts.services.units import Entry, UnitIndex
from nodecheck.model.steps import Command
from nodecheck_checks.services.names import unit_name
from nodecheck_checks.services.service import service

UNITS = "/usr/lib/systemd/system"
UNIT = "[Service]\nExecStart=/usr/sbin/chronyd\n[Install]\nWantedBy=multi-user.target\n"


def unit_index() -> UnitIndex:
    files = {"mysql.service": (Entry("/etc/systemd/system/mysql.service", f"{UNITS}/mariadb.service"),)}
    return UnitIndex(files, {}, {}, frozenset(), complete=False)


def judged(
    subject: str,
    states: dict[str, tuple[str, str, str]],
    *,
    installed: tuple[str, ...] = (),
    joined: str | None = "/etc/kubernetes/kubelet.conf",
    others: tuple[str, ...] = (),
    require: tuple[str, ...] = (),
    texts: Texts | None = None,
    init: InitSystem = InitSystem(),  # noqa: B008 - immutable
    started: tuple[str, ...] = (),
    masks: tuple[str, ...] = (),
) -> Outcome:
    """``installed`` are units of the distribution, ``masks`` paths that link to ``/dev/null``."""
    found_in: dict[str, tuple[Entry, ...]] = {name: (Entry(f"{UNITS}/{name}", None),) for name in installed}
    for path in masks:
        name = path.rpartition("/")[2]
        found_in[name] = (Entry(path, "/dev/null"), *found_in.get(name, ()))
    index = unit_index()
    index = index._replace(files={**index.files, **found_in})
    services = Services({name: ServiceState(*state) for name, state in states.items()})
    needed = NeededServices(time_others=others)
    place = Joined(joined, ("/etc/kubernetes/kubelet.conf",))
    (found,) = service(
        subject, init, lambda: services, lambda: index, lambda: place,
        lambda: StartedServices(started, "/run/openrc/started"), lambda: needed, lambda: KnownServices(texts or {}),
        lambda: OtherServices({}), require=require,
    )  # fmt: skip
    return found


def test_what_openrc_has_started() -> None:
    openrc = InitSystem("openrc")
    runs = judged("chronyd", {}, init=openrc, started=("sshd", "chronyd"))
    assert (runs.status, runs.evidence[0].source) == ("pass", "/run/openrc/started/chronyd")

    stopped = judged("chronyd", {}, init=openrc, started=("sshd",))
    assert (stopped.status, stopped.evidence[0]) == ("fail", Evidence("/run/openrc/started/chronyd"))
    assert stopped.fix is not None
    assert stopped.fix.steps == (Command(("rc-service", "chronyd", "start")),)

    assert judged("chronyd", {}, init=InitSystem("upstart"), started=("chronyd",)).status == "unknown"


@pytest.fixture
def node(tree: Callable[[dict[str, str | bytes]], Path]) -> Path:
    targets = {f"{UNITS}/{name}.target": "[Unit]\n" for name in ("sysinit", "multi-user", "default")}
    return tree({f"{UNITS}/chronyd.service": UNIT, **targets})


def boot(node: Path, name: str = "chronyd") -> nodecheck.Result:
    (node / "p.toml").write_text(f'schema = "nodecheck.profile/1"\nname = "t"\n[check.service]\nrequire = ["{name}"]\n')
    return nodecheck.run(root=node, profile=node / "p.toml", select=["service"])["service[chronyd]@boot"]


def link(node: Path, path: str, target: str) -> None:
    place = node / path.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(target)


def test_started_is_not_enabled(node: Path) -> None:
    found = boot(node)

    assert (found.status, found.actual) == ("fail", "not enabled")
    assert found.fix is not None
    assert found.fix.steps == ((("systemctl", "enable", "chronyd.service"),),)


def test_enabled(node: Path) -> None:
    link(node, "/etc/systemd/system/multi-user.target.wants/chronyd.service", f"{UNITS}/chronyd.service")

    found = boot(node)

    assert found.status == "pass"
    assert found.evidence[0].source == "/etc/systemd/system/multi-user.target.wants/chronyd.service"


def test_masked_beats_enabled(node: Path) -> None:
    link(node, "/etc/systemd/system/multi-user.target.wants/chronyd.service", f"{UNITS}/chronyd.service")
    link(node, "/etc/systemd/system/chronyd.service", "/dev/null")

    found = boot(node)

    assert (found.status, found.actual) == ("fail", "masked")


def test_a_mask_in_run_is_gone_at_the_next_boot(node: Path) -> None:
    link(node, "/etc/systemd/system/multi-user.target.wants/chronyd.service", f"{UNITS}/chronyd.service")
    link(node, "/run/systemd/system/chronyd.service", "/dev/null")

    assert boot(node).status == "pass"


@pytest.mark.parametrize(("key", "status"), [("Wants", "pass"), ("Requires", "pass"), ("After", "fail")])
def test_the_text_of_a_unit_that_starts_pulls_in(
    node: Path, tree: Callable[[dict[str, str | bytes]], Path], key: str, status: str
) -> None:
    tree({f"{UNITS}/docker.service": f"[Unit]\n{key}=time.target x.service chronyd.service\n"})
    assert boot(node).status == "fail"
    link(node, "/etc/systemd/system/multi-user.target.wants/docker.service", f"{UNITS}/docker.service")

    found = boot(node)

    assert found.status == status
    if status == "pass":
        assert found.evidence[0].source == f"{UNITS}/docker.service"


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("quiet", "pass"),
        ("systemd.mask=chronyd.service", "fail"),
        ("systemd.mask=chronyd", "fail"),
        ("systemd.mask=chronyd systemd.wants=chronyd", "fail"),
        ("systemd.unit=rescue.target", "fail"),
        ("systemd.unit=rescue.target systemd.wants=chronyd", "pass"),
        ("systemd.unit=rescue.target 3", "pass"),
        ("rescue", "fail"),
        ("1", "fail"),
        ("emergency", "fail"),
        ("systemd.unit=rescue", "pass"),  # no unit name, which systemd ignores
        ("systemd.unit=multi-user.target", "pass"),
    ],
)
def test_the_command_line_keeps_an_enabled_unit_from_starting(node: Path, words: str, status: str) -> None:
    link(node, "/etc/systemd/system/multi-user.target.wants/chronyd.service", f"{UNITS}/chronyd.service")
    (node / "proc").mkdir()
    (node / "proc/cmdline").write_text(f"ro {words}\n")

    found = boot(node)

    assert found.status == status
    if status == "fail":
        assert found.evidence[0].source == "/proc/cmdline"


def test_a_unit_of_sysinit_starts_in_rescue_and_not_in_emergency(node: Path) -> None:
    link(node, "/etc/systemd/system/sysinit.target.wants/chronyd.service", f"{UNITS}/chronyd.service")
    (node / "proc").mkdir()
    (node / "proc/cmdline").write_text("rescue\n")
    assert boot(node).status == "pass"
    (node / "proc/cmdline").write_text("emergency\n")
    assert boot(node).status == "fail"


def test_the_command_line_starts_a_unit(node: Path) -> None:
    (node / "proc").mkdir()
    (node / "proc/cmdline").write_text("systemd.wants=chronyd.service\n")
    assert boot(node).status == "pass"


def test_debian_calls_it_chrony(tree: Callable[[dict[str, str | bytes]], Path]) -> None:
    node = tree({f"{UNITS}/chrony.service": UNIT})
    link(node, "/etc/systemd/system/multi-user.target.wants/chrony.service", f"{UNITS}/chrony.service")
    link(node, "/etc/systemd/system/chronyd.service", f"{UNITS}/chrony.service")

    assert boot(node, "chrony.service").status == "pass"


def test_no_unit(tree: Callable[[dict[str, str | bytes]], Path]) -> None:
    assert boot(tree({})).status == "fail"


def test_wants_that_cannot_be_listed_are_unknown(node: Path) -> None:
    (node / "etc/systemd/system").mkdir(parents=True)
    (node / "etc/systemd/system/multi-user.target.wants").write_text("")

    assert boot(node).status == "unknown"


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (("loaded", "active", "running"), "pass"),
        (("loaded", "active", "exited"), "pass"),
        (("loaded", "reloading", "reload"), "pass"),
        (("loaded", "inactive", "dead"), "fail"),
        (("loaded", "failed", "failed"), "fail"),
        (("loaded", "activating", "auto-restart"), "fail"),
        (("loaded", "activating", "start-pre"), "unknown"),
        (("loaded", "deactivating", "stop-sigterm"), "fail"),
        (("masked", "inactive", "dead"), "fail"),
        (("bad-setting", "inactive", "dead"), "fail"),
        (("not-found", "inactive", "dead"), "fail"),
    ],
)
def test_now(state: tuple[str, str, str], status: str) -> None:
    assert judged("docker", {"docker.service": state}).status == status


def test_an_alias_runs_where_its_unit_does() -> None:
    found = judged("mysql", {"mariadb.service": ("loaded", "active", "running")})

    assert (found.status, found.evidence[0].locator) == ("pass", "mariadb.service")


def test_a_unit_that_is_not_loaded_is_started() -> None:
    """systemctl list-units does not name what nothing refers to."""
    found = judged("docker", {}, installed=("docker.service",))

    assert (found.status, found.actual) == ("fail", "inactive (dead)")
    assert found.fix is not None
    assert found.fix.steps == ((("systemctl", "start", "docker.service"),),)


@pytest.mark.parametrize(
    ("mask", "steps"),
    [
        ("/etc/systemd/system", (("unmask",), ("start",))),
        ("/run/systemd/system", (("unmask", "--runtime"), ("start",))),
        ("/run/systemd/generator.early", None),
    ],
)
def test_what_masks_a_unit_decides_how_it_is_started(mask: str, steps: tuple[tuple[str, ...], ...] | None) -> None:
    """As a node showed: systemctl cannot unmask what systemd.mask= on the kernel's command line masks."""
    unit = "docker.service"
    masked = ("masked", "inactive", "dead")
    found = judged("docker", {unit: masked}, installed=(unit,), masks=(f"{mask}/{unit}",))
    assert found.fix is not None
    if steps is None:
        assert found.fix.safety == "manual"
        assert "systemd.mask=docker.service" in str(found.fix.steps)
    else:
        assert found.fix.steps == tuple([Command(("systemctl", *words, unit)) for words in steps])


def test_what_would_not_start_is_not_started_by_a_plan() -> None:
    stop = Obstacle("AssertPathExists=/x does not hold", f"{UNITS}/docker.service", None, mend="Make it hold")
    texts: Texts = {"docker.service": ServiceUnit("docker.service", f"{UNITS}/docker.service", (), stop)}
    found = judged("docker", {}, installed=("docker.service",), texts=texts)
    assert found.fix is not None
    assert found.fix.safety == "manual"

    stop = stop._replace(argv=("systemctl", "unmask", "docker.socket"))
    texts = {"docker.service": ServiceUnit("docker.service", f"{UNITS}/docker.service", (), stop)}
    found = judged("docker", {}, installed=("docker.service",), texts=texts)
    assert found.fix is not None
    assert found.fix.steps == ((stop.argv,), (("systemctl", "start", "docker.service"),))


def test_a_mask_that_covers_nothing_is_for_a_person() -> None:
    found = judged("gone", {"gone.service": ("masked", "inactive", "dead")})
    assert found.fix is not None
    assert found.fix.safety == "manual"


@pytest.mark.parametrize(
    ("service_state", "socket_state", "status"),
    [
        (("loaded", "inactive", "dead"), ("loaded", "active", "listening"), "pass"),
        (("loaded", "inactive", "dead"), ("loaded", "inactive", "dead"), "fail"),
        (("loaded", "failed", "failed"), ("loaded", "active", "listening"), "fail"),
        (("masked", "inactive", "dead"), ("loaded", "active", "listening"), "fail"),
    ],
)
def test_a_socket_that_listens_starts_its_service(
    service_state: tuple[str, str, str], socket_state: tuple[str, str, str], status: str
) -> None:
    assert judged("docker", {"docker.service": service_state, "docker.socket": socket_state}).status == status


@pytest.mark.parametrize(
    ("state", "joined", "status"),
    [
        (("loaded", "activating", "auto-restart"), None, "pass"),
        (("loaded", "inactive", "dead"), None, "pass"),
        (("loaded", "activating", "auto-restart"), "/etc/kubernetes/kubelet.conf", "fail"),
        (("masked", "inactive", "dead"), None, "fail"),
    ],
)
def test_a_kubelet_that_has_not_joined_need_not_run(
    state: tuple[str, str, str], joined: str | None, status: str
) -> None:
    assert judged("kubelet", {"kubelet.service": state}, joined=joined).status == status


def test_another_time_service_in_its_place() -> None:
    stopped = {"chronyd.service": ("loaded", "inactive", "dead")}
    other = {"ntpd.service": ("loaded", "active", "running")}

    assert judged("chronyd", stopped | other, others=("ntpd.service",)).status == "pass"
    assert judged("chronyd", stopped, others=("ntpd.service",)).severity == "warning"
    required = judged("chronyd", stopped | other, others=("ntpd.service",), require=("chronyd",))
    assert (required.status, required.severity) == ("fail", None)


def test_units_that_failed_are_marked_with_a_dot() -> None:
    found = parse_units("● a.service loaded failed failed A\n* b.service not-found inactive dead b\n\n").units

    assert found == {"a.service": ("loaded", "failed", "failed"), "b.service": ("not-found", "inactive", "dead")}
    assert judged("b", {"b.service": ("not-found", "inactive", "dead")}).status == "fail"


def test_now_is_offline_in_a_root(node: Path) -> None:
    boot(node)
    report = nodecheck.run(root=node, profile=node / "p.toml", select=["service@now"])

    assert report["service[chronyd]"].status == "skip"


def test_one_spelling() -> None:
    assert [unit_name(name) for name in ("chrony.service", "chronyd", "docker.service")] == [
        "chronyd",
        "chronyd",
        "docker",
    ]


@pytest.mark.parametrize("fault", ["directory", "fifo", "loop"])
def test_a_unit_file_that_cannot_be_read_is_unknown(node: Path, fault: str) -> None:
    link(node, "/etc/systemd/system/multi-user.target.wants/chronyd.service", f"{UNITS}/chronyd.service")
    assert boot(node).status == "pass"
    unit = node / UNITS.lstrip("/") / "chronyd.service"
    unit.unlink()
    if fault == "directory":
        unit.mkdir()
    elif fault == "fifo":
        os.mkfifo(unit)
    else:
        unit.symlink_to(unit.name)

    found = boot(node)

    assert found.status == "unknown"
    assert found.cause is not None
    assert found.cause.code == "malformed"
