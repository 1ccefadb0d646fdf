"""zram-generator's configuration. The cases were run through zram-generator 1.1.2."""

from __future__ import annotations

import pytest

from nodecheck.facts.swap.zram import ZramGenerator
from nodecheck.host import RootHost

CONFIG = "etc/systemd/zram-generator.conf"


def swaps(text: str, tmp_path_factory: pytest.TempPathFactory) -> list[str] | None:
    """The devices that become swap; None where the file is refused."""
    root = tmp_path_factory.mktemp("root")
    path = root / CONFIG
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    (root / "proc").mkdir()
    (root / "proc/meminfo").write_text("MemTotal: 8013220 kB\n")
    found = ZramGenerator.read(RootHost(str(root)))
    return None if found.refused else [device.name for device in found.devices if found.enabled(device)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[zram0]", ["zram0"]),
        ("[ zram0 ]", ["zram0"]),
        ("\ufeff[zram0]\r\n", ["zram0"]),
        (";c\n#d\n  [zram0]\n", ["zram0"]),
        ("[zram1]\n[zram0]\n", ["zram0", "zram1"]),
        ("[zram0]\nzram-size = 0\n[zram0]\nzram-size = 5\n", ["zram0"]),
        ("[zram0]\nzram-size: 0", []),
        ("[zram0]\nzram-size=00", []),
        ("[zram0]\nzram-size=0.5", ["zram0"]),
        ("[zram0]\nzram-size=0.0000001", []),
        ("[zram0]\ngarbage\nzram-size=0", ["zram0"]),
        ("[zram0]\nhost-memory-limit=100", []),
        ("[zram0]\nhost-memory-limit=100000", ["zram0"]),
        ("[zram0]\nhost-memory-limit=none", ["zram0"]),
        ('[zram0]\nfs-type = "swap"', ["zram0"]),
        ("[zram0]\nfs-type=\n", []),
        ("[zram0]\nmount-point=/x", []),
        ("[zram0]\nmax-zram-size=0", []),
        ("[zram0]\nmax-zram-size=none", ["zram0"]),
        ("[zram0]\nzram-fraction=0\nzram-size=100", []),
        ("[zram]\n[zram-size]\n[other]\n", []),
        ("garbage\n[zram0]\n", None),
        ("[zram0]\ngarbage\n", None),
        ("[zram0", None),
        ("[zram0] # x", None),
        ("[zram0]\nzram-size = 0 # off", None),
        ("[zram0]\nzram-size = none", None),
        ("[zram0]\nzram-size =", None),
        ("[zram0]\nhost-memory-limit=1 # x", None),
        ("[zram0]\nmount-point=x", None),
        ("=x\n[zram0]", None),
        ('[zram0]\nfoo="bar', None),
    ],
)
def test_as_zram_generator_reads_it(
    text: str, expected: list[str] | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert swaps(text, tmp_path_factory) == expected
