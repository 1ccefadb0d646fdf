"""The ports that this node's components are told to listen on: by static pods, the kubelet's and kube-proxy's files.

``--secure-port`` of kube-apiserver, kube-controller-manager and kube-scheduler, ``--listen-client-urls`` and
``--listen-peer-urls`` of etcd, ``port`` of the kubelet, ``healthzBindAddress`` of kube-proxy: the references of these
components.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from nodecheck.errors import FactError
from nodecheck.facts.cluster.signs import PROXY_CONFIGS, STATIC_PODS
from nodecheck.facts.kubelet.config import KubeletConfig
from nodecheck.facts.kubelet.given import documents_in, words_of
from nodecheck.facts.services.unit_command import Word
from nodecheck.host import Host
from nodecheck.host.base import text_or_none
from nodecheck.model.needs import Lazy
from nodecheck.model.sources import File, Sources
from nodecheck.record import NamedTuple

_FLAGS = (
    ("kube-apiserver", 6443, "secure-port"),
    ("kube-controller-manager", 10257, "secure-port"),
    ("kube-scheduler", 10259, "secure-port"),
    ("etcd", 2379, "listen-client-urls"),
    ("etcd", 2380, "listen-peer-urls"),
)
"""Component, its usual port, and the flag that moves it."""
MOST_WORDS_BEFORE = 8
"""Words before a component's name: kOps starts it by ``go-runner`` with flags, others by ``hyperkube``."""
KUBELET, PROXY = ("kubelet", 10250), ("kube-proxy", 10256)


class ComponentPort(NamedTuple):
    """One port of a component, as its configuration says."""

    component: str
    usual: int
    """The port where nothing is said."""
    number: int
    """0: it does not listen there at all."""
    path: str = ""
    line: int | None = None
    text: str = ""
    """As written there."""


class ComponentPorts(NamedTuple):
    """The ports that are set, and what could not be read."""

    found: tuple[ComponentPort, ...] = ()
    unread: tuple[tuple[str, FactError], ...] = ()
    """Components, and why their configuration could not be read."""

    @classmethod
    def reads(cls) -> Sources:
        names = dict.fromkeys(component for component, _, _ in _FLAGS)
        return (
            *[File(path) for name in names for path in _manifests(name)],
            *map(File, PROXY_CONFIGS),
        )

    @classmethod
    def read(cls, host: Host, kubelet: Lazy[KubeletConfig]) -> ComponentPorts:
        """Read them; what is wrong with one stays with it."""
        found: list[ComponentPort] = []
        unread: dict[str, FactError] = {}
        for component in dict.fromkeys(name for name, _, _ in _FLAGS):
            try:
                found.extend(_of_pods(host, component))
            except FactError as error:
                unread[component] = error
        try:
            found.extend(_of_kubelet(kubelet()))
        except FactError as error:
            unread["kubelet"] = error
        try:
            found.extend(_of_proxy(host))
        except FactError as error:
            unread["kube-proxy"] = error
        return cls(tuple(found), tuple(unread.items()))

    def of(self, component: str, usual: int) -> ComponentPort | None:
        """Where a component's port is said; None where nothing says it."""
        return next((item for item in self.found if (item.component, item.usual) == (component, usual)), None)

    def problem(self, component: str) -> FactError | None:
        """Why its configuration could not be read."""
        return dict(self.unread).get(component)


def _of_pods(host: Host, component: str) -> Iterator[ComponentPort]:
    for path in _manifests(component):
        source = text_or_none(host, path)
        if source is not None:
            yield from of_manifest(source, path, component)
            return


def _manifests(component: str) -> tuple[str, ...]:
    """Where kubeadm, RKE2 and kOps (``.manifest``) put the static pod of a component."""
    return tuple([f"{folder}/{component}{suffix}" for folder in STATIC_PODS for suffix in (".yaml", ".manifest")])


def of_manifest(source: str, path: str, component: str) -> Iterator[ComponentPort]:
    """The ports of a static pod's manifest.

    >>> text = "spec:\\n  containers:\\n  - command: [kube-apiserver, --secure-port=8443]\\n"
    >>> [(item.usual, item.number, item.line) for item in of_manifest(text, "x", "kube-apiserver")]
    [(6443, 8443, 3)]
    """
    for words in _commands(source, path, component):
        yield from _of_words(component, words)


def flags_of_manifest(source: str, path: str, component: str, names: Iterable[str]) -> dict[str, str]:
    """The values of those flags that a static pod's manifest gives a component; of one given twice the last."""
    commands = [*_commands(source, path, component)]
    return {name: word.text for name in names for words in commands for word in _values(words, name)}


def _commands(source: str, path: str, component: str) -> Iterator[Sequence[Word]]:
    """The words of the containers of a manifest that start a component."""
    for tree in documents_in(source, path):
        spec = tree.get("spec")
        containers = spec.value.get("containers") if spec is not None and hasattr(spec.value, "get") else None
        for container in containers.value if containers is not None and isinstance(containers.value, tuple) else ():
            words = words_of(container, path)
            if any(word.text.rpartition("/")[2] == component for word in words[:MOST_WORDS_BEFORE]):
                yield words


def _of_words(component: str, words: Sequence[Word]) -> Iterator[ComponentPort]:
    for name, usual, flag in _FLAGS:
        values = [value for value in _values(words, flag) if name == component]
        number = _port_of(values[-1].text, usual) if values else None
        if number is not None:
            word = values[-1]
            yield ComponentPort(component, usual, number, word.path, word.line, f"--{flag}={word.text}")


def _values(words: Sequence[Word], flag: str) -> Iterator[Word]:
    """The values of a flag, in the same word or in the next."""
    for place, word in enumerate(words):
        name, equals, value = word.text.lstrip("-").partition("=")
        if name == flag and word.text.startswith("-"):
            following = words[place + 1 : place + 2]
            if equals or following:
                yield word._replace(text=value if equals else following[0].text)


def _port_of(value: str, usual: int) -> int | None:
    """The port in a number, an address or a list of URLs: the usual one where it is among them, else the first.

    >>> _port_of("6444", 6443), _port_of("https://127.0.0.1:2379,https://[::1]:2377", 2379), _port_of("0.0.0.0:0", 1)
    (6444, 2379, 0)
    """
    found = [int(number) for number in re.findall(r"(?:^|:)([0-9]{1,5})(?=$|,|/)", value)]
    return None if not found else usual if usual in found else found[0]


def _of_kubelet(config: KubeletConfig) -> Iterator[ComponentPort]:
    setting = config.setting("port") if config.present else None
    if setting is not None and isinstance(setting.value, int) and setting.origin != "default":
        yield ComponentPort(*KUBELET, setting.value, setting.source, setting.line, setting.text)


def _of_proxy(host: Host) -> Iterator[ComponentPort]:
    for path in PROXY_CONFIGS:
        source = text_or_none(host, path)
        for tree in documents_in(source, path) if source is not None and "KubeProxyConfiguration" in source else ():
            kind, node = tree.get("kind"), tree.get("healthzBindAddress")
            if (
                kind is None
                or kind.value != "KubeProxyConfiguration"
                or node is None
                or not isinstance(node.value, str)
            ):
                continue
            number = _port_of(node.value, PROXY[1])
            if number is not None:
                yield ComponentPort(*PROXY, number, path, node.line or None, f"healthzBindAddress: {node.value}")
                return
