"""Where the container runtime of the kubelet looks for CNI configurations and plugins, and how it chooses among them.

containerd loads the first configurations by name, and nothing where one of them is not valid (go-cni
``loadFromConfDir``). CRI-O (ocicni ``loadNetworks``), dockershim and cri-dockerd (``getDefaultCNINetwork``) pass over
what is not valid, and what names a plugin that is not there.
"""

from __future__ import annotations

from nodecheck.facts.cluster.target import Target
from nodecheck.facts.kubelet.config import KubeletConfig
from nodecheck.facts.runtimes.containerd import Containerd
from nodecheck.facts.runtimes.containerd_cni import BIN_DIR, CONF_DIR
from nodecheck.facts.runtimes.crio import Crio
from nodecheck.facts.runtimes.service import flags, service
from nodecheck.facts.services.init_system import UnitIndex
from nodecheck.host import Host
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Named, Sources, UnitText
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.runtimes.releases import Release, RuntimeReleases
    from nodecheck.facts.services.unit_reader import UnitReader

CONTAINERD, CRIO, DOCKER = "containerd", "crio", "docker"
NAMES = {CONTAINERD: "containerd", CRIO: "CRI-O", DOCKER: "docker"}


class CniPlaces(NamedTuple):
    """What the runtime is set to."""

    runtime: str | None = None
    """``containerd``, ``crio`` or ``docker``; None where none is there that serves a kubelet."""
    conf_dir: str = CONF_DIR
    bin_dirs: tuple[str, ...] = (BIN_DIR,)
    """In the order in which a plugin is looked for."""
    most: int = 1
    """So many configurations are loaded, the first by name; 0: all."""
    network: str = ""
    """The name of the network that pods get (CRI-O); empty: that of the first configuration."""
    passes_over: bool = False
    """Whether a configuration that is not valid is passed over; else it keeps all from being loaded."""
    loopback: bool = True
    """Whether the runtime starts the plugin ``loopback`` for every pod."""
    template: str = ""
    """containerd writes a configuration of this template itself."""
    off: str | None = None
    """Why no CNI is used at all."""
    problem: str | None = None
    """Why the places cannot be told."""

    @classmethod
    def reads(cls) -> Sources:
        from nodecheck.facts.runtimes.cri_dockerd import UNITS

        return (*map(UnitText, UNITS), *[Named(f"EnvironmentFile= of {unit}") for unit in UNITS])

    @classmethod
    def read(
        cls,
        host: Host,
        kubelet: KubeletConfig,
        target: Lazy[Target],
        containerd: Lazy[Containerd],
        crio: Lazy[Crio],
        releases: Lazy[RuntimeReleases],
        units: Lazy[UnitIndex],
        reader: Lazy[UnitReader],
    ) -> CniPlaces:
        """By the configuration of the runtime that the kubelet uses. Raises what hides it."""
        told = kubelet.runtime_endpoint is not None or kubelet.container_runtime is not None
        runtime = kubelet.runtime() or kubelet.runtime(target().release)
        if runtime == DOCKER:
            return _of_docker(host, kubelet, units, reader)
        found = []
        if runtime == CRIO or not told:
            found.append(_of_crio(crio(), releases))
        if runtime == CONTAINERD or not told:
            found.append(_of_containerd(containerd(), releases))
        there = [one for one in found if one.runtime is not None]
        if len({one._replace(runtime=None) for one in there}) > 1 and not told:
            why = "the kubelet names no runtime, and containerd and CRI-O are here"
            return cls(there[0].runtime, problem=why)
        return there[-1] if there else cls()


def _absolute(places: CniPlaces) -> CniPlaces:
    """A path that is relative hangs on where the daemon was started."""
    relative = [path for path in (places.conf_dir, *places.bin_dirs) if not path.startswith("/")]
    cleaned = places._replace(
        conf_dir=_clean(places.conf_dir), bin_dirs=tuple(dict.fromkeys(map(_clean, places.bin_dirs)))
    )
    return cleaned._replace(problem=f"{relative[0]!r} is no absolute path") if relative else cleaned


def _clean(path: str) -> str:
    return path.rstrip("/") or "/"


def _of_containerd(fact: Containerd, releases: Lazy[RuntimeReleases]) -> CniPlaces:
    if fact.present is None:
        return CniPlaces()
    if not fact.files:
        return CniPlaces(CONTAINERD)
    from nodecheck.facts.runtimes.containerd_cni import cni_section
    from nodecheck.facts.runtimes.containerd_merge import Refused, cri_section
    from nodecheck.facts.runtimes.containerd_releases import FIRST_TWO, TWO
    from nodecheck.facts.runtimes.containerd_verdict import fitting

    release = releases().containerd
    fit = fitting(fact.files)
    readers: tuple[Release, ...] = (release,) if release else (*fit, *([FIRST_TWO] if TWO in fit else []))
    try:
        if not any(cri_section(fact.files, one)[2] for one in readers):
            return CniPlaces()
        found = {cni_section(fact.files, one) for one in readers}
    except Refused as error:
        return CniPlaces(CONTAINERD, problem=error.detail)
    if len(found) > 1:
        return CniPlaces(CONTAINERD, problem="they hang on containerd's release, which is not shown")
    (own,) = found
    places = CniPlaces(CONTAINERD, own.conf_dir, own.bin_dirs, own.most, loopback=own.loopback, template=own.template)
    return _absolute(places)


def _of_crio(fact: Crio, releases: Lazy[RuntimeReleases]) -> CniPlaces:
    if fact.present is None:
        return CniPlaces()
    from nodecheck.facts.runtimes.crio import LOOPBACK, PLUGIN, RULES

    own, release = fact.network, releases().crio
    wanted = own.cni_default_network.value if own.cni_default_network is not None else ""
    folder = own.network_dir.value if own.network_dir is not None else ""
    loopback = release is not None and RULES.at(LOOPBACK, release).wanted == PLUGIN
    places = CniPlaces(
        CRIO, folder or CONF_DIR, own.bin_dirs(BIN_DIR), network=wanted, passes_over=True, loopback=loopback
    )
    return _absolute(places)


def _of_docker(host: Host, kubelet: KubeletConfig, units: Lazy[UnitIndex], reader: Lazy[UnitReader]) -> CniPlaces:
    """Of cri-dockerd where its unit is there, else of the kubelet with dockershim in it."""
    from nodecheck.facts.runtimes.cri_dockerd import UNITS

    names = ("network-plugin", "cni-conf-dir", "cni-bin-dir")
    unit = next((found for found in (service(host, units(), name, reader) for name in UNITS) if found), None)
    if unit is not None:
        given = {flag.name: flag.value for flag in flags(unit.arguments, {}, names)}
        plugin = given.get("network-plugin", "cni")
    else:
        told = kubelet.given.flags if kubelet.given is not None else None
        words = {name: told.last(name) if told is not None else None for name in names}
        given = {name: word.text for name, word in words.items() if word is not None}
        plugin = given.get("network-plugin", "")
    if plugin != "cni":
        return CniPlaces(DOCKER, off=f"the network plugin of docker is {plugin!r}, not CNI")
    folders = tuple([part for part in given.get("cni-bin-dir", "").split(",") if part])
    places = CniPlaces(DOCKER, given.get("cni-conf-dir") or CONF_DIR, folders or (BIN_DIR,), passes_over=True)
    return _absolute(places)
