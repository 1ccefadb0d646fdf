"""The cgroup drivers inside node agents and snaps: of the containerd that they start, and of their kubelet.

k3s and RKE2 write ``agent/etc/containerd/config.toml`` each time they start, and give their kubelet the driver that
stands there (``SetupContainerdConfig``, ``kubeletArgsAndConfig``; since 1.32 in ``kubelet.conf.d``); ``kubelet-arg``
goes over it. k0s starts containerd with ``/etc/k0s/containerd.toml`` and writes the kubelet's file below ``/run/k0s``;
MicroK8s makes ``containerd.toml`` of a template (``run-containerd-with-args``). Neither sets the kubelet's driver.
"""

from __future__ import annotations

from nodecheck.errors import Absent, Malformed
from nodecheck.facts.runtimes.containerd import Containerd
from nodecheck.facts.services.unit_command import Word, arguments
from nodecheck.facts.services.unit_files import load_unit
from nodecheck.facts.services.units import UnitIndex
from nodecheck.host import Host, exists
from nodecheck.host.base import text, text_or_none, texts
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Exists, File, Named, Sources, Tree, UnitText
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.kubelet.agents import EmbeddedKubelet
    from nodecheck.facts.kubelet.settings import KubeletSetting

_RANCHER = "/var/lib/rancher"
_TEMPLATE = {b"${RUNTIME_TYPE}": b"io.containerd.runc.v2", b"${RUNTIME}": b"runc", b"${SNAPSHOTTER}": b"overlayfs"}
"""What MicroK8s puts into its template on a node without another runtime."""

FLAG = "cgroup-driver"
_OTHERS = ("docker", "container-runtime-endpoint", "cri-socket")
"""Arguments by which k3s, RKE2 and k0s are told to use a runtime that they do not start."""


class NodeAgent(NamedTuple):
    """A program or snap that starts a kubelet of its own, and where it keeps what it gives it."""

    name: str
    units: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    """What shows it, besides its units."""
    containerd: tuple[str, ...] = ()
    """Its containerd's configuration, the first that is there; none: it uses the node's own."""
    template: str | None = None
    """What that is made of at the next start."""
    dropins: str | None = None
    """Its kubelet's drop-ins."""
    kubelet: tuple[str, ...] = ()
    """Its kubelet's configuration file."""
    arguments: str | None = None
    """Its kubelet's flags, one a line."""
    sets_both: bool = False
    """It gives its kubelet the driver of its containerd."""


def _of_rancher(name: str, folder: str, units: tuple[str, ...]) -> NodeAgent:
    home = f"{_RANCHER}/{folder}/agent"
    signs = (f"/etc/rancher/{folder}/config.yaml", home)
    return NodeAgent(
        name, units, signs, (f"{home}/etc/containerd/config.toml",), None, f"{home}/etc/kubelet.conf.d", sets_both=True
    )


_MICROK8S = "/var/snap/microk8s/current/args"
_K8S = "/var/snap/k8s/common"
_CHARMED = "/var/snap/kubelet/current/args"

AGENTS = (
    _of_rancher("k3s", "k3s", ("k3s.service", "k3s-agent.service")),
    _of_rancher("RKE2", "rke2", ("rke2-server.service", "rke2-agent.service")),
    NodeAgent(
        "k0s", ("k0sworker.service", "k0scontroller.service"), ("/var/lib/k0s/kubelet.conf",),
        ("/etc/k0s/containerd.toml",), kubelet=("/run/k0s/kubelet/config.yaml", "/var/lib/k0s/kubelet-config.yaml"),
    ),
    NodeAgent(
        "MicroK8s", (), (f"{_MICROK8S}/kubelet",), (f"{_MICROK8S}/containerd.toml",),
        f"{_MICROK8S}/containerd-template.toml", arguments=f"{_MICROK8S}/kubelet",
    ),
    NodeAgent(
        "Canonical Kubernetes", (), (f"{_K8S}/args/kubelet",), (f"{_K8S}/etc/containerd/config.toml",),
        arguments=f"{_K8S}/args/kubelet",
    ),
    NodeAgent("the snap kubelet", (), (_CHARMED,), arguments=_CHARMED),
)  # fmt: skip


class AgentDriver(NamedTuple):
    """What an agent's files give its containerd and its kubelet."""

    agent: NodeAgent | None = None
    """None: no agent is there."""
    containerd: Containerd = Containerd()
    """Not present where its configuration is not written yet, or where the agent uses the node's own."""
    setting: KubeletSetting | None = None
    """The kubelet's driver where it is set; else it follows containerd's, or is cgroupfs (see ``NodeAgent``)."""
    told: bool = True
    """Whether the kubelet's configuration is there to be read; where not, nothing set means nothing."""
    other: Word | None = None
    """An argument that names another runtime."""

    @classmethod
    def reads(cls) -> Sources:
        each = [(*agent.containerd, agent.template, *agent.kubelet, agent.arguments) for agent in AGENTS]
        files = [path for paths in each for path in paths if path]
        return (
            *map(Exists, (sign for agent in AGENTS for sign in agent.signs)),
            *[UnitText(unit) for agent in AGENTS for unit in agent.units],
            *map(File, (*files, *[f"/etc/rancher/{name}/config.yaml" for name in ("k3s", "rke2")])),
            *[Tree(agent.dropins, "*.conf") for agent in AGENTS if agent.dropins],
            Named("imports of containerd's configuration"),
        )

    @classmethod
    def read(cls, host: Host, index: UnitIndex, embedded: Lazy[EmbeddedKubelet]) -> AgentDriver:
        """Read them. Raises ParseError for a file that containerd would not read, and what the host raises."""
        agent = next((one for one in AGENTS if _is_there(host, index, one)), None)
        if agent is None:
            return cls()
        words = _lines(host, agent.arguments) if agent.arguments else embedded().arguments
        setting, told = _setting(host, agent, words)
        return cls(agent, _containerd(host, agent), setting, told, _other(host, index, agent))


def _is_there(host: Host, index: UnitIndex, agent: NodeAgent) -> bool:
    return any(index.fragment(unit) for unit in agent.units) or any(exists(host, sign) for sign in agent.signs)


def _lines(host: Host, path: str) -> tuple[Word, ...]:
    lines = text(host, path).split("\n")
    return tuple([Word(line.strip(" \t\r"), path, number) for number, line in enumerate(lines, 1)])


def _containerd(host: Host, agent: NodeAgent) -> Containerd:
    from nodecheck.facts.runtimes.containerd_files import load, parsed

    for path in agent.containerd:
        files = load(host, path, False)
        if files:
            return Containerd(path, path, files)
    if agent.template is None:
        return Containerd()
    try:
        raw = host.read(agent.template)
    except Absent:
        return Containerd()
    for name, value in _TEMPLATE.items():
        raw = raw.replace(name, value)
    return Containerd(agent.template, agent.template, (parsed(raw, agent.template),))


def _setting(host: Host, agent: NodeAgent, words: tuple[Word, ...]) -> tuple[KubeletSetting | None, bool]:
    """The kubelet's driver: by its flags, else by its files; and whether there was anything to be read."""
    for word in words[::-1]:
        name, equals, value = word.text.lstrip("-").partition("=")
        if name == FLAG and equals:
            return _made(value.strip("\"'"), word.path, word.line, word.text), True
    if agent.dropins is not None:
        return _of_dropins(host, agent.dropins), True
    for path in agent.kubelet:
        source = text_or_none(host, path)
        if source is not None:
            return _of_tree(host, path, ()), True
    return None, not agent.kubelet


def _made(value: str, path: str, line: int | None, written: str) -> KubeletSetting:
    from nodecheck.facts.kubelet.settings import KubeletSetting

    return KubeletSetting("systemd" if value == "systemd" else "cgroupfs", path, line, written)


def _of_dropins(host: Host, folder: str) -> KubeletSetting | None:
    from nodecheck.facts.kubelet.files import dropin_paths

    try:
        return _of_tree(host, None, tuple(dropin_paths(host, folder)))
    except Absent:
        return None


def _of_tree(host: Host, path: str | None, dropins: tuple[str, ...]) -> KubeletSetting | None:
    """``cgroupDriver`` of a configuration and its drop-ins. Raises Malformed for one that the kubelet refuses."""
    from nodecheck.facts.kubelet.files import RefusedConfig, decode, fields, merged

    try:
        base = {} if path is None else decode(host.read(path), path)
        tree = merged(base, [decode(host.read(one), one, True) for one in dropins]) if dropins else base
        node = fields(tree).cgroup_driver
    except RefusedConfig as error:
        raise Malformed(error.path or path or ", ".join(dropins), error.detail) from error
    if node is None or not node.path:
        return None
    return _made(str(node.value), node.path, node.line or None, f"cgroupDriver: {node.value}")


def _other(host: Host, index: UnitIndex, agent: NodeAgent) -> Word | None:
    """The argument that names another runtime than the agent's own, on its command line or in its configuration."""
    for unit in agent.units:
        loaded = load_unit(host, index, unit)
        for word in () if loaded is None else arguments(loaded):
            name, _, value = word.text.lstrip("-").partition("=")
            if name in _OTHERS and value not in ("false", '""') and word.text.startswith("-"):
                return word
    for path, source in texts(host, [sign for sign in agent.signs if sign.endswith(".yaml")]):
        for number, line in enumerate(source.split("\n"), 1):
            name, colon, value = line.partition(":")
            if colon and name.strip("\"'") in _OTHERS and value.strip(" \t\r\"'") not in ("", "false"):
                return Word(line.strip(" \t\r"), path, number)
    return None
