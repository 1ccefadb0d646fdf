"""Any setting of the kubelet: what it comes to, and where that stands."""

from __future__ import annotations

from collections.abc import Mapping

from nodecheck.facts.kubelet.table import GATES, INT, SETTINGS, KnownSetting, Release, Value
from nodecheck.record import NamedTuple
from nodecheck.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from nodecheck.facts.kubelet.files import KubeletSources, Tree
    from nodecheck.facts.services.unit_command import Word
    from nodecheck.formats.tree import TreeNode

UNIT_FLAG = "unit"
"""A flag on the unit's command line."""
ENVIRONMENT_FLAG = "environment"
"""A flag in a file of arguments that the unit takes in, or that stands for one: ``kubeadm-flags.env``."""
FILE = "file"
"""The file of ``--config``."""
DROPIN = "drop-in"
"""A file of ``--config-dir``."""
DEFAULT = "default"


class EffectiveSetting(NamedTuple):
    """One setting as the kubelet computes it."""

    name: str
    value: Value
    """By the kind of the setting, durations in seconds; None: neither set nor with a default, or malformed."""
    origin: str
    """``unit``, ``environment``, ``file``, ``drop-in``, ``default``; ``""`` where the files as a whole are refused."""
    source: str = ""
    """The file that sets it; ``""`` for a default."""
    line: int | None = None
    """1-based."""
    text: str = ""
    """As written there: ``--max-pods=5``, ``maxPods: 5``."""
    problem: str | None = None
    """Why the kubelet would not start with it."""

    @property
    def path(self) -> str | None:
        """The path that it names; None for none.

        A relative one in the file of ``--config`` starts at that file's directory (``resolveRelativePaths`` in
        pkg/kubelet/kubeletconfig/configfiles), any other at the working directory of a service, ``/``.

        >>> EffectiveSetting("staticPodPath", "pods/", FILE, "/etc/k/config.yaml").path
        '/etc/k/pods'
        """
        if not isinstance(self.value, str) or not self.value:
            return None
        from posixpath import dirname, join, normpath

        found = normpath(join(dirname(self.source) if self.origin == FILE else "/", self.value))
        return found.replace("//", "/", 1) if found.startswith("//") else found


def effective_setting(sources: KubeletSources, name: str, release: Release | None = None) -> EffectiveSetting:
    """One of :data:`SETTINGS`, for a kubelet of a release (None: the newest). Raises KeyError for another name."""
    setting = SETTINGS[name]
    words = [word for flag, word in sources.flags.given if flag == setting.flag]
    try:
        node = _node(sources.tree, setting) if setting.in_files(release) else None
    except MalformedSetting as error:
        return _malformed(setting, sources, error.node, str(error))
    if words:
        found = _of_flags(setting, words, node)
    elif node is not None:
        found = _of_file(setting, sources, node, release)
    else:
        found = EffectiveSetting(name, _default(setting, sources.config, release), DEFAULT)
    if name == "evictionHard" and found.origin == FILE and found.problem is None:
        # loadConfigFile of cmd/kubelet/app/server.go: neither a flag nor a drop-in is merged so, nor asks for it
        asked = effective_setting(sources, "mergeDefaultEvictionSettings", release)
        if asked.value is True and asked.origin == FILE:
            found = found._replace(value=_merged(setting.default_in(release), found.value))
    return found


def default_setting(name: str, release: Release | None = None) -> EffectiveSetting:
    """The same of a kubelet that is given neither flags nor files."""
    return EffectiveSetting(name, _default(SETTINGS[name], None, release), DEFAULT)


class MalformedSetting(ValueError):
    """A value that the kubelet refuses: ``node`` is where it stands."""

    def __init__(self, detail: str, node: TreeNode) -> None:
        super().__init__(detail)
        self.node = node


def _node(tree: Tree, setting: KnownSetting) -> TreeNode | None:
    """Where a setting stands in the files; None where it does not."""
    node: TreeNode | None = None
    parts = setting.name.split(".")
    for place, part in enumerate(parts):
        if place and node is not None and not isinstance(node.value, Mapping):
            raise MalformedSetting(f"{parts[place - 1]} is not an object", node)
        node = (tree if node is None else node.value).get(part)
        if node is None or node.value is None or not node.path:
            return None
    return node


def _default(setting: KnownSetting, config: str | None, release: Release | None) -> Value:
    if config is None and setting.bare is not None:
        return setting.bare
    return setting.default_in(release)


def _merged(default: Value, value: Value) -> Value:
    """The pairs of a map over those of its default."""
    return tuple({**_pairs(default), **_pairs(value)}.items())


def _pairs(value: Value) -> dict[str, str]:
    return {pair[0]: pair[1] for pair in value} if isinstance(value, tuple) else {}


def _of_flags(setting: KnownSetting, words: list[Word], node: TreeNode | None) -> EffectiveSetting:
    """What the flags of a name come to: the last counts; those of lists and maps add up; gates go over the file's."""
    from nodecheck.facts.kubelet.values import ADDING, of_file, of_flags

    last = words[-1]
    origin = UNIT_FLAG if ".service" in last.path else ENVIRONMENT_FLAG
    counting = words if setting.kind in ADDING else words[-1:]
    text = " ".join([f"--{setting.flag}={word.text}" for word in counting])
    found = EffectiveSetting(setting.name, None, origin, last.path, last.line, text)
    try:
        value = of_flags(setting.kind, [word.text for word in counting])
        _check_width(setting, value)
        if setting.kind == GATES and node is not None:
            value = _merged(of_file(GATES, node.value), value)
    except ValueError as error:
        return found._replace(problem=f"invalid {text[:80]}: {error}")
    return found._replace(value=value)


def _check_width(setting: KnownSetting, value: Value) -> None:
    """Raise ValueError for a number that does not fit into pflag's Int32Var, or Int64Var."""
    from nodecheck.facts.kubelet.keys import ALL_KEYS, BITS_32

    key = ALL_KEYS.get(setting.name)
    most = 1 << (31 if key is not None and key.kind == BITS_32 else 63)
    if setting.kind == INT and isinstance(value, int) and not -most <= value < most:
        raise ValueError("a number that fits into the flag")


def _of_file(
    setting: KnownSetting, sources: KubeletSources, node: TreeNode, release: Release | None
) -> EffectiveSetting:
    from nodecheck.facts.kubelet.values import of_file

    try:
        value = of_file(setting.kind, node.value)
    except ValueError as error:
        return _malformed(setting, sources, node, f"says for {setting.name} what is not {error}")
    if setting.zero and not value:
        return EffectiveSetting(setting.name, _default(setting, sources.config, release), DEFAULT)
    return _placed(setting, sources, node)._replace(value=value)


def _malformed(setting: KnownSetting, sources: KubeletSources, node: TreeNode, why: str) -> EffectiveSetting:
    return _placed(setting, sources, node)._replace(problem=f"{node.path} {why}")


def _placed(setting: KnownSetting, sources: KubeletSources, node: TreeNode) -> EffectiveSetting:
    origin = FILE if node.path == sources.config else DROPIN
    text = f"{setting.name.rpartition('.')[2]}: {told_value(node.value)}"
    return EffectiveSetting(setting.name, None, origin, node.path, node.line or None, text)


def told_value(value: object) -> str:
    """A value in one line, as YAML's flow style writes it."""
    from nodecheck.formats.tree import Number

    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Number):
        return value.text
    if isinstance(value, Mapping):
        told = [f"{key}: {told_value(node.value)}" for key, node in value.items() if node.path]  # without defaults
        return "{" + ", ".join(told) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join([told_value(node.value) for node in value]) + "]"
    return str(value)
