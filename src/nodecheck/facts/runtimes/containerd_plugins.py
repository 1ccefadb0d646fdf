"""containerd's plugins by release: which it has, which its CRI plugin does not load without, which are required.

Read from what the releases register (``plugin.Registration``, later ``registry.Register``), and from what their CRI
plugins ask for (``pkg/cri/cri.go``, ``plugins/cri``, ``WithInMemoryServices`` of the client). Each plugin of 1.6.20,
1.7.24 and 2.1.9 was turned off, and required, on the real program.
"""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.facts.runtimes.containerd_keys import ENDS, NOT_LOADED, KeyFault
from nodecheck.facts.runtimes.containerd_merge import ConfigFile, Files, merged_version
from nodecheck.facts.runtimes.containerd_releases import DOTTED, THREE, URI, Version, is_uri, rule, told_release
from nodecheck.facts.runtimes.containerd_schema import kinds
from nodecheck.facts.runtimes.containerd_values import brought, proxies
from nodecheck.facts.runtimes.key_types import Keys

_ALWAYS, _BY_NODE = "it loads", "whether it loads, no file shows"

NEEDED = (
    Keys(
        _ALWAYS,
        "content.v1.content metadata.v1.bolt event.v1.exchange gc.v1.scheduler runtime.v2.task differ.v1.walking "
        "service.v1.containers-service service.v1.content-service service.v1.diff-service service.v1.images-service "
        "service.v1.introspection-service service.v1.namespaces-service service.v1.snapshots-service "
        "service.v1.tasks-service",
    ),
    Keys(_ALWAYS, "service.v1.leases-service", before=(1, 7)),
    Keys(_ALWAYS, "runtime.v1.linux", before=(2,)),
    Keys(_ALWAYS, "lease.v1.manager sandbox.store.v1.local", since=(1, 7)),
    Keys(_ALWAYS, "runtime.v2.shim sandbox.controller.v1.local", since=(1, 7), before=(2,)),
    Keys(_ALWAYS, "warning.v1.deprecations", since=(1, 6, 25), before=(1, 7)),
    Keys(_ALWAYS, "warning.v1.deprecations", since=(1, 7, 9)),
    Keys(
        _ALWAYS,
        "cri.v1.images cri.v1.runtime image-verifier.v1.bindir podsandbox.controller.v1.podsandbox "
        "sandbox.controller.v1.shim shim.v1.manager",
        since=(2,),
    ),
    Keys(_ALWAYS, "transfer.v1.local", since=(2, 1)),
    Keys(_ALWAYS, "mount-manager.v1.bolt", since=(2, 2)),
)
"""Plugins without which the CRI plugin does not load, without ``io.containerd.``."""

OTHERS = (
    Keys(
        _ALWAYS,
        "grpc.v1.containers grpc.v1.content grpc.v1.cri grpc.v1.diff grpc.v1.events grpc.v1.healthcheck grpc.v1.images "
        "grpc.v1.introspection grpc.v1.leases grpc.v1.namespaces grpc.v1.snapshots grpc.v1.tasks grpc.v1.version "
        "internal.v1.opt snapshotter.v1.native snapshotter.v1.overlayfs",
    ),
    Keys(_ALWAYS, "internal.v1.restart monitor.v1.cgroups", before=(2,)),
    Keys(
        _ALWAYS,
        "grpc.v1.sandbox-controllers grpc.v1.sandboxes grpc.v1.streaming grpc.v1.transfer nri.v1.nri "
        "streaming.v1.manager",
        since=(1, 7),
    ),
    Keys(_ALWAYS, "transfer.v1.local", since=(1, 7), before=(2, 1)),
    Keys(_ALWAYS, "monitor.container.v1.restart monitor.task.v1.cgroups ttrpc.v1.otelttrpc", since=(2,)),
    Keys(_BY_NODE, "snapshotter.v1.btrfs snapshotter.v1.devmapper snapshotter.v1.zfs"),
    Keys(_BY_NODE, "snapshotter.v1.aufs", before=(2,)),
    Keys(_BY_NODE, "internal.v1.tracing tracing.processor.v1.otlp", since=(1, 6)),
    Keys(_BY_NODE, "snapshotter.v1.blockfile", since=(1, 7)),
    Keys(_BY_NODE, "differ.v1.erofs snapshotter.v1.erofs", since=(2, 1)),
    Keys(_BY_NODE, "grpc.v1.mounts mount-handler.v1.erofs", since=(2, 2)),
    Keys(
        _BY_NODE,
        "metrics.v1.grpc-otel metrics.v1.grpc-prometheus server.v1.debug server.v1.grpc server.v1.grpc-tcp "
        "server.v1.metrics server.v1.ttrpc",
        since=(2, 3),
    ),
)
"""What else a release has."""


def off_faults(files: Files, release: Version) -> Iterator[KeyFault]:
    """Plugins that are turned off, and without which the CRI plugin does not load."""
    needed = kinds(NEEDED, release)
    for file in files:
        for item in file.disabled:
            name = _plain(item, needed, files, release)
            if name in needed and not _another(name, files, release):
                why = f"disabled_plugins has {item}, without which the CRI plugin does not load"
                yield KeyFault(file.path, ("disabled_plugins",), f"{why}: {NOT_LOADED}")


def required_faults(files: Files, release: Version) -> Iterator[KeyFault]:
    """Plugins that are required, and that are none, or that are turned off or not there."""
    known = {**kinds(NEEDED, release), **kinds(OTHERS, release), **dict.fromkeys(_proxied(files, release), _ALWAYS)}
    off = {item for file in files for item in file.disabled}
    for file, item in _required(files):
        at = (file.path, ("required_plugins",))
        if merged_version(files) > 1 and not is_uri(item, release):
            yield KeyFault(*at, f"required_plugins has {item!r}, no plugin URI of {rule(URI, release)}: {ENDS}")
        elif item in off:
            yield KeyFault(*at, f"{item} is required, and disabled_plugins has it too: {ENDS}")
        elif _plain(item, known, files, release) not in known and release < THREE:
            yield KeyFault(*at, f"{item} is required, and containerd {told_release(release)} has none: {ENDS}")


def doubts_of_plugins(files: Files, release: Version) -> Iterator[KeyFault]:
    """Plugins that are required, and that load on some nodes alone; another differ in place of the built-in one."""
    for file in files:
        for name in ("differ.v1.walking", "content.v1.content"):
            if f"io.containerd.{name}" in file.disabled and _another(name, files, release):
                why = f"{name} is off, and whether another one can be reached, no file shows"
                yield KeyFault(file.path, ("disabled_plugins",), why)
    known = {**kinds(NEEDED, release), **kinds(OTHERS, release), **dict.fromkeys(_proxied(files, release), _ALWAYS)}
    for file, item in _required(files):
        if known.get(_plain(item, known, files, release)) != _ALWAYS:
            why = f"{item} is required, and whether it loads on this node, no file shows"
            yield KeyFault(file.path, ("required_plugins",), why)


_CORE = frozenset((
    "cri", "cgroups", "linux", "scheduler", "bolt", "task", "opt", "restart", "tracing", "otlp", "aufs", "btrfs",
    "devmapper", "native", "overlayfs", "zfs",
))  # fmt: skip
"""What containerd 2 knows of the names of version 1; a ``-service`` is one, and all else a plugin of gRPC."""


def _plain(item: str, known: dict[str, str], files: Files, release: Version) -> str:
    """The name without ``io.containerd.``; files of version 1 have its end, what stands behind ``v1.``."""
    migrated = rule(URI, release) == DOTTED
    if merged_version(files) > 1 or (migrated and "." in item):
        return item.removeprefix("io.containerd.")
    if not migrated or item in _CORE:
        return next((name for name in known if name.rpartition(".")[2] == item), item)
    return f"service.v1.{item}" if item.endswith("-service") else f"grpc.v1.{item}"


def _another(name: str, files: Files, release: Version) -> bool:
    """Whether another plugin is set in the place of one that is needed."""
    if name == "content.v1.content":
        return bool(brought("content.v1", files, release))
    return name == "differ.v1.walking" and _other_differ(files)


def _other_differ(files: Files) -> bool:
    """Whether the service of diffs is set to others than the one that is built in."""
    for file in files[::-1]:
        service = file.plugins.get("io.containerd.service.v1.diff-service")
        names = service.get("default") if isinstance(service, dict) else None
        if isinstance(names, list):
            return "walking" not in names
    return False


def _required(files: Files) -> Iterator[tuple[ConfigFile, str]]:
    for file in files:
        found = file.outer.get("required_plugins")
        for item in found if isinstance(found, list) else ():
            if isinstance(item, str):
                yield file, item


def _proxied(files: Files, release: Version) -> Iterator[str]:
    return (f"{one.plugin}.{one.name}" for one in proxies(files, release) if one.plugin)
