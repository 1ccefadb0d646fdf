"""CRI-O on a node: its configuration, and the cgroup manager that it uses."""

from __future__ import annotations

from nodecheck.facts.runtimes.service import Service, first_there, service
from nodecheck.facts.services.init_system import UnitIndex
from nodecheck.host import Host
from nodecheck.model.needs import Lazy
from nodecheck.record import NamedTuple

CONFIG = "/etc/crio/crio.conf"
CONFIG_DIR = "/etc/crio/crio.conf.d"
PROGRAMS = ("/usr/bin/crio", "/usr/local/bin/crio", "/usr/sbin/crio", "/opt/bin/crio", "/usr/libexec/crio/crio")
UNITS = ("crio.service", "cri-o.service")
DRIVERS = ("systemd", "cgroupfs")


class Value(NamedTuple):
    """A setting and where it stands."""

    value: str
    path: str
    line: int | None
    text: str


class Crio(NamedTuple):
    """CRI-O's configuration: ``crio.conf``, every file below ``crio.conf.d`` in order of names, flags."""

    present: str | None = None
    """The path that shows it; None where nothing does."""
    cgroup_manager: Value | None = None
    """None: set nowhere, so systemd (CRI-O 1.18 and later; cgroupfs before)."""
    conmon_cgroup: Value | None = None
    """``conmon_cgroup``, else a runtime's ``monitor_cgroup``, which newer releases have in its place."""
    files: tuple[str, ...] = ()
    """The files that were read, in order."""
    path: str = CONFIG
    service: Service | None = None

    @classmethod
    def read(cls, host: Host, units: Lazy[UnitIndex]) -> Crio:
        """Read CRI-O's files. Raises ParseError for one that keeps it from starting, and what the host raises."""
        unit = next((found for found in (service(host, units(), name) for name in UNITS) if found), None)
        found = first_there(host, (*PROGRAMS, CONFIG, CONFIG_DIR)) or (unit.paths[0] if unit else None)
        if found is None:
            return cls()
        from nodecheck.facts.runtimes.crio_config import configured

        return configured(host, found, unit)

    def refusal(self, release: tuple[int, ...] | None) -> str | None:
        """Why CRI-O would not start with this; None where it would."""
        manager, conmon = self.cgroup_manager, self.conmon_cgroup
        if manager is not None and manager.value not in DRIVERS:
            return f"cgroup_manager is {manager.value!r}, which CRI-O does not know"
        cgroup = conmon.value if conmon is not None else ""
        if manager is None or manager.value == "systemd":
            if cgroup not in ("", "pod") and not cgroup.endswith(".slice"):
                return f"conmon_cgroup is {cgroup!r}, which is neither 'pod' nor a systemd slice"
            return None
        return _conmon_refusal(cgroup, conmon is not None, release)

    def default(self, release: tuple[int, ...] | None) -> str:
        """The manager where none is set (``DefaultCgroupManager``, systemd since CRI-O 1.18)."""
        return "cgroupfs" if release is not None and release < (1, 18) else "systemd"


def _conmon_refusal(cgroup: str, given: bool, release: tuple[int, ...] | None) -> str | None:
    """``TranslateMonitorFieldsForHandler``: the default ``system.slice`` is accepted with cgroupfs since 1.33."""
    if cgroup == "pod" or (release is not None and release < (1, 20)):
        return None
    if cgroup in ("", "system.slice"):
        if release is not None and release >= (1, 33):
            return None
        told = f"conmon_cgroup is {cgroup!r}" if given else "conmon_cgroup is not set"
        return f"cgroup_manager is 'cgroupfs' and {told}: CRI-O before 1.33 starts with conmon_cgroup = 'pod' alone"
    return f"cgroup_manager is 'cgroupfs', and with it conmon_cgroup must be 'pod', not {cgroup!r}"
