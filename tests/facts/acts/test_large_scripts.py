"""Scripts that are larger than what is read of one: a package's programs in other languages are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck.facts.acts.follow import MOST_SCRIPT_BYTES
from nodecheck.host.base import MIB
from nodecheck.testing import TreeFile, TreeLink
from tests.facts.acts.test_acts_commands import USR, enabled, node, status, unit

LARGE = "x = 1  # modprobe\n" * (MOST_SCRIPT_BYTES // 10) + 'os.system("swapon /s")\n'


@pytest.mark.parametrize(
    ("path", "first", "expected"),
    [
        ("/usr/bin/firewall-cmd", "#!/usr/bin/python3", "pass"),
        ("/usr/sbin/ufw", "#! /usr/bin/env perl", "pass"),
        ("/usr/bin/prepare", "#!/bin/sh", "unknown"),
        ("/usr/local/bin/prepare", "#!/usr/bin/python3", "unknown"),
        ("/usr/local/bin/prepare", "#!/bin/sh", "unknown"),
    ],
)
def test_a_large_script(tmp_path: Path, path: str, first: str, expected: str) -> None:
    entries: dict[str, str | TreeFile | TreeLink] = {
        f"{USR}/z.service": unit("ExecStart=/bin/sh", f"ExecStartPost={path} --state"),
        **enabled("z.service", USR),
        path: TreeFile(f"{first}\n{LARGE}", mode=0o755),
        "/usr/bin/python3": TreeFile("\x7fELF", mode=0o755),
    }

    assert status(node(tmp_path, entries), "swap") == expected


def test_a_program_in_one_file_is_no_script(tmp_path: Path) -> None:
    packed = "#!/usr/bin/env python3\n" + "PK\x03\x04 swapon" * MIB
    entries: dict[str, str | TreeFile | TreeLink] = {
        f"{USR}/z.service": unit("ExecStart=/opt/nodecheck.pyz audit"),
        **enabled("z.service", USR),
        "/opt/nodecheck.pyz": TreeFile(packed[: MIB + 2], mode=0o755),
    }

    assert status(node(tmp_path, entries), "swap") == "pass"
