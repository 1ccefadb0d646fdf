"""Runs the real systemd-sysctl and procps' sysctl on made-up directories, in a mount namespace of their own.

As a program it reads cases from standard input and prints, for each, what was written to which key.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import Any

PROGRAMS = ("/usr/lib/systemd/systemd-sysctl", "/lib/systemd/systemd-sysctl")
FOLDERS = ("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d")
KEYS = (
    "net/ipv4/ip_forward",
    *(
        f"net/ipv4/conf/{interface}/{name}"
        for interface in ("all", "default", "lo", "eth0", "eth1.200")
        for name in ("rp_filter", "forwarding", "send_redirects")
    ),
    "net/bridge/bridge-nf-call-iptables",
    "net/bridge/bridge-nf-call-ip6tables",
    "vm/swappiness",
    "vm/overcommit_memory",
    "kernel/panic",
    "kernel/panic_on_oops",
)


def systemd_sysctl() -> str | None:
    """The installed systemd-sysctl."""
    return next((program for program in PROGRAMS if os.access(program, os.X_OK)), None)


def unusable() -> str | None:
    """Why the real programs cannot be run here; None where they can."""
    if systemd_sysctl() is None:
        return "systemd-sysctl is not installed"
    if shutil.which("unshare") is None:
        return "unshare is not installed"
    tried = subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/run"], capture_output=True, check=False)
    return None if tried.returncode == 0 else "mount namespaces are not permitted here"


def run_cases(cases: list[dict[str, Any]], program: list[str]) -> list[dict[str, str]]:
    """What ``program`` writes for each case: key to text. A case holds ``files`` and ``links``, by path."""
    done = subprocess.run(
        ["unshare", "-m", sys.executable, __file__],
        input=json.dumps({"cases": cases, "program": program}),
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[dict[str, str]] = json.loads(done.stdout)
    return found


def _mount() -> None:
    for folder in ("/etc", "/run", "/usr/local/lib", "/usr/lib/sysctl.d", "/proc/sys"):
        subprocess.run(["/bin/mount", "-t", "tmpfs", "none", folder], check=True)


def _run(case: dict[str, Any], program: list[str]) -> dict[str, str]:
    for folder in FOLDERS:
        if folder != "/usr/lib/sysctl.d":
            shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder, exist_ok=True)
        for name in os.listdir(folder):
            os.unlink(f"{folder}/{name}")
    if os.path.lexists("/etc/sysctl.conf"):
        os.unlink("/etc/sysctl.conf")
    for path, content in case["files"].items():
        with open(path, "wb") as file:
            file.write(content.encode("utf-8", "surrogateescape"))
    for path, target in case["links"].items():
        os.symlink(target, path)
    for key in KEYS:
        os.makedirs(f"/proc/sys/{os.path.dirname(key)}", exist_ok=True)
        with open(f"/proc/sys/{key}", "wb"):
            pass
    subprocess.run(program, capture_output=True, check=False)
    found = {}
    for key in KEYS:
        with open(f"/proc/sys/{key}", "rb") as file:
            content = file.read()
        if content:
            found[key] = content.split(b"\n")[0].decode("utf-8", "surrogateescape")
    return found


def main() -> None:
    """Run the cases of standard input."""
    asked = json.load(sys.stdin)
    _mount()
    json.dump([_run(case, asked["program"]) for case in asked["cases"]], sys.stdout)


if __name__ == "__main__":
    main()
