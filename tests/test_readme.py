"""The README's report is one that nodecheck gives: of this tree."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nodecheck
from nodecheck.render.style import Style
from nodecheck.render.text import render_text
from nodecheck.report import Source

ROOT = Path(__file__).resolve().parents[1]

NODE7: dict[str, str | bytes] = {
    "/etc/hostname": "node7\n",
    "/etc/os-release": 'PRETTY_NAME="Ubuntu 24.04.3 LTS"\nID=ubuntu\nVERSION_ID="24.04"\n',
    "/etc/fstab": "UUID=6f3c / ext4 defaults 0 1\n/swap.img none swap sw 0 0\n",
}

SELECT = ["os-release", "hostname", "swap"]


def test_the_report_is_what_nodecheck_prints(tree: Callable[[dict[str, str | bytes]], Path]) -> None:
    report = nodecheck.run(root=tree(NODE7), role="worker", kubernetes="1.34", select=SELECT)
    report.run = report.run._replace(source=Source("root", "/mnt/node7"))

    style = Style(width=84, symbols=True, terminal=True, more="-v", again=("--root", "/mnt/node7"))
    text = render_text(report, style)

    assert f"```text\n{text}```\n" in (ROOT / "README.md").read_text()
