"""docker's privileged container on a real node: what the boot view says of it, and what is so after its restart.

The reference installation runs its nodes so. The container's tree is Debian with systemd, made beside the node's image.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.container import plants
from tests.container.machine import Machine as Container
from tests.container.test_restarts import PROFILE, SEED, after_restarts
from tests.vm.image import RELEASES, archives
from tests.vm.machine import Machine, overlay
from tests.vm.node import MAIN
from tests.vm.payload import HOME

PACKAGES = "systemd systemd-sysv dbus nftables procps iproute2 kmod chrony python3 python3-psutil"
IMPORT = "head -c {size} /dev/vdb | docker import - node:1 >/dev/null"
RUN = f"docker run -d --privileged --name {{name}} --tmpfs /run --tmpfs /run/lock -v {HOME}:{HOME}:ro node:1 {{first}}"
BOOT_S = 300


def tree(cache: Path, release: str = RELEASES[0]) -> Path:
    """An archive of the container's tree, made once."""
    made = cache / f"{release}-container.tar"
    if not made.exists():
        part = made.with_suffix(".part.tar")
        quiet = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("man", "doc", "locale")]
        command = ["mmdebstrap", "--mode=root", "--variant=minbase", "--aptopt=Apt::Install-Recommends false", *quiet]
        include = f"--include={','.join(PACKAGES.split())}"
        subprocess.run([*command, include, release, str(part), *archives(release)], check=True)
        part.rename(made)
    return made


class Docker(Container):
    """A container of the node's docker, whose files are changed while it runs, and restarted by ``docker restart``."""

    def __init__(self, machine: Machine, name: str) -> None:
        self.machine, self.name = machine, name

    def start(self, *first: str) -> None:
        """Run it for the first time."""
        self.machine.sh(RUN.format(name=self.name, first=shlex.join(first)), 600)
        self._settle(first)

    def _settle(self, first: tuple[str, ...] = ("/usr/sbin/init",)) -> None:
        if not first[0].endswith("init"):
            return
        end, state = time.monotonic() + BOOT_S, ""
        while state not in ("running", "degraded"):  # there is no bus to wait at when docker has started the process
            assert time.monotonic() < end, f"the container's boot does not end: {state}"
            time.sleep(2)
            state = self.inside("systemctl", "is-system-running").strip()

    def _at(self, script: str) -> None:
        # Inside: from outside rm would take away the file that docker mounts over /etc/hostname, and with it the mount.
        self.machine.sh(f"docker exec -w / {self.name} sh -c {shlex.quote(script)}")

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        place = shlex.quote(path.lstrip("/"))
        self._at(f'mkdir -p "$(dirname {place})" && printf %s {shlex.quote(text)} >{place} && chmod {mode:o} {place}')

    def delete(self, path: str) -> None:
        place = shlex.quote(path.lstrip("/"))
        self._at(f"rm -f {place} 2>/dev/null || : >{place}")

    def link(self, path: str, target: str) -> None:
        place = shlex.quote(path.lstrip("/"))
        self._at(f'mkdir -p "$(dirname {place})" && ln -s {shlex.quote(target)} {place}')

    def inside(self, *argv: str) -> str:
        return self.machine.run(f"docker exec {self.name} {shlex.join(argv)}")[1]

    def judge(self, *words: str) -> dict[str, Any]:
        command = ("python3", "-c", MAIN, "run", "--json", "--timeout", "300", *words)
        code, out, err = self.machine.run(f"docker exec -e PYTHONPATH={HOME} -w / {self.name} {shlex.join(command)}")
        assert out, (code, err)
        found: dict[str, Any] = json.loads(out)
        return found

    def restart(self) -> None:
        self.machine.sh(f"docker restart -t 60 {self.name}", 600)
        self._settle()


def in_docker(disk: Path, boot: Path, work: Path, rounds: int) -> tuple[list[str], list[str]]:
    """What was seen, and what was wrong: plants and restarts, a container as it comes, and one without an init."""
    archive = tree(work)
    with tempfile.TemporaryDirectory(prefix="docker.", dir=work) as folder:
        mine = Path(folder) / "disk.qcow2"
        overlay(disk, mine)
        with Machine(mine, boot, second_disk=archive) as machine:
            machine.settle()
            machine.sh("systemctl start docker", 300)
            machine.sh(IMPORT.format(size=archive.stat().st_size), 1800)
            lines, wrong = _booted(Docker(machine, "n1"), rounds)
            more, others = _alone(Docker(machine, "n2"))
    return [*lines, *more], [*wrong, *others]


def _booted(container: Docker, rounds: int) -> tuple[list[str], list[str]]:
    container.start("/usr/sbin/init")
    container.write("/srv/profile.toml", PROFILE)
    container.write("/etc/hostname", "node1\n")
    whole = container.judge()
    unknown = [item["id"] for item in whole["results"] if item["status"] == "unknown"]
    lines = [f"as it comes: {whole['node']['container']}, unknown: {', '.join(unknown) or 'none'}"]
    wrong = [f"{name} is unknown" for name in unknown if name.endswith("@boot")]
    if whole["node"]["container"] != "docker":
        wrong.append("it is not known as docker's")
    found, judged = after_restarts(container, rounds)
    lines.append(f"{rounds} restarts (seed {SEED}): {judged} verdicts, {len(found)} wrong or unknown")
    return lines, [*wrong, *found]


def _alone(container: Docker) -> tuple[list[str], list[str]]:
    container.start("sleep", "100000")
    container.write(plants.UNIT, plants.SLEEPS)
    container.link(plants.WANTS, plants.UNIT)
    container.write("/srv/profile.toml", PROFILE)
    said = {item["id"]: item for item in container.judge("--profile", "/srv/profile.toml")["results"]}
    unknown = [name for name, item in said.items() if item["status"] == "unknown" and name.endswith("@boot")]
    service = said["service[plant]@boot"]
    wrong = [f"without an init {name} is unknown" for name in unknown]
    if service["status"] != "fail":
        wrong.append(f"without an init: {service['status']}, {service['message']}")
    return [f"without an init: service[plant]@boot {service['status']}, unknown at boot: {len(unknown)}"], wrong
