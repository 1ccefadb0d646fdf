"""The kubelet's effective configuration: what is known of it, and whether there is a kubelet at all."""

from __future__ import annotations

from nodecheck.errors import FactError
from nodecheck.facts.distro.os_release import OsRelease
from nodecheck.facts.kubelet.places import has_agent, has_kubelet
from nodecheck.facts.services.units import UnitIndex
from nodecheck.host import Host
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Each, File, Judges, Sources
from nodecheck.record import NamedTuple
from nodecheck.requirements.table import Release, Row, Table
from nodecheck.typed import TYPE_CHECKING

DEFAULT_RUNTIME = Table(
    Row("runtime", "docker", "dockershim was the default", "KEP-2221", before=(1, 24)),
    Row("runtime", "containerd", "its socket is the default of containerRuntimeEndpoint", "KEP-2221", since=(1, 24)),
)
"""The runtime of a kubelet that is told none, by its release."""

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from nodecheck.facts.kubelet.files import KubeletSources
    from nodecheck.facts.kubelet.lookup import EffectiveSetting
    from nodecheck.facts.kubelet.settings import KubeletSetting, Problem
    from nodecheck.facts.services.unit_reader import UnitReader


class KubeletConfig(NamedTuple):
    """The configuration that the kubelet of this node computes when it starts.

    A setting that is None is set nowhere (and where there is no ``problem``, the default holds).
    """

    present: bool = False
    """Its binary, its unit or any of its known configuration files is there.

    False also for the kubelet inside k3s and RKE2, of which ``fail_swap_on`` is told and nothing else.
    """
    fail_swap_on: KubeletSetting | None = None
    """``"true"`` or ``"false"``; None: the default, true."""
    swap_behavior: KubeletSetting | None = None
    """``NoSwap``, ``LimitedSwap``, ``UnlimitedSwap``; None: the default."""
    cgroup_driver: KubeletSetting | None = None
    """``systemd``, or ``cgroupfs`` for any other word; None: set nowhere (cgroupfs, or what the runtime answers)."""
    runtime_endpoint: KubeletSetting | None = None
    """``unix:///run/containerd/containerd.sock``; None: set nowhere."""
    container_runtime: KubeletSetting | None = None
    """``--container-runtime``: ``docker`` or ``remote`` (gone in 1.27)."""
    feature_gates: tuple[tuple[str, bool], ...] = ()
    config: str | None = None
    """The ``--config`` file."""
    node_ip: KubeletSetting | None = None
    """``--node-ip``: one address, or one of each family with a comma between; None: the default route's link has it."""
    hostname_override: KubeletSetting | None = None
    """``--hostname-override``: the node's name; None: its host name."""
    kubeconfig: KubeletSetting | None = None
    """``--kubeconfig``: how it reaches the API server; None: it runs alone."""
    bootstrap_kubeconfig: KubeletSetting | None = None
    """``--bootstrap-kubeconfig``: how it gets the former."""
    older_than: Release | None = None
    """A flag is given that this release no longer has: the kubelet is older, or does not start."""
    sources: tuple[str, ...] = ()
    """The files that say it, in order of reading; where a setting is set nowhere, these were looked into."""
    problem: Problem | None = None
    """With this configuration the kubelet would not start."""
    given: KubeletSources | None = None
    """Its flags and its merged files, of which :meth:`setting` makes any setting; None: there is none."""

    @property
    def fails_on_swap(self) -> bool:
        """Whether the kubelet refuses to start where swap is on (``failSwapOn``, true by default)."""
        return self.fail_swap_on is None or self.fail_swap_on.value != "false"

    def setting(self, name: str, release: tuple[int, int] | None = None) -> EffectiveSetting:
        """Any setting of ``kubelet_table.SETTINGS``, by its key (``evictionHard``) or, where it has none, its flag.

        ``release`` is the kubelet's, which its defaults hang on; None: the newest. Where the configuration as a whole
        is refused, no setting has a value and each has that problem. Raises KeyError for a setting that is not known.
        """
        from nodecheck.facts.kubelet.lookup import EffectiveSetting, default_setting, effective_setting

        if self.problem is not None:
            problem = self.problem
            return EffectiveSetting(name, None, "", problem.source, problem.line, problem=problem.detail)
        if self.given is None:
            return default_setting(name, release)
        return effective_setting(self.given, name, release)

    def for_release(self, release: Callable[[], Release | None]) -> KubeletConfig:
        """The same, with the problem that the kubelet's own release has with its flags and feature gates.

        ``release`` is asked only where something is given that not every release takes.
        """
        if self.problem is not None or self.given is None:
            return self
        from nodecheck.facts.kubelet.removed import refused

        return self._replace(problem=refused(self.given, release))

    def gate(self, name: str) -> bool | None:
        """What a feature gate is set to; None where it is left at the release's default."""
        return dict(self.feature_gates).get(name)

    def runtime(self, release: Release | None = None) -> str | None:
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
        older, first = self.older_than, DEFAULT_RUNTIME.rows[0]
        if self.container_runtime is None and older is not None and first.covers_all_before(older):
            return first.wanted
        return None if release is None else DEFAULT_RUNTIME.at("runtime", release).wanted

    @classmethod
    def reads(cls) -> Sources:
        from nodecheck.facts.kubelet.launch import kubelet_sources

        return kubelet_sources()

    @classmethod
    def judges(cls) -> Judges:
        """All that its table knows, by their kinds: in a file by its last word, and as a flag."""
        from nodecheck.facts.kubelet.table import judged_by_kind

        return judged_by_kind()

    @classmethod
    def read(cls, host: Host, index: UnitIndex, release: Lazy[OsRelease], reader: Lazy[UnitReader]) -> KubeletConfig:
        """The kubelet's configuration. Raises what the host raises for a file that is there and cannot be read."""
        if not has_kubelet(host, index) and not has_agent(host, index):
            return cls()
        from nodecheck.facts.kubelet.effective import effective

        return effective(host, index, release, reader, cls)


def runtime_at(endpoint: str) -> str | None:
    """The runtime whose socket an endpoint names.

    >>> runtime_at("unix:///run/crio/crio.sock"), runtime_at("/run/cri-dockerd.sock"), runtime_at("tcp://x:1")
    ('crio', 'docker', None)
    """
    for word, runtime in (("containerd", "containerd"), ("crio", "crio"), ("docker", "docker")):
        if word in endpoint:
            return runtime
    return None


class KubeletDriverLine(NamedTuple):
    """Where the driver is set, or could be; None where no line of a file is the place."""

    driver: str | None = None
    """The line that sets it."""
    kind: str | None = None
    """The line ``kind: KubeletConfiguration`` of the kubelet's YAML file."""

    @classmethod
    def reads(cls) -> Sources:
        return tuple([Each(KubeletConfig, field, (File("{}"),)) for field in ("cgroup_driver.source", "config")])

    @classmethod
    def read(cls, host: Host, config: KubeletConfig) -> KubeletDriverLine:
        """Read the lines; a file that cannot be read has none."""
        from nodecheck.facts.files.lines import whole_line

        setting = config.cgroup_driver
        driver = whole_line(host, setting.source, setting.line) if setting is not None else None
        return cls(driver, _kind(host, config.config) if config.config is not None else None)


class KubeletLines(NamedTuple):
    """The lines of each file that gives the kubelet something, as a fix needs them."""

    by_path: Mapping[str, tuple[str, ...]] = {}

    @classmethod
    def reads(cls) -> Sources:
        return (Each(KubeletConfig, "sources", (File("{}"),)),)

    @classmethod
    def read(cls, host: Host, config: KubeletConfig) -> KubeletLines:
        """Read the files; one that cannot be read has no lines."""
        return cls({path: _lines(host, path) for path in config.sources})

    def at(self, path: str, line: int | None) -> tuple[str, ...]:
        """A line and those that follow it; none where that is not known."""
        return self.by_path.get(path, ())[line - 1 :] if line else ()


def _lines(host: Host, path: str) -> tuple[str, ...]:
    try:
        return tuple(host.read(path).decode("utf-8", "surrogateescape").split("\n"))
    except FactError:
        return ()


def _kind(host: Host, path: str) -> str | None:
    found = [line for line in _lines(host, path) if line.rstrip(" \t") == "kind: KubeletConfiguration"]
    return found[0] if len(found) == 1 else None
