"""Which CNI configurations a real containerd loads, beside what cni-config makes of them.

``NODECHECK_CONTAINERD`` names the programs, as for ``test_real_containerd``. Without one, and without root, it skips.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nodecheck.facts import CniNetworks, CniPlaces
from nodecheck.facts.cluster.cni_places import CONTAINERD
from nodecheck.host.root import RootHost
from nodecheck_checks.runtime.cni_files import chosen
from tests.checks.runtime.test_cni_config import CALICO, CILIUM, CRIO_BRIDGE, FLANNEL, LOOPBACK, MULTUS, PODMAN
from tests.checks.runtime.test_real_containerd import PROGRAMS

COUNT = int(os.environ.get("NODECHECK_CNI_FILES", "60"))
LISTS = (FLANNEL, CALICO, CILIUM, PODMAN, CRIO_BRIDGE)
ALONE = (LOOPBACK, MULTUS, '{"name": "x", "type": "bridge", "cniVersion": "1.0.0"}')
WORDS = ("5", "null", "true", '"word"', '""', "[]", "{}", '["a"]', '[{"type": "bridge"}]')
NAMES = ("10-a.conflist", "10-a.conf", "10-a.json", "10-a.txt", "10-a.CONF")


def trees() -> Iterator[dict[str, str]]:
    """Directories as people have them, then with something changed."""
    yield {}
    yield {"README": "x"}
    for text in (*LISTS, *ALONE, "", "x", "{}", "[]", "null", "# x\n" + FLANNEL, FLANNEL + "x", "\ufeff" + FLANNEL):
        for name in NAMES[:2]:
            yield {name: text, "20-b.conflist": FLANNEL}
    dice = random.Random(11)
    while True:
        text = dice.choice((*LISTS, *ALONE))
        for _ in range(dice.choice((1, 1, 2))):
            places = [found.span() for found in re.finditer(r'"[^"]*"(?!\s*:)|\b(?:true|false|\d+)\b', text)]
            keys = [found.span() for found in re.finditer(r'"[^"]*"(?=\s*:)', text)]
            start, end = dice.choice(dice.choice((places, keys)) if places else keys)
            text = text[:start] + (dice.choice(WORDS) if (start, end) in places else '"other"') + text[end:]
        found = {dice.choice(NAMES): text}
        if dice.random() < 0.5:
            found["20-b.conflist"] = FLANNEL
        yield found


def loads(program: str, scratch: Path, config: Path) -> bool:
    """Whether the CRI plugin has a network; at most 8 seconds."""
    log = scratch / "log"
    argv = [program, "--config", str(config), "--root", str(scratch / "r"), "--state", str(scratch / "s")]
    with log.open("wb") as output:
        process = subprocess.Popen([*argv, "--address", str(scratch / "a")], stdout=output, stderr=output, cwd=scratch)
    try:
        end = time.monotonic() + 8
        while time.monotonic() < end and process.poll() is None and b"successfully booted" not in log.read_bytes():
            time.sleep(0.02)
    finally:
        process.terminate()
        process.wait(timeout=10)
    told = log.read_text(errors="replace")
    assert "start cri plugin with config" in told.lower() or "starting cri plugin" in told, told[-2000:]
    return "failed to load cni during init" not in told


@pytest.mark.skipif(not PROGRAMS or os.geteuid() != 0, reason="no containerd here, or no root to run it")
@pytest.mark.parametrize("most", [0, 1, 2])
@pytest.mark.parametrize("program", PROGRAMS)
def test_what_is_loaded(program: str, most: int, tmp_path: Path) -> None:
    wrong, kinds = [], set()
    for number, files in zip(range(COUNT), trees()):
        scratch = tmp_path / str(number)
        folder = scratch / "net"
        folder.mkdir(parents=True)
        for name, text in files.items():
            (folder / name).write_text(text)
        config = scratch / "config.toml"
        config.write_text(
            f'version = 2\n[plugins."io.containerd.grpc.v1.cri".cni]\nconf_dir = "{folder}"\nmax_conf_num = {most}\n'
        )
        places = CniPlaces(CONTAINERD, "/net", most=most)
        choice = chosen(CniNetworks.read(RootHost(str(scratch)), places))
        real, ours = loads(program, scratch, config), bool(choice.loaded) and choice.broken is None
        kinds.add((real, ours))
        if real != ours:
            wrong.append(f"{number}: containerd {'loads' if real else 'loads nothing of'} {files}: {choice}")
    assert wrong == [], "\n".join(wrong)
    assert kinds == {(True, True), (False, False)}
