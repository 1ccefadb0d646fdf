"""An actor that nodecheck does not know: its own program, started by its own generator, acts at each boot.

It turns swap on and a sysctl off. The node itself must show it: in the run after the boot, and in the audit after one
reboot.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nodecheck.record import NamedTuple
from tests.vm.node import Node, node

PROGRAM, GENERATOR = "/usr/local/sbin/site-boot", "/etc/systemd/system-generators/site-boot"
UNIT = "[Unit]\\nAfter=systemd-sysctl.service\\n[Service]\\nType=oneshot\\nExecStart=/usr/local/sbin/site-boot\\n"
SETTLED_S = 660
"""An audit holds a boot's predictions from ten minutes after it on."""

PERL = f"""#!/usr/bin/perl
if ($0 =~ /generators/) {{
    my $d = $ARGV[0];
    mkdir "$d/multi-user.target.wants";
    open(F, ">", "$d/site-boot.service"); print F "{UNIT}"; close F;
    symlink "../site-boot.service", "$d/multi-user.target.wants/site-boot.service";
}} else {{
    my $area = "/srv/area";  # syscall takes no literal
    syscall(167, $area, 0);
    open(F, ">", join("/", "", "proc", "sys", "net", "ipv4", "ip_forward")); print F "0"; close F;
}}
"""

C = f"""
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <unistd.h>
int main(int n, char **v) {{
    char p[512];
    if (strstr(v[0], "generators") && n > 1) {{
        snprintf(p, sizeof p, "%s/multi-user.target.wants", v[1]); mkdir(p, 0755);
        snprintf(p, sizeof p, "%s/site-boot.service", v[1]);
        FILE *f = fopen(p, "w"); if (!f) return 1; fputs("{UNIT}", f); fclose(f);
        snprintf(p, sizeof p, "%s/multi-user.target.wants/site-boot.service", v[1]);
        return symlink("../site-boot.service", p);
    }}
    int bad = swapon("/srv/area", 0), fd = open("/proc/sys/net/ipv4/ip_forward", O_WRONLY);
    return bad || write(fd, "0", 1) != 1;
}}
"""

PLANT = f"""
dd if=/dev/zero of=/srv/area bs=1M count=16 status=none && chmod 600 /srv/area && mkswap /srv/area >/dev/null
echo 'net.ipv4.ip_forward = 1' >/etc/sysctl.d/k8s.conf
mkdir -p /etc/systemd/system-generators
cp /run/actor {PROGRAM} && cp /run/actor {GENERATOR} && chmod 755 {PROGRAM} {GENERATOR}
"""
PROFILE = """
schema = "nodecheck.profile/1"
name = "witness"
[check.sysctl.require]
"net.ipv4.ip_forward" = "1"
"""
SELECT = "--select swap --select sysctl"
FORWARD = "sysctl[net.ipv4.ip_forward]"
BOOTS = ("swap@boot", f"{FORWARD}@boot")


class Seen(NamedTuple):
    """What came of one actor."""

    actor: str
    lines: tuple[str, ...]
    problems: tuple[str, ...]


def actors() -> Iterator[tuple[str, bytes]]:
    """The same actor in Perl, and in C where a compiler is here."""
    yield "Perl", PERL.encode()
    if shutil.which("gcc"):
        with tempfile.TemporaryDirectory() as folder:
            source, program = Path(folder) / "actor.c", Path(folder) / "actor"
            source.write_text(C)
            subprocess.run(["gcc", "-O1", "-static", "-o", str(program), str(source)], check=True)
            yield "C", program.read_bytes()


def caught(name: str, actor: bytes, disk: Path, boot: Path, work: Path) -> Seen:
    """Plant an actor, audit, reboot, and see what nodecheck says, at once and when the boot has settled."""
    lines, problems = list[str](), list[str]()

    def hold(what: str, found: dict[str, tuple[str, str | None]], wanted: dict[str, tuple[str, str | None]]) -> None:
        told = ", ".join(f"{id_} {status}{f' ({code})' if code else ''}" for id_, (status, code) in found.items())
        lines.append(f"{what}: {told}")
        problems.extend(f"{what}: {id_} is {found.get(id_)}" for id_ in wanted if found.get(id_) != wanted[id_])

    with tempfile.TemporaryDirectory(prefix="witness.", dir=work) as folder, node(disk, boot, Path(folder)) as one:
        machine = one.machine
        machine.push(actor, "/run/actor")
        one.plant([], PROFILE)
        machine.sh(PLANT)
        machine.sh("sysctl -q -w net.ipv4.ip_forward=1")
        hold("before the reboot", _audit(one), dict.fromkeys(BOOTS, ("pass", None)))
        machine.reboot()
        booted = time.monotonic()
        now = {"swap[/srv/area]": ("fail", None), FORWARD: ("fail", None)}
        unexplained = dict.fromkeys(BOOTS, ("unknown", "unexplained"))
        hold("the run after it", _verdicts(one.report(SELECT)), {**now, **unexplained})
        machine.sh("touch /etc/systemd/system /etc/sysctl.d/k8s.conf")
        hold("with files changed since", _verdicts(one.report(SELECT)), dict.fromkeys(BOOTS, ("pass", None)))
        time.sleep(max(0.0, SETTLED_S - (time.monotonic() - booted)))
        hold("the audit of the settled boot", _audit(one), dict.fromkeys(BOOTS, ("unknown", "broken-prediction")))
        lines += machine.run(f"{one.command} history --boot --state /srv/state")[1].rstrip().split("\n")
        machine.sh("echo '# another' >>/etc/fstab; echo '# another' >>/etc/sysctl.d/k8s.conf")
        hold("once its files changed", _audit(one), dict.fromkeys(BOOTS, ("pass", None)))
    return Seen(name, tuple(lines), tuple(problems))


def _audit(one: Node) -> dict[str, tuple[str, str | None]]:
    output = "/srv/audited.json"
    options = f"--state /srv/state --profile /srv/vm.toml --timeout 300 {SELECT} --output json={output}"
    done = one.machine.run(f"{one.command} audit {options}")
    try:
        return _verdicts(json.loads(one.machine.sh(f"cat {output}")))
    except ValueError:
        raise AssertionError(f"no report of the audit: {done}") from None


def _verdicts(report: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
    return {one["id"]: (one["status"], (one["cause"] or {}).get("code")) for one in report["results"]}
