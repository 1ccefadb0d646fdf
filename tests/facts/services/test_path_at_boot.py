"""What the next boot mounts where a path leads."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodecheck.checking.store import About, Facts
from nodecheck.errors import FactError
from nodecheck.facts.files.fstab import FSTAB
from nodecheck.facts.services.path_at_boot import CONTRARY, PathAtBoot, flags_of, without_flags
from nodecheck.testing import Entry, TreeDirectory, TreeLink, record, write_tree

UNITS = "/etc/systemd/system"
VENDOR = "/usr/lib/systemd/system"
CONTAINERD = "var-lib-containerd.mount"
PATH = "/var/lib/containerd"
SYSTEMD: dict[str, Entry] = {
    "/usr/lib/systemd/systemd": "",
    "/etc/os-release": "ID=debian\nVERSION_ID=12\n",
    f"{VENDOR}/local-fs.target": "[Unit]\n",
    f"{VENDOR}/sysinit.target": "[Unit]\nWants=local-fs.target\n",
    f"{VENDOR}/basic.target": "[Unit]\nRequires=sysinit.target\n",
    f"{VENDOR}/multi-user.target": "[Unit]\nRequires=basic.target\n",
    f"{VENDOR}/default.target": TreeLink("multi-user.target"),
    "/etc/passwd": "",
}

LOCAL_MOUNT = """\
[Unit]
Description=Local Directory (/local)
DefaultDependencies=no
Conflicts=umount.target
Before=local-fs.target umount.target
After=prepare-local-fs.service
Requires=prepare-local-fs.service

[Mount]
EnvironmentFile=/usr/share/bottlerocket/image-features.env
What=/dev/disk/by-partlabel/BOTTLEROCKET-DATA
Where=/local
Type=${DATA_PARTITION_FILESYSTEM}
# "noexec" omitted to allow containers and migrations to run
Options=defaults,nosuid,nodev,noatime,private

[Install]
WantedBy=preconfigured.target
"""
"""Bottlerocket's, as shipped."""


def unit(options: str = "", what: str = "/dev/sdb1", where: str = PATH) -> str:
    line = f"Options={options}\n" if options else ""
    return f"[Mount]\nWhat={what}\nWhere={where}\nType=xfs\n{line}\n[Install]\nRequiredBy=local-fs.target\n"


def enabled(name: str = CONTAINERD) -> dict[str, Entry]:
    return {f"{UNITS}/local-fs.target.requires/{name}": TreeLink(f"../{name}")}


def found(root: Path, files: dict[str, Entry], path: str = PATH, base: dict[str, Entry] = SYSTEMD) -> PathAtBoot:
    place: object = Facts(record(write_tree(root, {**base, **files}))).get(About(PathAtBoot, path))
    assert isinstance(place, PathAtBoot)
    return place


AUTOMOUNT: dict[str, Entry] = {
    f"{UNITS}/{CONTAINERD.replace('.mount', '.automount')}": f"[Automount]\nWhere={PATH}\n",
    **enabled(CONTAINERD.replace(".mount", ".automount")),
}


@pytest.mark.parametrize(
    ("lines", "flags"),
    [
        ("", ()),
        ("/dev/sdb1 / ext4 defaults 0 1\n", ()),
        ("/dev/sdb1 / ext4 ro 0 1\n", ("ro",)),
        ("/dev/sdb1 / ext4 ro 0 1\n/dev/sdc1 /var xfs defaults 0 0\n", ()),
        ("/dev/sdb1 /var ext4 defaults,nosuid,nodev 0 2\n", ("nodev", "nosuid")),
        ("/dev/sdb1 /var/ ext4 noexec 0 2\n", ("noexec",)),
        ("/dev/sdb1 /var/lib/containerd-old ext4 noexec 0 2\n", ()),
        ("/dev/sdb1 /var ext4 noexec,noauto 0 2\n", ()),
        ("/dev/sdb1 /var ext4 noexec,noauto,x-systemd.automount 0 2\n", ("noexec",)),
        ("/dev/sdb1 /var ext4 noexec,noauto,x-systemd.wanted-by=multi-user.target 0 2\n", ("noexec",)),
        ("/dev/sdb1 /var ext4 noexec,noauto,x-systemd.required-by=absent.service 0 2\n", ()),
        ("/dev/sdb1 /var ext4 noexec\r\n", ("noexec",)),
        ("/dev/sdb1 /var ext4 noexec 0 2\n/dev/sdc1 /var ext4 defaults 0 2\n", ("noexec",)),
        ("/dev/sdb1 none swap noexec 0 2\n", ()),
        ("/dev/sdb1 /data xfs noexec 0 2\n/data/c /var/lib/containerd none bind 0 0\n", ("noexec",)),
        ("/dev/sdb1 /data xfs noexec 0 2\n/data/c /var/lib/containerd none rbind,exec 0 0\n", ("noexec",)),
        ("/dev/sdb1 /data xfs noexec 0 2\n/data/c /var/lib/containerd none bind,nosuid 0 0\n", ("nosuid",)),
        ("/var /var none bind,noexec 0 0\n", ("noexec",)),
        ("/var /var none bind 0 0\n", ()),
    ],
)
def test_lines_of_fstab(tmp_path: Path, lines: str, flags: tuple[str, ...]) -> None:
    assert found(tmp_path, {FSTAB: lines}).flags == flags


@pytest.mark.parametrize(
    ("files", "flags"),
    [
        ({f"{UNITS}/{CONTAINERD}": unit("noexec"), **enabled()}, ("noexec",)),
        ({f"{UNITS}/{CONTAINERD}": unit("noexec")}, ()),
        ({f"{UNITS}/{CONTAINERD}": unit(), **enabled(), FSTAB: f"/dev/sdb1 {PATH} xfs noexec 0 0\n"}, ()),
        ({f"{VENDOR}/{CONTAINERD}": unit(), **enabled(), FSTAB: f"/dev/sdb1 {PATH} xfs noexec 0 0\n"}, ("noexec",)),
        ({f"{UNITS}/{CONTAINERD}": TreeLink("/dev/null"), FSTAB: f"/dev/sdb1 {PATH} xfs noexec 0 0\n"}, ()),
        (
            {
                f"{UNITS}/{CONTAINERD}.d/exec.conf": "[Mount]\nOptions=defaults\n",
                FSTAB: f"/dev/sdb1 {PATH} xfs noexec 0 0\n",
            },
            (),
        ),
        (
            {
                f"{UNITS}/{CONTAINERD}": unit(),
                f"{VENDOR}/{CONTAINERD}.d/hard.conf": "[Mount]\nOptions=noexec,nodev\n",
                **enabled(),
            },
            ("nodev", "noexec"),
        ),
        (
            {
                f"{UNITS}/{CONTAINERD}": unit("noexec"),
                f"{UNITS}/{CONTAINERD}.d/x.conf": "[Mount]\nOptions=\n",
                **enabled(),
            },
            (),
        ),
        ({f"{UNITS}/{CONTAINERD}": unit("noexec"), FSTAB: f"/dev/sdb1 {PATH} xfs defaults 0 0\n"}, ("noexec",)),
        ({f"{UNITS}/{CONTAINERD}": unit("noexec"), FSTAB: f"/dev/sdb1 {PATH} xfs noauto 0 0\n"}, ()),
        ({f"{VENDOR}/{CONTAINERD}": TreeLink("/dev/null"), FSTAB: f"/dev/sdb1 {PATH} xfs noexec 0 0\n"}, ("noexec",)),
        ({f"{VENDOR}/{CONTAINERD}": unit("noexec"), **AUTOMOUNT}, ("noexec",)),
        ({"/proc/cmdline": "root=/dev/sda1 fstab=no\n", FSTAB: f"/dev/sdb1 {PATH} xfs noexec 0 0\n"}, ()),
    ],
)
def test_units(tmp_path: Path, files: dict[str, Entry], flags: tuple[str, ...]) -> None:
    assert found(tmp_path, files).flags == flags


NEW: dict[str, Entry] = {"/usr/lib/systemd/libsystemd-shared-257.so": ""}
EXTRA = f"systemd.mount-extra=/dev/sdb1:{PATH}"


@pytest.mark.parametrize(
    ("words", "files", "flags"),
    [
        (f"{EXTRA}:xfs:noexec", NEW, ("noexec",)),
        (f"{EXTRA}:xfs:noexec", {"/usr/lib/systemd/libsystemd-shared-252.so": ""}, ()),  # it came with 254
        (f"{EXTRA}::noexec,nodev", NEW, ("nodev", "noexec")),
        (f"{EXTRA.replace('-', '_')}/:xfs:noexec", NEW, ("noexec",)),
        ("systemd.mount-extra=/dev/sdb1:/var:xfs:ro", NEW, ("ro",)),
        (f"{EXTRA}:xfs:noexec,noauto", NEW, ()),
        (f"{EXTRA} {EXTRA}:xfs:noexec", NEW, ()),  # the first of a path
        (f"{EXTRA}:swap:noexec", NEW, ()),
        (f"rd.{EXTRA}:xfs:noexec", NEW, ()),  # of the initramfs alone
        (f"systemd.mount-extra=:{PATH}:xfs:noexec systemd.mount-extra=/dev/sdb1", NEW, ()),
        (f"{EXTRA}:xfs:noexec", {**NEW, FSTAB: f"/dev/sdb1 {PATH} xfs defaults 0 0\n"}, ()),
        (f"fstab=no {EXTRA}:xfs:noexec", {**NEW, FSTAB: f"/dev/sdb1 {PATH} xfs defaults 0 0\n"}, ("noexec",)),
        (f"{EXTRA}:xfs:noexec", {**NEW, f"{UNITS}/{CONTAINERD}": unit(), **enabled()}, ()),
        (f"{EXTRA}:xfs:noexec", {**NEW, f"{VENDOR}/{CONTAINERD}": unit(), **enabled()}, ("noexec",)),
        (f"{EXTRA}:xfs:noexec", {**NEW, f"{UNITS}/{CONTAINERD}": TreeLink("/dev/null")}, ()),
        (f"{EXTRA}:xfs:noexec", {**NEW, f"{UNITS}/{CONTAINERD}.d/x.conf": "[Mount]\nOptions=exec\n"}, ()),
    ],
)
def test_mounts_of_the_command_line(
    tmp_path: Path, words: str, files: dict[str, Entry], flags: tuple[str, ...]
) -> None:
    assert found(tmp_path, {"/proc/cmdline": f"root=/dev/sda1 {words}\n", **files}).flags == flags


def test_bottlerocket(tmp_path: Path) -> None:
    """A read-only root, ``/local`` on the data partition, and ``/var`` a bind mount of a folder there."""
    place = found(
        tmp_path,
        {
            f"{VENDOR}/local.mount": LOCAL_MOUNT,
            f"{VENDOR}/var.mount": "[Mount]\nWhat=/local/var\nWhere=/var\nType=none\nOptions=rbind,rshared\n",
            f"{VENDOR}/local-fs.target.wants/local.mount": TreeLink("../local.mount"),
            f"{VENDOR}/local-fs.target.wants/var.mount": TreeLink("../var.mount"),
            FSTAB: "/dev/root / ext4 ro 0 0\n",
        },
    )

    assert [mount.path for mount in place.mounts] == ["/var", "/local"]
    assert place.flags == ("nodev", "nosuid")
    assert place.decides is not None
    assert (place.decides.source, place.decides.line) == (f"{VENDOR}/local.mount", 15)


def test_links_are_followed(tmp_path: Path) -> None:
    place = found(tmp_path, {PATH: TreeLink("/data/c"), FSTAB: "/dev/sdb1 /data xfs noexec 0 0\n"})

    assert (place.path, place.flags) == ("/data/c", ("noexec",))


def test_an_init_that_runs_mount_all(tmp_path: Path) -> None:
    """It mounts all lines in turn, so that the last lies on top."""
    files: dict[str, Entry] = {FSTAB: "/dev/sdb1 /var ext4 noexec 0 2\n/dev/sdc1 /var ext4 nodev 0 2\n"}
    openrc: dict[str, Entry] = {
        "/sbin/openrc": "",
        "/etc/runlevels/boot/localmount": "",
        "/etc/os-release": "ID=alpine\n",
    }

    assert found(tmp_path, files, base=openrc).flags == ("nodev",)


def test_no_etc_at_all(tmp_path: Path) -> None:
    place = found(tmp_path, {"/var/lib/x": ""}, base={})

    assert (place.mounts, place.etc) == ((), False)


WORDS = st.lists(
    st.sampled_from([*CONTRARY, *CONTRARY.values(), "defaults", "user", "owner", "noatime", "x-systemd.growfs"]),
    min_size=1,
)


@given(words=WORDS, flags=st.sets(st.sampled_from([*CONTRARY.values()])))
def test_a_flag_that_is_taken_out_is_unset(words: list[str], flags: set[str]) -> None:
    options = ",".join(words)
    left = flags_of(without_flags(options, tuple(flags)))

    assert set(left) == set(flags_of(options)) - flags


REAL = [
    "defaults",
    "user",
    "users",
    "owner",
    "user,exec",
    "noexec,exec",
    "exec,noexec",
    "ro,rw",
    "noexec,defaults",
    "user,dev",
]
SCRIPT = """
mkdir "$1/x"
mount -t tmpfs -o "$2" none "$1/x" && grep " $1/x " /proc/self/mountinfo | cut -d' ' -f6
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts in a namespace of its own need root")
@pytest.mark.parametrize("options", REAL)
def test_mount_itself_reads_them_so(tmp_path: Path, options: str) -> None:
    script = ("unshare", "--mount", "sh", "-c", SCRIPT, "sh", str(tmp_path), options)
    answer = subprocess.run(script, capture_output=True, text=True, check=False)
    if answer.returncode:
        pytest.skip(f"nothing can be mounted here: {answer.stderr}")

    shown = answer.stdout.strip().split(",")
    assert tuple(sorted({*shown} & {*CONTRARY.values()})) == flags_of(options)


GENERATOR = Path("/usr/lib/systemd/system-generators/systemd-fstab-generator")


@pytest.mark.skipif(not GENERATOR.exists(), reason="systemd-fstab-generator is not here")
def test_the_generator_takes_the_first_of_two_lines(tmp_path: Path) -> None:
    lines = "/dev/sdb1 /var ext4 noexec 0 2\n/dev/sdc1 /var ext4 nodev 0 2\n"
    (tmp_path / "fstab").write_text(lines)
    for name in ("normal", "early", "late"):
        (tmp_path / name).mkdir()
    argv = (str(GENERATOR), *[str(tmp_path / name) for name in ("normal", "early", "late")])
    subprocess.run(argv, env={"SYSTEMD_FSTAB": str(tmp_path / "fstab")}, capture_output=True, check=False)

    written = (tmp_path / "normal/var.mount").read_text()
    place = found(tmp_path / "node", {FSTAB: lines}, "/var")
    assert place.decides is not None
    assert f"Options={place.decides.options}\n" in written


def test_who_wants_a_line_and_cannot_be_told_of_is_not_taken_for_nobody(tmp_path: Path) -> None:
    line = "/dev/sdb1 /var ext4 noexec,noauto,x-systemd.wanted-by=app.service 0 2\n"
    wants = f"{UNITS}/multi-user.target.wants"
    files: dict[str, Entry] = {
        FSTAB: line,
        f"{UNITS}/app.service": "[Service]\nExecStart=/bin/true\n",
        f"{UNITS}/other.service": TreeDirectory(),  # it may conflict with the other one
        f"{wants}/other.service": TreeLink("../other.service"),
    }

    with pytest.raises(FactError):
        found(tmp_path, {**files, f"{wants}/app.service": TreeLink("../app.service")})
