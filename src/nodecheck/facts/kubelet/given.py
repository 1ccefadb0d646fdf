"""Every flag and feature gate that a component of this node is given, with the line that gives it.

Of the kubelet by its unit and its files, of the one inside an agent by the agent's configuration; of the other
components by their static pods and units, and of kube-proxy also by its configuration file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from nodecheck.errors import FactError, Malformed
from nodecheck.facts.files.lines import whole_line
from nodecheck.facts.kubelet.config import KubeletConfig
from nodecheck.facts.services.unit_command import Word, command_line
from nodecheck.facts.services.unit_files import load_unit
from nodecheck.facts.services.units import UnitIndex
from nodecheck.host import Host, names_in
from nodecheck.host.base import text_or_none
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import Each, File, Named, Sources, Tree, UnitText
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.kubelet.agents import EmbeddedKubelet
    from nodecheck.facts.kubelet.files import KubeletSources
    from nodecheck.formats.tree import TreeNode

KUBELET = "kubelet"
COMPONENTS = ("kube-proxy", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
FLAG, GATE, API = "flag", "gate", "api"

STATIC_PODS = ("/etc/kubernetes/manifests", "/var/lib/rancher/rke2/agent/pod-manifests")
PROXY_CONFIGS = (
    "/var/lib/kube-proxy/config.conf", "/var/lib/kube-proxy/config.yaml", "/var/lib/kube-proxy/kube-proxy-config.yaml",
    "/etc/kubernetes/kube-proxy-config.yaml", "/etc/kubernetes/kube-proxy-config.yml",
)  # fmt: skip
KUBEADM_CONFIGS = (
    "/etc/kubernetes/kubeadm-config.yaml", "/etc/kubernetes/kubeadm-client.conf", "/etc/kubernetes/kubeadm.yaml",
    "/etc/kubeadm.yaml", "/etc/kubeadm/kubeadm.yaml", "/root/kubeadm-config.yaml", "/root/kubeadm.yaml",
    "/var/tmp/minikube/kubeadm.yaml",  # noqa: S108 - minikube keeps it there
)  # fmt: skip
"""Where kubespray, minikube and people keep what they give kubeadm; what lies in /run is gone at the next boot."""

_GATES_FLAG = "feature-gates"
_KUBEADM_API = "kubeadm.k8s.io/"


class GivenSetting(NamedTuple):
    """One flag, one feature gate, or the API version of a file for kubeadm."""

    component: str
    kind: str
    """``flag``, ``gate`` or ``api``."""
    name: str
    """``--pod-infra-container-image``, ``SidecarContainers``, ``kubeadm.k8s.io/v1beta3``."""
    text: str
    """As written: ``--pod-infra-container-image=registry.k8s.io/pause:3.9``, ``SidecarContainers=true``."""
    path: str
    line: int | None
    whole: str | None = None
    """The whole line; None where it cannot be had."""


class GivenSettings(NamedTuple):
    """Those that not every release of Kubernetes takes."""

    settings: tuple[GivenSetting, ...] = ()
    sources: tuple[str, ...] = ()
    """The files that were looked into."""
    hidden: tuple[FactError, ...] = ()
    """Why others could not be read."""

    @classmethod
    def reads(cls) -> Sources:
        return (
            *[Tree(folder, "*") for folder in STATIC_PODS],
            Named("staticPodPath of the kubelet"),
            *[UnitText(f"{name}.service") for name in COMPONENTS],
            Named("EnvironmentFile= of these units"),
            *map(File, (*PROXY_CONFIGS, *KUBEADM_CONFIGS)),
            Each(KubeletConfig, "sources", (File("{}"),)),
        )

    @classmethod
    def read(
        cls, host: Host, index: UnitIndex, kubelet: KubeletConfig, embedded: Lazy[EmbeddedKubelet]
    ) -> GivenSettings:
        """Look into each place; what cannot be read is told beside what can."""
        looker = _Looker(host, index)
        if kubelet.present:
            looker.take(_of_kubelet(kubelet.given), kubelet.sources)
        elif embedded().present:
            words = embedded().arguments
            looker.take(_of_words(KUBELET, words), [word.path for word in words])
        places = (
            *[(looker.of_unit, name) for name in COMPONENTS],
            *[(looker.of_pods, folder) for folder in _folders(kubelet)],
            *[(looker.of_proxy, path) for path in PROXY_CONFIGS],
            *[(looker.of_kubeadm, path) for path in KUBEADM_CONFIGS],
        )
        for look, place in places:
            try:
                look(place)
            except FactError as error:
                looker.hidden.append(error)
        found = [item._replace(whole=whole_line(host, item.path, item.line)) for item in looker.found]
        return cls(tuple(dict.fromkeys(found)), tuple(dict.fromkeys(looker.sources)), tuple(looker.hidden))


def _folders(kubelet: KubeletConfig) -> tuple[str, ...]:
    own = kubelet.setting("staticPodPath").path if kubelet.present else None
    return tuple(dict.fromkeys(((own,) if own is not None else ()) + STATIC_PODS))


class _Looker:
    """Goes through the places, and keeps what it finds of what not every release takes."""

    def __init__(self, host: Host, index: UnitIndex) -> None:
        self._host = host
        self._index = index
        self.found: list[GivenSetting] = []
        self.sources: list[str] = []
        self.hidden: list[FactError] = []

    def take(self, settings: Iterator[GivenSetting], sources: Iterable[str]) -> None:
        self.found.extend(item for item in settings if _is_doubtful(item))
        self.sources.extend(sources)

    def of_unit(self, name: str) -> None:
        unit = load_unit(self._host, self._index, f"{name}.service")
        command = None if unit is None else command_line(self._host, unit)
        if command is not None:
            self.take(_of_words(name, command.arguments), command.sources)

    def of_pods(self, folder: str) -> None:
        for name in names_in(self._host, folder):
            path = f"{folder}/{name}"
            source = None if name.startswith(".") else self._text(path)
            if source is not None and _GATES_FLAG in source:
                self.take(_of_manifest(source, path), ())

    def of_proxy(self, path: str) -> None:
        source = self._text(path)
        if source is None:
            return
        from nodecheck.facts.kubelet.files import GATES

        if GATES in source:
            self.take(_of_documents(source, path, "KubeProxyConfiguration", COMPONENTS[0]), ())

    def of_kubeadm(self, path: str) -> None:
        source = self._text(path)
        if source is not None:
            self.take(_apis(source, path), ())

    def _text(self, path: str) -> str | None:
        try:
            found = text_or_none(self._host, path)
        except Malformed:  # a directory among the manifests: the kubelet passes it over
            return None
        if found is not None:
            self.sources.append(path)
        return found


def _is_doubtful(item: GivenSetting) -> bool:
    from nodecheck.facts.kubelet.removed import ADDED, KUBEADM_APIS, REMOVED, REMOVED_GATES

    if item.kind == API:
        return any(row.name == item.name for row in KUBEADM_APIS)
    tables = (REMOVED_GATES,) if item.kind == GATE else (REMOVED, ADDED) if item.component == KUBELET else ()
    return any(row.name == item.name.removeprefix("--") for table in tables for row in table)


def _of_kubelet(given: KubeletSources | None) -> Iterator[GivenSetting]:
    from nodecheck.facts.kubelet.files import GATES

    if given is None:
        return
    node = given.tree.get(GATES)
    for name, state in (node.value if node is not None and isinstance(node.value, Mapping) else {}).items():
        yield GivenSetting(KUBELET, GATE, name, f"{name}: {_told(state)}", state.path, state.line or None)
    for flag, word in given.flags.given:
        yield GivenSetting(KUBELET, FLAG, f"--{flag}", f"--{flag}={word.text}", word.path, word.line)
        if flag == _GATES_FLAG:
            yield from _gates(KUBELET, word)


def _told(node: TreeNode) -> str:
    return str(node.value).lower()


def _gates(component: str, word: Word) -> Iterator[GivenSetting]:
    """The gates in the value of a flag."""
    from nodecheck.facts.kubelet.flags import gates_of

    for name, state in gates_of(word.text) or ():
        yield GivenSetting(component, GATE, name, f"{name}={str(state).lower()}", word.path, word.line)


def _of_words(component: str, words: Sequence[Word]) -> Iterator[GivenSetting]:
    """The flags among arguments, with or without dashes as agents have them; gates may stand in the word after."""
    for place, word in enumerate(words):
        dashed, equals, value = word.text.partition("=")
        name = dashed.lstrip("-").replace("_", "-")
        if not name or (not equals and not dashed.startswith("-")):
            continue
        yield GivenSetting(component, FLAG, f"--{name}", word.text, word.path, word.line)
        if name == _GATES_FLAG:
            rest = words[place + 1 : place + 2]
            yield from _gates(component, word._replace(text=value) if equals else rest[0] if rest else word)


def _of_manifest(source: str, path: str) -> Iterator[GivenSetting]:
    """The gates that a static pod's containers are given; a manifest that is no YAML starts nothing."""
    for tree in documents_in(source, path):
        spec = tree.get("spec")
        containers = spec.value.get("containers") if spec is not None and isinstance(spec.value, Mapping) else None
        for container in containers.value if containers is not None and isinstance(containers.value, tuple) else ():
            words = words_of(container, path)
            component = words[0].text.rpartition("/")[2] if words else ""
            yield from _of_words(component or "a static pod", words[1:])


def words_of(container: TreeNode, path: str) -> list[Word]:
    found: list[Word] = []
    for key in ("command", "args"):
        node = container.value.get(key) if isinstance(container.value, Mapping) else None
        items = node.value if node is not None and isinstance(node.value, tuple) else ()
        found.extend(Word(item.value, path, item.line) for item in items if isinstance(item.value, str))
    return found


def documents_in(source: str, path: str) -> Iterator[Mapping[str, TreeNode]]:
    """The mappings of a text with one YAML document or several, lines counted from its beginning."""
    import re

    from nodecheck.formats.structured import load
    from nodecheck.formats.tree import Malformation

    start = 0
    for part in re.split(r"(?m)^---(?=[ \t\r\n]|$)", source)[:64]:
        before = source.count("\n", 0, start)
        try:
            tree = load(("\n" * before + part).encode("utf-8", "surrogateescape"), path).root.value
        except Malformation:
            tree = None
        start += len(part) + 3
        if isinstance(tree, Mapping):
            yield tree


def _of_documents(source: str, path: str, kind: str, component: str) -> Iterator[GivenSetting]:
    """The ``featureGates`` of the documents of a kind."""
    from nodecheck.facts.kubelet.files import GATES

    for tree in documents_in(source, path):
        told, gates = tree.get("kind"), tree.get(GATES)
        if told is not None and told.value == kind and gates is not None and isinstance(gates.value, Mapping):
            for name, state in gates.value.items():
                yield GivenSetting(component, GATE, name, f"{name}: {_told(state)}", path, state.line or None)


def _apis(source: str, path: str) -> Iterator[GivenSetting]:
    for number, line in enumerate(source.split("\n"), 1):
        key, colon, value = line.partition(":")
        api = value.partition(" #")[0].strip(" \t\r\"'")
        if colon and key.strip("\"'") == "apiVersion" and api.startswith(_KUBEADM_API):
            yield GivenSetting("kubeadm", API, api, line.strip(" \t\r"), path, number)
