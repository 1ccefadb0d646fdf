"""The whole lines of the kubelet's files that a change of its cgroup driver would replace."""

from __future__ import annotations

from nodecheck.errors import FactError
from nodecheck.facts.files.lines import whole_line
from nodecheck.facts.kubelet.config import KubeletConfig
from nodecheck.host import Host
from nodecheck.record import NamedTuple


class KubeletDriverLine(NamedTuple):
    """Where the driver is set, or could be; None where no line of a file is the place."""

    driver: str | None = None
    """The line that sets it."""
    kind: str | None = None
    """The line ``kind: KubeletConfiguration`` of the kubelet's YAML file."""

    @classmethod
    def read(cls, host: Host, config: KubeletConfig) -> KubeletDriverLine:
        """Read the lines; a file that cannot be read has none."""
        setting = config.cgroup_driver
        driver = whole_line(host, setting.source, setting.line) if setting is not None else None
        return cls(driver, _kind(host, config.config) if config.config is not None else None)


def _kind(host: Host, path: str) -> str | None:
    try:
        lines = host.read(path).decode("utf-8", "surrogateescape").split("\n")
    except FactError:
        return None
    found = [line for line in lines if line.rstrip(" \t") == "kind: KubeletConfiguration"]
    return found[0] if len(found) == 1 else None
