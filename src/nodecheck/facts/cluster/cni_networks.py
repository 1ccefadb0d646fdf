"""The CNI configurations of a node as its runtime reads them, and the programs that they name (libcni ``ConfFiles``,
``ConfListFromFile``, ``ConfFromFile``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nodecheck.errors import Absent, FactError
from nodecheck.facts.cluster.cni_places import CniPlaces
from nodecheck.facts.cluster.signs import cni_of
from nodecheck.facts.runtimes.containerd_cni import BIN_DIR, CONF_DIR
from nodecheck.formats.tree import TreeNode, text_of
from nodecheck.host import Host
from nodecheck.host.base import stat_or_none
from nodecheck.model.sources import Dir, Each, Exists, Sources, Tree
from nodecheck.record import NamedTuple

SUFFIXES = (".conf", ".conflist", ".json")
LIST = ".conflist"
DEBIANS = "/usr/lib/cni"
"""Where Debian's packages put plugins, and let its containerd look for them."""
MOST_DEPTH = 4
"""Plugins within each other that are looked into."""


class CniFile(NamedTuple):
    """One configuration."""

    path: str
    cni: str | None = None
    """The short name of its CNI, as ``--cni`` has it: ``flannel``."""
    network: str = ""
    types: tuple[str, ...] = ()
    """Its plugins, in the order in which they are started."""
    needs: tuple[str, ...] = ()
    """Those, and the programs that they start in their turn."""
    problem: str | None = None
    """Why libcni does not take it."""
    line: int | None = None
    hidden: FactError | None = None
    """Why it could not be read."""


class CniProgram(NamedTuple):
    """A plugin's program: the first of its name in the directories of plugins."""

    path: str | None = None
    executable: bool = False
    """For root: anybody may execute it."""


class CniNetworks(NamedTuple):
    """What is in the places of the runtime."""

    places: CniPlaces = CniPlaces()
    there: bool = False
    """Whether the directory of configurations is there."""
    files: tuple[CniFile, ...] = ()
    """By name."""
    programs: Mapping[str, CniProgram] = {}
    """By the name of a plugin."""
    folders: tuple[tuple[str, int], ...] = ()
    """The directories of plugins that are there, each with the user id of its owner."""
    root_owner: int = 0
    """The user id of the owner of ``/``: of a copy of a node who unpacked it."""

    @classmethod
    def reads(cls) -> Sources:
        files = tuple([Tree("{}", f"*{suffix}") for suffix in SUFFIXES])
        return (
            *[Tree(CONF_DIR, f"*{suffix}") for suffix in SUFFIXES],
            *map(Dir, (BIN_DIR, DEBIANS)),
            Each(CniPlaces, "conf_dir", files),
            Each(CniPlaces, "bin_dirs", (Dir("{}"),)),
            Exists("/"),
        )

    @classmethod
    def read(cls, host: Host, places: CniPlaces) -> CniNetworks:
        """Read them. Raises what the host raises for a directory that is there and cannot be listed."""
        if places.runtime is None or places.problem is not None or places.off is not None:
            return cls(places)
        there, files = True, tuple[CniFile, ...]()
        try:
            files = tuple(_files(host, places.conf_dir))
        except Absent:
            there = False
        wanted = dict.fromkeys([name for file in files for name in file.needs])
        folders = [(path, found.uid) for path in places.bin_dirs if (found := stat_or_none(host, path)) is not None]
        programs = {name: _program(host, name, places.bin_dirs) for name in (*wanted, "loopback")}
        owner = stat_or_none(host, "/")
        return cls(places, there, files, programs, tuple(folders), 0 if owner is None else owner.uid)


def _files(host: Host, folder: str) -> Iterator[CniFile]:
    """The configurations in a directory, by name; what is itself a directory is none."""
    for name, target in host.links(folder):
        path = f"{folder}/{name}"
        if not name.endswith(SUFFIXES):
            continue
        try:
            if target is None and host.stat(path).kind == "dir":
                continue
            yield parse_cni(host.read(path), path)
        except Absent:
            yield CniFile(path, problem="its link leads nowhere")
        except FactError as error:
            yield CniFile(path, hidden=error)


def _program(host: Host, name: str, folders: tuple[str, ...]) -> CniProgram:
    """The first regular file of that name (libcni ``FindInPath``)."""
    for folder in folders if "/" not in name else ():
        found = stat_or_none(host, f"{folder}/{name}")
        if found is not None and found.kind == "file":
            return CniProgram(f"{folder}/{name}", found.executable)
    return CniProgram()


def parse_cni(raw: bytes, path: str) -> CniFile:
    """A configuration: a list where its name ends in ``.conflist``, else one plugin.

    >>> file = parse_cni(b'{"name": "cbr0", "plugins": [{"type": "flannel"}]}', "/etc/cni/net.d/10-flannel.conflist")
    >>> file.cni, file.needs
    ('flannel', ('flannel', 'bridge', 'host-local'))
    >>> parse_cni(b'{"name": "cbr0", "plugins": [{"type": "flannel"}]}', "/etc/cni/net.d/10-flannel.conf").problem
    "it has no 'type': what has 'plugins' is to be called .conflist"
    """
    from nodecheck.formats.structured import load_json
    from nodecheck.formats.tree import Malformation

    try:
        tree = load_json(raw, path).root.value
    except Malformation as error:
        return CniFile(path, problem=f"it {error.detail}", line=error.line)
    if not isinstance(tree, dict):
        return CniFile(path, problem="it is no JSON object")
    is_list = path.endswith(LIST)
    plugins: list[Mapping[str, TreeNode]] = _plugins(tree) if is_list else [tree]
    problem = (_of_list(tree, plugins) if is_list else None) or _of_plugins(tree, plugins, is_list)
    if problem is not None:
        return CniFile(path, problem=problem)
    types = tuple([text_of(one, "type") for one in plugins])
    needs = tuple(dict.fromkeys([name for one in plugins for name in _needs(one)]))
    return CniFile(path, cni_of(raw), text_of(tree, "name"), types, needs)


def _plugins(tree: Mapping[str, TreeNode]) -> list[Mapping[str, TreeNode]]:
    value = tree["plugins"].value if "plugins" in tree else None
    return [item.value for item in value if isinstance(item.value, dict)] if isinstance(value, tuple) else []


def _of_list(tree: Mapping[str, TreeNode], plugins: list[Mapping[str, TreeNode]]) -> str | None:
    """What libcni refuses of a list."""
    if not text_of(tree, "name"):
        return "it has no 'name'"
    value = tree["plugins"].value if "plugins" in tree else None
    if not isinstance(value, tuple) or not value:
        return "it has no list 'plugins' with a plugin in it"
    return None if len(plugins) == len(value) else "one of its 'plugins' is no JSON object"


def _of_plugins(tree: Mapping[str, TreeNode], plugins: list[Mapping[str, TreeNode]], is_list: bool) -> str | None:
    version = tree.get("cniVersion")
    if version is not None and not isinstance(version.value, str):
        return "its 'cniVersion' is no string"
    types = [text_of(one, "type") for one in plugins]
    if not all(types):
        hint = "" if is_list or "plugins" not in tree else ": what has 'plugins' is to be called .conflist"
        return f"it has no 'type'{hint}" if not is_list else "one of its plugins has no 'type'"
    slashed = next((name for name in types if "/" in name), None)
    return None if slashed is None else f"the plugin {slashed!r} has a slash in its name"


def _needs(plugin: Mapping[str, TreeNode], depth: int = 0) -> Iterator[str]:
    """The programs that a plugin starts: its own, that of its addresses, and those that it hands on to.

    flannel hands on to ``bridge`` with ``host-local`` where ``delegate`` says nothing else (flannel's cni-plugin);
    multus to its ``delegates``.
    """
    kind = text_of(plugin, "type")
    yield kind
    delegate = plugin["delegate"].value if "delegate" in plugin else None
    if kind == "flannel":
        inner = delegate if isinstance(delegate, dict) else {}
        yield text_of(inner, "type") or "bridge"
        yield _ipam(inner) or "host-local"
    elif _ipam(plugin):
        yield _ipam(plugin)
    delegates = plugin["delegates"].value if "delegates" in plugin and depth < MOST_DEPTH else None
    for item in delegates if isinstance(delegates, tuple) else ():
        if isinstance(item.value, dict):
            for one in _plugins(item.value) or [item.value]:
                yield from [name for name in _needs(one, depth + 1) if name]


def _ipam(plugin: Mapping[str, TreeNode]) -> str:
    node = plugin.get("ipam")
    return text_of(node.value, "type") if node is not None and isinstance(node.value, dict) else ""
