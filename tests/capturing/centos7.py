"""A CentOS 7.9 root out of public sources: ``python -m tests.capturing.centos7 SOURCES CORPUS ROOT``.

``SOURCES`` holds clones: ``systemd-rhel7`` (redhat-plumbers, branch rhel-7.9: the source of systemd 219-78),
``initscripts`` (fedora-sysv, branch rhel7-branch: 9.49), ``docker-ce-packaging`` (docker, tag v18.06.3-ce) and
``release`` (kubernetes, the commit of March 2020, when 1.17.4 came out). ``CORPUS`` is a directory with the
``/etc/*-release`` of a real CentOS 7. What the sources do not have is that of the reference installation: its steps,
the module lists, grub.cfg, and what the running node shows. No file of them is kept in this repository.
``NODECHECK_ROOTS`` names the directory in which ROOT lies (test_real_roots.py).
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.reference import UNITS, reference_node, write

SYSTEMD, INITSCRIPTS, DOCKER = "rhel-7.9", "rhel7-branch", "v18.06.3-ce"
KUBERNETES = "a5d955b49115d03382586c29b589b13c5ecdc4cc"
TEMPLATES = "cmd/kubepkg/templates/latest/rpm"
PLACES = {
    "@rootlibexecdir@": "/usr/lib/systemd", "@rootbindir@": "/usr/bin", "@bindir@": "/usr/bin",
    "@sbindir@": "/usr/sbin",
    "@SYSTEMCTL@": "/usr/bin/systemctl", "@udevlibexecdir@": "/usr/lib/udev", "@QUOTAON@": "/usr/sbin/quotaon",
    "@QUOTACHECK@": "/usr/sbin/quotacheck", "@KEXEC@": "/usr/sbin/kexec", "@KILL@": "/usr/bin/kill",
    "@SULOGIN@": "/sbin/sulogin", "@MOUNT_PATH@": "/bin/mount", "@UMOUNT_PATH@": "/bin/umount",
    "@RC_LOCAL_SCRIPT_PATH_START@": "/etc/rc.d/rc.local", "@RC_LOCAL_SCRIPT_PATH_STOP@": "/usr/sbin/halt.local",
    "@UDEVBINDIR@": "/usr/bin", "@KMOD@": "/usr/bin/kmod", "@RANDOM_SEED@": "/var/lib/systemd/random-seed",
    "@DEBUGTTY@": "/dev/tty9", "@SUSHELL@": "/usr/sbin/sushell", "@SYSTEMD_NOTIFY@": "/usr/bin/systemd-notify",
    "@JOURNALCTL@": "/usr/bin/journalctl", "@rootsbindir@": "/usr/sbin", "@udevbindir@": "/usr/bin",
    "@rootprefix@": "/usr", "@systemgeneratordir@": "/usr/lib/systemd/system-generators",
}  # fmt: skip
"""configure's, as CentOS builds it."""
DEFINES = ("-P", "-DENABLE_NETWORKD=0", "-DFOR_SYSTEM=1")
FOLDERS = {"units": UNITS, "sysctl.d": "usr/lib/sysctl.d", "tmpfiles.d": "usr/lib/tmpfiles.d",
           "rules": "usr/lib/udev/rules.d", "system-preset": "usr/lib/systemd/system-preset"}  # fmt: skip
GENERATORS = (
    "cryptsetup",
    "debug",
    "fstab",
    "getty",
    "gpt-auto",
    "hibernate-resume",
    "rc-local",
    "system-update",
    "sysv",
)


class Repository:
    """A clone, at one revision."""

    def __init__(self, path: Path, revision: str) -> None:
        self.path, self.revision = path, revision

    def names(self, folder: str) -> list[str]:
        return self._git("ls-tree", "-r", "--name-only", self.revision, f"{folder}/").split("\n")[:-1]

    def text(self, path: str) -> str:
        return self._git("show", f"{self.revision}:{path}")

    def _git(self, *words: str) -> str:
        done = subprocess.run(["git", "-C", str(self.path), *words], capture_output=True, check=True)
        return done.stdout.decode()


def centos7(sources: Path, corpus: Path, root: Path) -> None:
    """Lay the root."""
    reference_node(root)
    for release in corpus.iterdir():
        write(root, f"etc/{release.name}", release.read_text())
    for path, text, mode in files(sources):
        place = root / path
        if place.is_symlink():
            place.unlink()
        write(root, path, text)
        place.chmod(mode)
    for path, target in links(Repository(sources / "systemd-rhel7", SYSTEMD)):
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.is_symlink():
            place.symlink_to(target)
    for name in GENERATORS:
        write(root, f"usr/lib/systemd/system-generators/systemd-{name}-generator", "")
        (root / f"usr/lib/systemd/system-generators/systemd-{name}-generator").chmod(0o755)


def files(sources: Path) -> Iterator[tuple[str, str, int]]:
    """Path, text and mode of what packages bring."""
    systemd = Repository(sources / "systemd-rhel7", SYSTEMD)
    for folder, place in FOLDERS.items():
        for path in systemd.names(folder):
            name = path.removeprefix(f"{folder}/")
            if "/" not in name and name not in ("Makefile", ".gitignore"):
                yield (
                    f"{place}/{re.sub('([.]m4)?([.]in)?$', '', name)}",
                    built(systemd.text(path), ".m4" in name),
                    0o644,
                )
    scripts = Repository(sources / "initscripts", INITSCRIPTS)
    for folder, place in {"systemd": "usr/lib/systemd", "rc.d": "etc/rc.d", "sysconfig": "etc/sysconfig"}.items():
        for path in scripts.names(folder):
            executable = path.startswith(("systemd/rhel-", "rc.d/init.d/net"))
            yield f"{place}/{path.removeprefix(f'{folder}/')}", scripts.text(path), 0o755 if executable else 0o644
    yield "etc/sysctl.conf", scripts.text("sysctl.conf.README"), 0o644
    yield "usr/lib/sysctl.d/00-system.conf", scripts.text("sysctl.conf"), 0o644
    docker = Repository(sources / "docker-ce-packaging", DOCKER)
    yield f"{UNITS}/docker.service", docker.text("deb/systemd/docker.service"), 0o644
    kubernetes = Repository(sources / "release", KUBERNETES)
    yield f"{UNITS}/kubelet.service", kubernetes.text(f"{TEMPLATES}/kubelet/kubelet.service"), 0o644
    yield f"{UNITS}/kubelet.service.d/10-kubeadm.conf", kubernetes.text(f"{TEMPLATES}/kubeadm/10-kubeadm.conf"), 0o644


def built(text: str, by_m4: bool) -> str:
    """What the build makes of a template."""
    for word, value in PLACES.items():
        text = text.replace(word, value)
    if by_m4:
        text = subprocess.run(["m4", *DEFINES], input=text.encode(), capture_output=True, check=True).stdout.decode()
    return text


def links(systemd: Repository) -> Iterator[tuple[str, str]]:
    """The ``.wants`` and the aliases that ``make install`` makes."""
    for target, names in re.findall(
        r"^([A-Z0-9_]+)_TARGET_WANTS \+= \\\n((?:\t.*\\\n)*\t.*)$", systemd.text("Makefile.am"), re.M
    ):
        for name in names.replace("\\", "").split():
            yield f"{UNITS}/{target.lower().replace('_', '-')}.target.wants/{name}", f"../{name}"
    for number, name in enumerate(
        ("poweroff", "rescue", "multi-user", "multi-user", "multi-user", "graphical", "reboot")
    ):
        yield f"{UNITS}/runlevel{number}.target", f"{name}.target"
    yield f"{UNITS}/default.target", "graphical.target"
    yield f"{UNITS}/dbus-org.freedesktop.login1.service", "systemd-logind.service"


if __name__ == "__main__":
    centos7(*(Path(word) for word in sys.argv[1:4]))
