"""The kubelet's effective configuration: flags over drop-ins over file over defaults.

As ``cmd/kubelet/app/server.go`` computes it: the ``--config`` file, each ``*.conf`` of ``--config-dir`` in lexical
order over it, then the flags again, of which the last of a name counts.
"""

from __future__ import annotations

from collections.abc import Callable

from nodecheck.checking import Lazy
from nodecheck.errors import Absent
from nodecheck.facts.kubelet_dropins import dropin_paths
from nodecheck.facts.kubelet_embedded import embedded_swap_argument
from nodecheck.facts.kubelet_files import Fields, Refused, Tree, decode, fields, merged
from nodecheck.facts.kubelet_flags import Flags, gates_of
from nodecheck.facts.kubelet_launch import Launch, read_launch
from nodecheck.facts.os_release import OsRelease
from nodecheck.facts.structured import Node
from nodecheck.facts.unit_command import Word
from nodecheck.facts.units import UnitIndex
from nodecheck.host import Host
from nodecheck.record import NamedTuple

SYSTEMD = "systemd"
CGROUPFS = "cgroupfs"

_Maker = Callable[[str], str]


class Setting(NamedTuple):
    """One setting, and where it comes from."""

    value: str
    """What the kubelet makes of it: ``"true"`` or ``"false"``, ``"systemd"`` or ``"cgroupfs"``, …"""
    source: str
    """The file that sets it."""
    line: int | None = None
    """1-based."""
    text: str = ""
    """As written there: ``cgroupDriver: systemd``, ``--cgroup-driver=systemd``."""


class Problem(NamedTuple):
    """Why the kubelet would not start with this configuration; ``code`` as in a result's cause."""

    code: str
    detail: str
    source: str
    line: int | None = None


class KubeletConfig(NamedTuple):
    """The configuration that the kubelet of this node computes when it starts.

    A setting that is None is set nowhere (and where there is no ``problem``, the default holds).
    """

    present: bool = False
    """Its binary, its unit or any of its known configuration files is there.

    False also for the kubelet inside k3s and RKE2, of which ``fail_swap_on`` is told and nothing else.
    """
    fail_swap_on: Setting | None = None
    """``"true"`` or ``"false"``; None: the default, true."""
    swap_behavior: Setting | None = None
    """``NoSwap``, ``LimitedSwap``, ``UnlimitedSwap``; None: the default."""
    cgroup_driver: Setting | None = None
    """``systemd``, or ``cgroupfs`` for any other word; None: set nowhere (cgroupfs, or what the runtime answers)."""
    runtime_endpoint: Setting | None = None
    """``unix:///run/containerd/containerd.sock``; None: set nowhere."""
    container_runtime: Setting | None = None
    """``--container-runtime``: ``docker`` or ``remote`` (gone in 1.27)."""
    feature_gates: tuple[tuple[str, bool], ...] = ()
    config: str | None = None
    """The ``--config`` file."""
    config_dir: str | None = None
    """The ``--config-dir`` directory."""
    node_ip: Setting | None = None
    """``--node-ip``: one address, or one of each family with a comma between; None: the default route's link has it."""
    older_than: tuple[int, int] | None = None
    """A flag is given that this release no longer has: the kubelet is older, or does not start."""
    sources: tuple[str, ...] = ()
    """The files that say it, in order of reading; where a setting is set nowhere, these were looked into."""
    problem: Problem | None = None
    """With this configuration the kubelet would not start."""

    @property
    def fails_on_swap(self) -> bool:
        """Whether the kubelet refuses to start where swap is on (``failSwapOn``, true by default)."""
        return self.fail_swap_on is None or self.fail_swap_on.value != "false"

    def gate(self, name: str) -> bool | None:
        """What a feature gate is set to; None where it is left at the release's default."""
        return dict(self.feature_gates).get(name)

    def runtime(self, release: tuple[int, int] | None = None) -> str | None:
        """The runtime that it points to: ``docker``, ``containerd``, ``crio``; None where that cannot be told.

        ``release`` is the node's Kubernetes release: dockershim was the default before 1.24, containerd's socket is
        since.

        >>> KubeletConfig().runtime((1, 17)), KubeletConfig().runtime((1, 34)), KubeletConfig().runtime()
        ('docker', 'containerd', None)
        """
        if self.container_runtime is not None and self.container_runtime.value != "remote":
            return self.container_runtime.value
        if self.runtime_endpoint is not None:
            return runtime_at(self.runtime_endpoint.value)
        if self.container_runtime is None and self.older_than is not None and self.older_than <= (1, 24):
            return "docker"
        if release is None:
            return None
        return "docker" if release < (1, 24) else "containerd"

    @classmethod
    def read(cls, host: Host, index: UnitIndex, release: Lazy[OsRelease]) -> KubeletConfig:
        """The kubelet's configuration. Raises what the host raises for a file that is there and cannot be read."""
        launch = read_launch(host, index, release)
        if not launch.present:
            word = embedded_swap_argument(host, index)
            return cls() if word is None else cls(fail_swap_on=_setting("fail-swap-on", word, str))
        return _assembled(launch, _files(host, launch.flags))


def runtime_at(endpoint: str) -> str | None:
    """The runtime whose socket an endpoint names.

    >>> runtime_at("unix:///run/crio/crio.sock"), runtime_at("/run/cri-dockerd.sock"), runtime_at("tcp://x:1")
    ('crio', 'docker', None)
    """
    for word, runtime in (("containerd", "containerd"), ("crio", "crio"), ("docker", "docker")):
        if word in endpoint:
            return runtime
    return None


class _Files(NamedTuple):
    """What the files say."""

    fields: Fields
    sources: tuple[str, ...]
    problem: Problem | None = None


def _files(host: Host, flags: Flags) -> _Files:
    sources: list[str] = []
    config, folder = _path(flags.last("config")), _path(flags.last("config-dir"))
    path = config or ""
    try:
        base: Tree = {} if config is None else _decoded(host, config, False, sources)
        if folder is None:
            return _Files(fields(base), tuple(sources))
        fields(base)  # its types are checked before anything is merged over it
        path = folder
        patches = []
        for path in dropin_paths(host, folder):
            patches.append(_decoded(host, path, True, sources))
        return _Files(fields(merged(base, patches)), tuple(sources))
    except Absent:
        what = "the directory of --config-dir" if path == folder else "the kubelet's configuration file"
        return _Files(Fields(), (*sources, path), Problem("not-found", f"{what}, {path}, is not there", path))
    except Refused as error:
        path = error.path or path
        return _Files(Fields(), tuple(sources), Problem("malformed", f"{path} {error.detail}", path, error.line))


def _path(word: Word | None) -> str | None:
    """The path of a flag; a relative one starts at the unit's working directory, ``/``."""
    if word is None or not word.text:
        return None
    return word.text if word.text.startswith("/") else "/" + word.text


def _decoded(host: Host, path: str, dropin: bool, sources: list[str]) -> Tree:
    raw = host.read(path)
    sources.append(path)
    return decode(raw, path, dropin)


def _assembled(launch: Launch, files: _Files) -> KubeletConfig:
    flags, found = launch.flags, files.fields
    gates, gates_problem = _gates(flags, found)
    problem = files.problem or gates_problem
    if launch.problem is not None:
        problem = Problem("malformed", launch.problem, launch.source, launch.line)
    return KubeletConfig(
        present=True,
        fail_swap_on=_flag(flags, "fail-swap-on", _boolean) or _field("failSwapOn", found.fail_swap_on, _boolean),
        swap_behavior=_field("swapBehavior", found.swap_behavior, str),
        cgroup_driver=_flag(flags, "cgroup-driver", _driver) or _field("cgroupDriver", found.cgroup_driver, _driver),
        runtime_endpoint=_flag(flags, "container-runtime-endpoint", str)
        or _field("containerRuntimeEndpoint", found.endpoint, str),
        container_runtime=_flag(flags, "container-runtime", str),
        node_ip=_flag(flags, "node-ip", str),
        feature_gates=gates,
        config=_path(flags.last("config")),
        config_dir=_path(flags.last("config-dir")),
        older_than=flags.older_than,
        sources=tuple(dict.fromkeys((*launch.sources, *files.sources))),
        problem=problem,
    )


def _gates(flags: Flags, found: Fields) -> tuple[tuple[tuple[str, bool], ...], Problem | None]:
    """The gates of the file, each flag's over them; a flag that cannot be parsed is a problem."""
    gates = dict(found.gates)
    for name, word in flags.given:
        pairs = gates_of(word.text) if name == "feature-gates" else ()
        if pairs is None:
            return tuple(gates.items()), Problem(
                "malformed", f"invalid --feature-gates={word.text[:80]}", word.path, word.line
            )
        gates.update(pairs)
    return tuple(gates.items()), None


def _flag(flags: Flags, name: str, made: _Maker) -> Setting | None:
    word = flags.last(name)
    return None if word is None else _setting(name, word, made)


def _setting(name: str, word: Word, made: _Maker) -> Setting:
    return Setting(made(word.text), word.path, word.line, f"--{name}={word.text}")


def _field(name: str, node: Node | None, made: _Maker) -> Setting | None:
    if node is None:
        return None
    written = str(node.value).lower() if isinstance(node.value, bool) else node.value
    return Setting(made(written), node.path, node.line or None, f"{name}: {written}")


def _boolean(text: str) -> str:
    return "true" if text in ("1", "t", "T", "TRUE", "true", "True") else "false"


def _driver(text: str) -> str:
    """Any word but ``systemd`` is cgroupfs (``newCgroupCommon`` in ``pkg/kubelet/cm``)."""
    return SYSTEMD if text == SYSTEMD else CGROUPFS
