"""Facts: typed, immutable values that are read from a host. One wing a topic.

This is the public face of all facts, for plugins and checks: ``from nodecheck.facts import Swaps``. A fact's module is
imported when its name is first used (PEP 562), and may move without anybody noticing.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing

if TYPE_CHECKING:
    from nodecheck.facts.acts.at_boot import BootActs as BootActs
    from nodecheck.facts.acts.cloud_names import CloudNames as CloudNames
    from nodecheck.facts.acts.commands import CommandActs as CommandActs
    from nodecheck.facts.acts.own_programs import OwnPrograms as OwnPrograms
    from nodecheck.facts.acts.programs import AgentActs as AgentActs
    from nodecheck.facts.acts.programs import SwapProgramActs as SwapProgramActs
    from nodecheck.facts.acts.programs import SysctlProgramActs as SysctlProgramActs
    from nodecheck.facts.acts.tmpfiles_modes import BootDirectories as BootDirectories
    from nodecheck.facts.acts.tmpfiles_modes import TmpfilesModes as TmpfilesModes
    from nodecheck.facts.boot.boot_time import BootTime as BootTime
    from nodecheck.facts.boot.cmdline import Cmdline as Cmdline
    from nodecheck.facts.boot.container import Container as Container
    from nodecheck.facts.boot.default_grub import GrubDefaults as GrubDefaults
    from nodecheck.facts.boot.kernel_images import KernelImages as KernelImages
    from nodecheck.facts.boot.next_boot import BootCmdline as BootCmdline
    from nodecheck.facts.boot.next_boot import KernelRelease as KernelRelease
    from nodecheck.facts.boot.next_boot import RunningKernel as RunningKernel
    from nodecheck.facts.boot.reboot_marks import LastingMarks as LastingMarks
    from nodecheck.facts.boot.reboot_marks import RebootMarks as RebootMarks
    from nodecheck.facts.cluster.certificates import Certificates as Certificates
    from nodecheck.facts.cluster.cni_networks import CniNetworks as CniNetworks
    from nodecheck.facts.cluster.cni_places import CniPlaces as CniPlaces
    from nodecheck.facts.cluster.component_ports import ComponentPorts as ComponentPorts
    from nodecheck.facts.cluster.joined import Joined as Joined
    from nodecheck.facts.cluster.leftovers import Leftovers as Leftovers
    from nodecheck.facts.cluster.needed_services import NeededServices as NeededServices
    from nodecheck.facts.cluster.node_name import NodeName as NodeName
    from nodecheck.facts.cluster.phase import NodePhase as NodePhase
    from nodecheck.facts.cluster.proxy_mode import KubeProxyMode as KubeProxyMode
    from nodecheck.facts.cluster.runtime_sockets import ContainerdStatus as ContainerdStatus
    from nodecheck.facts.cluster.runtime_sockets import CrioStatus as CrioStatus
    from nodecheck.facts.cluster.runtime_sockets import CriSocketSetting as CriSocketSetting
    from nodecheck.facts.cluster.runtime_sockets import SocketKinds as SocketKinds
    from nodecheck.facts.cluster.runtime_sockets import SocketUnits as SocketUnits
    from nodecheck.facts.cluster.target import SiteNodes as SiteNodes
    from nodecheck.facts.cluster.target import Target as Target
    from nodecheck.facts.distro.identity import NodeIdentity as NodeIdentity
    from nodecheck.facts.distro.identity_files import IdentityFiles as IdentityFiles
    from nodecheck.facts.distro.image import ImageSystem as ImageSystem
    from nodecheck.facts.distro.os_release import OsRelease as OsRelease
    from nodecheck.facts.distro.owners import Owners as Owners
    from nodecheck.facts.distro.product_uuid import ProductUuid as ProductUuid
    from nodecheck.facts.files.directory_modes import DirectoryModes as DirectoryModes
    from nodecheck.facts.files.directory_modes import RunningDirectories as RunningDirectories
    from nodecheck.facts.files.disk_room import DataFolders as DataFolders
    from nodecheck.facts.files.disk_room import DiskRoom as DiskRoom
    from nodecheck.facts.files.fstab import Fstab as Fstab
    from nodecheck.facts.files.mounts import Mounts as Mounts
    from nodecheck.facts.files.path_mount import PathMount as PathMount
    from nodecheck.facts.files.path_mount import SnapshotterSign as SnapshotterSign
    from nodecheck.facts.files.path_mount import XfsGeometry as XfsGeometry
    from nodecheck.facts.files.path_mount import ZfsRelease as ZfsRelease
    from nodecheck.facts.hardware.memory import Memory as Memory
    from nodecheck.facts.hardware.processors import Processors as Processors
    from nodecheck.facts.kernel.at_boot import BootModules as BootModules
    from nodecheck.facts.kernel.boot_controllers import BootControllers as BootControllers
    from nodecheck.facts.kernel.cgroup_defaults import BuiltHierarchy as BuiltHierarchy
    from nodecheck.facts.kernel.cgroups import BootCgroups as BootCgroups
    from nodecheck.facts.kernel.cgroups import NowCgroups as NowCgroups
    from nodecheck.facts.kernel.config import BootConfig as BootConfig
    from nodecheck.facts.kernel.config import RunningConfig as RunningConfig
    from nodecheck.facts.kernel.controllers import Freezing as Freezing
    from nodecheck.facts.kernel.controllers import MemoryController as MemoryController
    from nodecheck.facts.kernel.controllers import NowControllers as NowControllers
    from nodecheck.facts.kernel.modprobe import Modprobe as Modprobe
    from nodecheck.facts.kernel.modules import GenlFamilies as GenlFamilies
    from nodecheck.facts.kernel.modules import ModuleLoading as ModuleLoading
    from nodecheck.facts.kernel.modules import Modules as Modules
    from nodecheck.facts.kernel.modules import ModuleSigns as ModuleSigns
    from nodecheck.facts.kernel.modules import SysModules as SysModules
    from nodecheck.facts.kernel.modules_load import ModulesLoad as ModulesLoad
    from nodecheck.facts.kernel.scripts import ModuleScripts as ModuleScripts
    from nodecheck.facts.kernel.scripts import UnitLoads as UnitLoads
    from nodecheck.facts.kernel.trees import BootModuleFolder as BootModuleFolder
    from nodecheck.facts.kernel.trees import BootTree as BootTree
    from nodecheck.facts.kernel.trees import BootTreeFiles as BootTreeFiles
    from nodecheck.facts.kernel.trees import NowModuleFolder as NowModuleFolder
    from nodecheck.facts.kernel.trees import RunningList as RunningList
    from nodecheck.facts.kernel.trees import RunningTree as RunningTree
    from nodecheck.facts.kubelet.agent_drivers import AgentDriver as AgentDriver
    from nodecheck.facts.kubelet.agents import EmbeddedKubelet as EmbeddedKubelet
    from nodecheck.facts.kubelet.config import KubeletConfig as KubeletConfig
    from nodecheck.facts.kubelet.config import KubeletDriverLine as KubeletDriverLine
    from nodecheck.facts.kubelet.config import KubeletLines as KubeletLines
    from nodecheck.facts.kubelet.given import GivenSettings as GivenSettings
    from nodecheck.facts.kubelet.pod_cgroups import PodCgroups as PodCgroups
    from nodecheck.facts.kubelet.propagation import SharedAtBoot as SharedAtBoot
    from nodecheck.facts.kubelet.propagation import SharedMounts as SharedMounts
    from nodecheck.facts.kubelet.release import KubeletRelease as KubeletRelease
    from nodecheck.facts.kubelet.service_path import AllCommands as AllCommands
    from nodecheck.facts.kubelet.service_path import Commands as Commands
    from nodecheck.facts.kubelet.service_path import ServicePath as ServicePath
    from nodecheck.facts.kubelet.service_path import ShellCommands as ShellCommands
    from nodecheck.facts.kubelet.static_pods import StaticPods as StaticPods
    from nodecheck.facts.network.hardware_addresses import HardwareAddresses as HardwareAddresses
    from nodecheck.facts.network.hostname import BootHostname as BootHostname
    from nodecheck.facts.network.hostname import KernelHostname as KernelHostname
    from nodecheck.facts.network.hostname import NameGiver as NameGiver
    from nodecheck.facts.network.hostname import OwnName as OwnName
    from nodecheck.facts.network.hosts import Hosts as Hosts
    from nodecheck.facts.network.links import Addresses as Addresses
    from nodecheck.facts.network.links import Links as Links
    from nodecheck.facts.network.listeners import Listeners as Listeners
    from nodecheck.facts.network.nsswitch import HostsOrder as HostsOrder
    from nodecheck.facts.network.processes import SocketOwners as SocketOwners
    from nodecheck.facts.network.resolver import Resolver as Resolver
    from nodecheck.facts.network.routes import Routes as Routes
    from nodecheck.facts.network.unix_listeners import UnixListeners as UnixListeners
    from nodecheck.facts.packages.apt_lists import AptLists as AptLists
    from nodecheck.facts.packages.packages import Packages as Packages
    from nodecheck.facts.packages.packages import PackageSigns as PackageSigns
    from nodecheck.facts.packages.reboot_packages import RebootPackages as RebootPackages
    from nodecheck.facts.packages.traces import Traces as Traces
    from nodecheck.facts.packages.versions import KubernetesTools as KubernetesTools
    from nodecheck.facts.packages.versions import RuntimeTools as RuntimeTools
    from nodecheck.facts.runtimes.containerd import Containerd as Containerd
    from nodecheck.facts.runtimes.cri_dockerd import CriDockerd as CriDockerd
    from nodecheck.facts.runtimes.crio import Crio as Crio
    from nodecheck.facts.runtimes.docker import Docker as Docker
    from nodecheck.facts.runtimes.releases import RuntimeReleases as RuntimeReleases
    from nodecheck.facts.security.boot_rules import BootRules as BootRules
    from nodecheck.facts.security.firewall_files import FirewalldTrace as FirewalldTrace
    from nodecheck.facts.security.firewall_files import FirewallSwitches as FirewallSwitches
    from nodecheck.facts.security.firewall_files import NftFile as NftFile
    from nodecheck.facts.security.firewall_files import SavedRules as SavedRules
    from nodecheck.facts.security.firewall_files import UfwConf as UfwConf
    from nodecheck.facts.security.netfilter import LegacyTables as LegacyTables
    from nodecheck.facts.security.netfilter import NftTables as NftTables
    from nodecheck.facts.security.selinux import SelinuxMode as SelinuxMode
    from nodecheck.facts.security.selinux_boot import ContainerSelinux as ContainerSelinux
    from nodecheck.facts.security.selinux_boot import SelinuxAtBoot as SelinuxAtBoot
    from nodecheck.facts.security.selinux_boot import SelinuxConfig as SelinuxConfig
    from nodecheck.facts.security.selinux_lsm import KernelLsm as KernelLsm
    from nodecheck.facts.services.cmdline import BootUnits as BootUnits
    from nodecheck.facts.services.daemons import BootPrograms as BootPrograms
    from nodecheck.facts.services.daemons import Daemons as Daemons
    from nodecheck.facts.services.generators import Generators as Generators
    from nodecheck.facts.services.init_system import InitSystem as InitSystem
    from nodecheck.facts.services.logind import LogindConf as LogindConf
    from nodecheck.facts.services.machine_ids import MachineIds as MachineIds
    from nodecheck.facts.services.openrc import Runlevels as Runlevels
    from nodecheck.facts.services.openrc import StartedServices as StartedServices
    from nodecheck.facts.services.path_at_boot import PathAtBoot as PathAtBoot
    from nodecheck.facts.services.presets import FirstBoot as FirstBoot
    from nodecheck.facts.services.rc_local import RcLocal as RcLocal
    from nodecheck.facts.services.running import Services as Services
    from nodecheck.facts.services.service_units import KnownServices as KnownServices
    from nodecheck.facts.services.service_units import OtherServices as OtherServices
    from nodecheck.facts.services.starts import BootStarts as BootStarts
    from nodecheck.facts.services.surroundings import NextBoot as NextBoot
    from nodecheck.facts.services.sysv import SysvScripts as SysvScripts
    from nodecheck.facts.services.this_boot import ThisBoot as ThisBoot
    from nodecheck.facts.services.this_boot import UnitLog as UnitLog
    from nodecheck.facts.services.unit_pulls import ServicePulls as ServicePulls
    from nodecheck.facts.services.unit_reader import UnitReader as UnitReader
    from nodecheck.facts.services.units import UnitIndex as UnitIndex
    from nodecheck.facts.swap.cmdline import SwapOptions as SwapOptions
    from nodecheck.facts.swap.gpt import GptSwaps as GptSwaps
    from nodecheck.facts.swap.swaps import Swaps as Swaps
    from nodecheck.facts.swap.units import SwapCommands as SwapCommands
    from nodecheck.facts.swap.units import SwapPulls as SwapPulls
    from nodecheck.facts.swap.units import SwapServices as SwapServices
    from nodecheck.facts.swap.units import SwapUnits as SwapUnits
    from nodecheck.facts.swap.zram import ZramGenerator as ZramGenerator
    from nodecheck.facts.sysctl.at_boot import BootSysctls as BootSysctls
    from nodecheck.facts.sysctl.udev import UdevSysctls as UdevSysctls
    from nodecheck.facts.sysctl.variables import RunningSysctls as RunningSysctls
    from nodecheck.facts.time.clock import KernelClock as KernelClock
    from nodecheck.facts.time.keepers import TimeKeepers as TimeKeepers

_HOMES = {
    "Addresses": "network.links",
    "AgentActs": "acts.programs",
    "AgentDriver": "kubelet.agent_drivers",
    "AllCommands": "kubelet.service_path",
    "AptLists": "packages.apt_lists",
    "BootActs": "acts.at_boot",
    "BootCgroups": "kernel.cgroups",
    "BootCmdline": "boot.next_boot",
    "BootConfig": "kernel.config",
    "BootControllers": "kernel.boot_controllers",
    "BootDirectories": "acts.tmpfiles_modes",
    "BootHostname": "network.hostname",
    "BootModuleFolder": "kernel.trees",
    "BootModules": "kernel.at_boot",
    "BootPrograms": "services.daemons",
    "BootRules": "security.boot_rules",
    "BootStarts": "services.starts",
    "BootSysctls": "sysctl.at_boot",
    "BootTime": "boot.boot_time",
    "BootTree": "kernel.trees",
    "BootTreeFiles": "kernel.trees",
    "BootUnits": "services.cmdline",
    "BuiltHierarchy": "kernel.cgroup_defaults",
    "CloudNames": "acts.cloud_names",
    "Certificates": "cluster.certificates",
    "Cmdline": "boot.cmdline",
    "CommandActs": "acts.commands",
    "Commands": "kubelet.service_path",
    "ComponentPorts": "cluster.component_ports",
    "Container": "boot.container",
    "ContainerSelinux": "security.selinux_boot",
    "CniNetworks": "cluster.cni_networks",
    "CniPlaces": "cluster.cni_places",
    "Containerd": "runtimes.containerd",
    "ContainerdStatus": "cluster.runtime_sockets",
    "CriDockerd": "runtimes.cri_dockerd",
    "CriSocketSetting": "cluster.runtime_sockets",
    "Crio": "runtimes.crio",
    "CrioStatus": "cluster.runtime_sockets",
    "Daemons": "services.daemons",
    "DataFolders": "files.disk_room",
    "DirectoryModes": "files.directory_modes",
    "DiskRoom": "files.disk_room",
    "Docker": "runtimes.docker",
    "EmbeddedKubelet": "kubelet.agents",
    "FirewallSwitches": "security.firewall_files",
    "FirewalldTrace": "security.firewall_files",
    "FirstBoot": "services.presets",
    "Freezing": "kernel.controllers",
    "Fstab": "files.fstab",
    "Generators": "services.generators",
    "GenlFamilies": "kernel.modules",
    "GivenSettings": "kubelet.given",
    "GptSwaps": "swap.gpt",
    "GrubDefaults": "boot.default_grub",
    "HardwareAddresses": "network.hardware_addresses",
    "Hosts": "network.hosts",
    "HostsOrder": "network.nsswitch",
    "IdentityFiles": "distro.identity_files",
    "ImageSystem": "distro.image",
    "InitSystem": "services.init_system",
    "Joined": "cluster.joined",
    "KernelClock": "time.clock",
    "KernelHostname": "network.hostname",
    "KernelImages": "boot.kernel_images",
    "KernelLsm": "security.selinux_lsm",
    "KernelRelease": "boot.next_boot",
    "KnownServices": "services.service_units",
    "KubeProxyMode": "cluster.proxy_mode",
    "KubeletConfig": "kubelet.config",
    "KubeletDriverLine": "kubelet.config",
    "KubeletLines": "kubelet.config",
    "KubeletRelease": "kubelet.release",
    "KubernetesTools": "packages.versions",
    "LastingMarks": "boot.reboot_marks",
    "Leftovers": "cluster.leftovers",
    "LegacyTables": "security.netfilter",
    "Links": "network.links",
    "Listeners": "network.listeners",
    "LogindConf": "services.logind",
    "MachineIds": "services.machine_ids",
    "Memory": "hardware.memory",
    "MemoryController": "kernel.controllers",
    "Modprobe": "kernel.modprobe",
    "ModuleLoading": "kernel.modules",
    "ModuleScripts": "kernel.scripts",
    "ModuleSigns": "kernel.modules",
    "Modules": "kernel.modules",
    "ModulesLoad": "kernel.modules_load",
    "Mounts": "files.mounts",
    "NameGiver": "network.hostname",
    "NeededServices": "cluster.needed_services",
    "NextBoot": "services.surroundings",
    "NftFile": "security.firewall_files",
    "NftTables": "security.netfilter",
    "NodeIdentity": "distro.identity",
    "NodeName": "cluster.node_name",
    "NodePhase": "cluster.phase",
    "NowCgroups": "kernel.cgroups",
    "NowControllers": "kernel.controllers",
    "NowModuleFolder": "kernel.trees",
    "OsRelease": "distro.os_release",
    "OtherServices": "services.service_units",
    "OwnName": "network.hostname",
    "OwnPrograms": "acts.own_programs",
    "Owners": "distro.owners",
    "PackageSigns": "packages.packages",
    "Packages": "packages.packages",
    "PathAtBoot": "services.path_at_boot",
    "PathMount": "files.path_mount",
    "PodCgroups": "kubelet.pod_cgroups",
    "Processors": "hardware.processors",
    "ProductUuid": "distro.product_uuid",
    "RcLocal": "services.rc_local",
    "RebootMarks": "boot.reboot_marks",
    "RebootPackages": "packages.reboot_packages",
    "Resolver": "network.resolver",
    "Routes": "network.routes",
    "Runlevels": "services.openrc",
    "RunningConfig": "kernel.config",
    "RunningDirectories": "files.directory_modes",
    "RunningKernel": "boot.next_boot",
    "RunningList": "kernel.trees",
    "RunningSysctls": "sysctl.variables",
    "RunningTree": "kernel.trees",
    "RuntimeReleases": "runtimes.releases",
    "RuntimeTools": "packages.versions",
    "SavedRules": "security.firewall_files",
    "SelinuxAtBoot": "security.selinux_boot",
    "SelinuxConfig": "security.selinux_boot",
    "SelinuxMode": "security.selinux",
    "ServicePath": "kubelet.service_path",
    "ServicePulls": "services.unit_pulls",
    "Services": "services.running",
    "SharedAtBoot": "kubelet.propagation",
    "SharedMounts": "kubelet.propagation",
    "ShellCommands": "kubelet.service_path",
    "SiteNodes": "cluster.target",
    "SnapshotterSign": "files.path_mount",
    "SocketKinds": "cluster.runtime_sockets",
    "SocketOwners": "network.processes",
    "SocketUnits": "cluster.runtime_sockets",
    "StartedServices": "services.openrc",
    "StaticPods": "kubelet.static_pods",
    "SwapCommands": "swap.units",
    "SwapOptions": "swap.cmdline",
    "SwapProgramActs": "acts.programs",
    "SwapPulls": "swap.units",
    "SwapServices": "swap.units",
    "SwapUnits": "swap.units",
    "Swaps": "swap.swaps",
    "SysModules": "kernel.modules",
    "SysctlProgramActs": "acts.programs",
    "SysvScripts": "services.sysv",
    "Target": "cluster.target",
    "ThisBoot": "services.this_boot",
    "TimeKeepers": "time.keepers",
    "TmpfilesModes": "acts.tmpfiles_modes",
    "Traces": "packages.traces",
    "UdevSysctls": "sysctl.udev",
    "UfwConf": "security.firewall_files",
    "UnitIndex": "services.units",
    "UnitLoads": "kernel.scripts",
    "UnitLog": "services.this_boot",
    "UnitReader": "services.unit_reader",
    "UnixListeners": "network.unix_listeners",
    "XfsGeometry": "files.path_mount",
    "ZfsRelease": "files.path_mount",
    "ZramGenerator": "swap.zram",
}
"""Every fact, and the module below this package that has it."""

__all__ = [*_HOMES]


def __getattr__(name: str) -> object:
    """The fact of that name, imported when it is first used."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
