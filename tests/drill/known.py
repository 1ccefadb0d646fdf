"""What no node of the drill shows, and why."""

from __future__ import annotations

_ACTS = "tests/facts/acts has a failing and a passing case for each program that it reads"
_UNITS = "tests/facts/services has cases for each condition and account of a unit, and for what a unit mounts"
_RPM = "a database of rpm: tests/facts/packages has real ones of each kind"

_LINKS = "a link on the way is followed as that in the place of the directory itself, which is shown"
_PROGRAM = "of a program only whether it is there counts, and when it changed"
_SHORT_CUT = "a short cut: where none of these is there, no unit is looked for whose flags name a file"
_RUN = "which directories count is one answer for all facts: it is shown for others, with something in /run"

SOURCES: dict[str, str] = {
    "AgentActs File /var/lib/kubelet/config.yaml (other)": "its values are no acts but one, which flags show",
    "BootCmdline Exists /boot/grub2 (away)": "GRUB's order of entries is systemd's where all of them have versions",
    "BootCmdline Named *": "the image of a kernel: of it only the name is read",
    "BootPrograms Named ExecStart=* (other)": _PROGRAM,
    "BootSysctls UnitText systemd-sysctl.service (other)": _UNITS,
    "KubeletConfig UnitText * (other)": "of an agent's unit only whether it is there counts here",
    "ModulesLoad UnitText *": _UNITS,
    "HardwareAddresses Exists *": "tests/checks/identity/test_mac_address.py has cards and bridges of a kernel's own",
    "DirectoryModes Exists /var/lib/*": "the same reader has the modes of all; those of the kubelet's are shown",
    "DirectoryModes Named *": _LINKS,
    "FirstBoot File /proc/*/mounts *": _RUN,
    "FirstBoot Exists /lib *": _RUN,
    "LogindConf Exists /lib *": _RUN,
    "StaticPods Named * (other)": "other pods in a directory are shown for the usual one",
    "InitSystem File /etc/inittab (other)": "that it is there tells one kind of init from none",
    "KubernetesTools Named ExecStart=*": _PROGRAM,
    "CniPlaces Named EnvironmentFile=*": "one reader has the arguments of all units: its files are shown for Docker's",
    "NextBoot Call statvfs *": _UNITS,
    "PodCgroups Named *": "tests/checks/runtime has a kubelet with a cgroupRoot, and its pods",
    "RunningSysctls Call statvfs *": "only in a container it is asked, of what its runtime mounts",
    "PathAtBoot Named *": _LINKS,
    "PathMount Named *": _LINKS,
    "SharedAtBoot Named *": _LINKS,
    "SharedMounts Named *": _LINKS,
    "SysvScripts Dir /etc/rc.d/rc?.d *": "the same directories as /etc/rc?.d, which it has another name for",
    "TmpfilesModes Exists /lib *": _RUN,
    "UdevSysctls Exists /lib *": _RUN,
    "UdevSysctls Named *": _ACTS,
    "NodePhase Exists /usr/*kubelet*": _SHORT_CUT,
    "NodePhase Exists /opt/bin/kubelet *": _SHORT_CUT,
    "NodePhase Exists /var/lib/dpkg/info/kubelet.list *": _SHORT_CUT,
    "NodePhase Exists /etc/kubernetes/kubelet/config.json.d *": _SHORT_CUT,
    "NodePhase Exists /etc/*kubelet*": _SHORT_CUT,
    "NodePhase Exists /etc/eks/*": _SHORT_CUT,
    "NodePhase Exists /var/lib/kubelet/kubeadm-flags.env *": _SHORT_CUT,
    "RuntimeTools Named ExecStart=*": _PROGRAM,
    "CommandActs *": _ACTS,
    "SysctlProgramActs *": _ACTS,
    "SwapProgramActs *": _ACTS,
    "ModuleScripts *": _ACTS,
    "BootStarts *": _UNITS,
    "Packages File */rpm/*": _RPM,
    "Packages Program rpm *": _RPM,
    "RebootPackages File */rpm/*": _RPM,
    "RebootPackages Program rpm *": _RPM,
}
"""``FACT KIND PATH`` as a pattern, to the reason: no node here shows that the source matters."""

_UNIT_FILES = "the index and the reader of all units: what they give of one unit is shown by the source of that unit"

_FIX = "by it only the fix is worded, or the message"
_INIT = "tests/facts/services has nodes of other init systems"
_RELEASE = "one release counts where the other is not known: tests/requirements/test_every_release.py has all"
_RELEASES = "tests/checks/runtime has runtimes of each release"
_CONTAINERS = "tests/checks/identity/test_machine_id.py has containers"

NEEDS: dict[str, str] = {
    "*: UnitIndex": _UNIT_FILES,
    "*: UnitReader": _UNIT_FILES,
    "BootControllers: Cmdline": "tests/checks/cgroups has a next boot with other words than the running one",
    "BootStarts: ServicePulls": _UNITS,
    "BootStarts: SysvScripts": _INIT,
    "CniPlaces: RuntimeReleases": _RELEASES,
    "runtime-config@*: RuntimeReleases": _RELEASES,
    "disk-free@now: KubeletRelease": _RELEASE,
    "inodes-free@now: KubeletRelease": _RELEASE,
    "filesystem@now: Target": "on these nodes its rows are the same in each release and role",
    "leftover@now: NodePhase": "tests/checks/system/test_leftover.py has each phase",
    "BootStarts: Generators": "tests/facts/services has units that generators make",
    "CommandActs: SysvScripts": _INIT,
    "DirectoryModes: Mounts": "tests/checks/system has a directory that another file system hides",
    "Docker: InitSystem": _INIT,
    "ModuleScripts: OsRelease": _ACTS,
    "NodePhase: InitSystem": _INIT,
    "RcLocal: *": _INIT,
    "ServicePulls: InitSystem": _INIT,
    "SwapProgramActs: *": _ACTS,
    "SysctlProgramActs: *": _ACTS,
    "certificate@now: KubeletRelease": _FIX,
    "cni-config@*: EmbeddedKubelet": "tests/checks/runtime/test_cni_config.py has nodes of agents",
    "filesystem@now: RunningConfig": "tests/checks/system/test_filesystem.py has kernels without XFS' fourth version",
    "kubelet-config@*: Target": _RELEASE,
    "kubelet-defaults@*: *": "tests/checks/sysctl has keys that a module brings, and kernels that bring none",
    "machine-id@now: *": _CONTAINERS,
    "reboot-pending@now: ImageSystem": "tests/checks/system has nodes of ostree",
    "reboot-pending@now: KernelImages": "tests/checks/system has a kernel that was installed after the boot",
    "removed-setting@boot: KubeletRelease": _RELEASE,
    "runtime-config@*: EmbeddedKubelet": "tests/checks/runtime has the configurations of agents",
    "runtime-config@*: Target": _RELEASE,
    "runtime-version@now: EmbeddedKubelet": "tests/checks/packages/test_runtime_version.py has nodes of agents",
    "shutdown-inhibit@boot: Target": _RELEASE,
    "cgroup-controller@*: GrubDefaults": _FIX,
    "cgroup-controller@now: BootCmdline": _FIX,
    "cgroup-controller@now: OsRelease": _FIX,
    "image-identity@boot: OsRelease": _FIX,
}
"""``USER: FACT`` as a pattern, to the reason: no node here shows that a fact matters to who asks for it."""


def is_known(table: dict[str, str], text: str) -> bool:
    """Whether a table names it."""
    from fnmatch import fnmatchcase

    return any(fnmatchcase(text, pattern) for pattern in table)
