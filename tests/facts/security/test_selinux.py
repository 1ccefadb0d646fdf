"""SELinux's mode now, and what libselinux makes of the files at the next boot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodecheck.checking.store import Facts
from nodecheck.errors import Malformed, Offline
from nodecheck.facts.security.selinux import SelinuxMode
from nodecheck.facts.security.selinux_boot import ContainerSelinux, SelinuxAtBoot, parse_config
from nodecheck.host import RootHost

Tree = Callable[[dict[str, "str | bytes"]], Path]

CENTOS7 = 'ID="centos"\nVERSION_ID="7"\n'
ROCKY9 = 'ID="rocky"\nVERSION_ID="9.4"\n'
UBUNTU = "ID=ubuntu\nVERSION_ID=22.04\n"


def boot(root: Path) -> str | None:
    return Facts(RootHost(str(root))).get(SelinuxAtBoot).mode


def now(root: Path) -> str | None:
    return SelinuxMode.read(RootHost(str(root))).mode


@pytest.mark.parametrize(
    ("config", "mode"),
    [
        ("SELINUX=disabled\n", "disabled"),
        ("# SELINUX=disabled\nSELINUX=enforcing\n", "enforcing"),
        ("SELINUX=permissive\nSELINUX=disabled\n", "permissive"),
        ("SELINUX=off\nSELINUX=disabled\n", "disabled"),
        ("SELINUX=disabledxyz", "disabled"),
        ("SELINUX=Enforcing # x\r\n", "enforcing"),
        ("SELINUX= disabled\n", "disabled"),
        ("SELINUX =disabled\n", None),
        (' SELINUX=disabled\nselinux=disabled\nSELINUX="disabled"\n', None),
        ("", None),
        ("x" * 4095 + "SELINUX=disabled\n", "disabled"),
        ("x" * 4094 + "SELINUX=disabled\n", None),
    ],
)
def test_config(config: str, mode: str | None) -> None:
    assert parse_config(config).mode == mode


@given(st.text("SELINUX=disabledpermissiveenforcing# \n\t", max_size=200))
def test_a_mode_stands_in_its_line(source: str) -> None:
    found = parse_config(source)

    assert (found.mode is None) == (found.line is None)
    if found.line is not None:
        assert source.split("\n")[found.line - 1] == found.text


@pytest.mark.parametrize(
    ("words", "mode"),
    [
        ("", "enforcing"),
        ("enforcing=0", "permissive"),
        ("enforcing=0 enforcing=1", "enforcing"),
        ("enforcing=on", "permissive"),
        ("enforcing=0x0", "permissive"),
        ("enforcing=2", "enforcing"),
        ("xenforcing=0", "enforcing"),
        ("selinux=0", "disabled"),
        ("selinux=0 selinux=1", "enforcing"),
        ("selinux=00", "disabled"),
        ("selinux=off", "enforcing"),
        ("selinux=0 selinux=off", "disabled"),
        ("-- selinux=0", "enforcing"),
        ("security=apparmor", "disabled"),
        ("security=selinux", "enforcing"),
        ("security=", "disabled"),
        ("lsm=lockdown,yama,apparmor,selinux", "disabled"),
        ("lsm=lockdown,yama,apparmor,selinux apparmor=0", "enforcing"),
        ("lsm=yama,selinux", "enforcing"),
        ("lsm=yama security=selinux", "disabled"),
    ],
)
def test_command_line(tree: Tree, words: str, mode: str) -> None:
    root = tree({"/etc/selinux/config": "SELINUX=enforcing\n", "/proc/cmdline": f"ro {words}\n"})

    assert boot(root) == mode


def test_the_loader_beats_the_running_kernel(tree: Tree) -> None:
    root = tree(
        {
            "/etc/selinux/config": "SELINUX=enforcing\n",
            "/proc/cmdline": "ro selinux=0\n",
            "/boot/grub2/grub.cfg": "menuentry a {\n linux16 /vmlinuz-3.10.0-957.el7.x86_64 ro\n}\n",
        }
    )

    assert boot(root) == "enforcing"


def test_old_kernels_do_not_know_lsm(tree: Tree) -> None:
    root = tree(
        {
            "/etc/selinux/config": "SELINUX=enforcing\n",
            "/boot/grub2/grub.cfg": "menuentry a {\n linux16 /vmlinuz-3.10.0-957.el7.x86_64 ro lsm=yama\n}\n",
        }
    )

    assert boot(root) == "enforcing"


def test_disabled_cannot_be_undone(tree: Tree) -> None:
    root = tree({"/etc/selinux/config": "SELINUX=disabled\n", "/proc/cmdline": "ro selinux=1 enforcing=1\n"})

    assert boot(root) == "disabled"


@pytest.mark.parametrize(("release", "mode"), [(CENTOS7, "permissive"), (ROCKY9, "disabled"), (UBUNTU, "permissive")])
def test_blank_before_the_value(tree: Tree, release: str, mode: str) -> None:
    root = tree(
        {
            "/etc/selinux/config": "SELINUX= disabled\n",
            "/etc/os-release": release,
            "/proc/cmdline": "security=selinux\n",
        }
    )

    assert boot(root) == mode


def test_ubuntu_starts_apparmor(tree: Tree) -> None:
    root = tree({"/etc/selinux/config": "SELINUX=enforcing\n", "/etc/os-release": UBUNTU})
    assert boot(root) == "enforcing"  # no command line is to be had: the file alone

    tree({"/proc/cmdline": "ro quiet\n"})
    assert boot(root) == "disabled"

    tree({"/proc/cmdline": "ro security=selinux selinux=1\n"})
    assert boot(root) == "enforcing"


def test_kernel_configuration(tree: Tree) -> None:
    files: dict[str, str | bytes] = {
        "/etc/selinux/config": "SELINUX=enforcing\n",
        "/etc/os-release": UBUNTU,
        "/proc/cmdline": "ro\n",
        "/proc/sys/kernel/osrelease": "6.1.0\n",
    }
    lsm = 'CONFIG_SECURITY_SELINUX=y\nCONFIG_LSM="yama,selinux,apparmor"\n'

    assert boot(tree({**files, "/boot/config-6.1.0": lsm})) == "enforcing"
    assert boot(tree({"/boot/config-6.1.0": "CONFIG_X=y\n# CONFIG_SECURITY_SELINUX is not set\n"})) == "disabled"


@pytest.mark.parametrize(("parameter", "mode"), [("=y", "disabled"), (" is not set", "enforcing")])
def test_a_kernel_without_the_parameter_does_not_heed_it(tree: Tree, parameter: str, mode: str) -> None:
    """Debian 12's kernel boots into enforcing with ``security=selinux selinux=0``."""
    option = f"{'# ' if parameter[0] == ' ' else ''}CONFIG_SECURITY_SELINUX_BOOTPARAM{parameter}\n"
    root = tree(
        {
            "/etc/selinux/config": "SELINUX=enforcing\n",
            "/etc/os-release": "ID=debian\nVERSION_ID=12\n",
            "/proc/cmdline": "ro security=selinux selinux=0\n",
            "/proc/sys/kernel/osrelease": "6.1.0\n",
            "/boot/config-6.1.0": f"CONFIG_SECURITY_SELINUX=y\n{option}",
        }
    )
    assert boot(root) == mode


def test_no_config(tree: Tree) -> None:
    root = tree({"/etc/os-release": UBUNTU})
    assert boot(root) == "disabled"

    tree({"/etc/os-release": ROCKY9})
    assert boot(root) is None  # files that were not collected, or a node without a policy

    tree({"/etc/selinux/targeted/policy/policy.33": "x", "/proc/cmdline": "ro\n"})
    assert boot(root) == "permissive"


def test_no_config_where_selinux_runs(tree: Tree) -> None:
    root = tree({"/etc/os-release": UBUNTU, "/sys/fs/selinux/enforce": "0"})
    assert boot(root) is None

    tree({"/proc/cmdline": "ro selinux=0\n"})
    assert boot(root) == "disabled"


@pytest.mark.parametrize(
    ("label", "mode"),
    [
        ("system_u:system_r:container_t:s0:c1,c2\0", None),
        ("unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023", None),
        ("docker-default (enforce)\n", "disabled"),
        ("unconfined\n", "disabled"),
        ("_\n", "disabled"),
        ("kernel\0", "disabled"),
    ],
)
def test_label(tree: Tree, label: str, mode: str | None) -> None:
    assert now(tree({"/proc/self/attr/current": label})) == mode


def test_a_context_where_selinux_is_not_listed(tree: Tree) -> None:
    root = tree({"/proc/self/attr/current": "a:b:c\n", "/sys/kernel/security/lsm": "capability,yama,smack\n"})
    assert now(root) == "disabled"

    tree({"/sys/kernel/security/lsm": "lockdown,capability,selinux"})
    assert now(root) is None


def test_selinuxfs(tree: Tree) -> None:
    assert now(tree({"/sys/fs/selinux/enforce": "1"})) == "enforcing"
    assert now(tree({"/sys/fs/selinux/enforce": "0"})) == "permissive"
    assert now(tree({"/proc/self/attr/current": "kernel\0"})) == "disabled"


@pytest.mark.parametrize("path", ["/sys/fs/selinux/enforce", "/proc/self/attr/current", "/sys/kernel/security/lsm"])
@pytest.mark.parametrize("noise", ["", "\x01\x02\n\xff", "a b c d"])
def test_noise_is_no_mode(tree: Tree, path: str, noise: str) -> None:
    with pytest.raises(Malformed):
        now(tree({path: noise}))


def test_offline(tmp_path: Path) -> None:
    with pytest.raises(Offline):
        now(tmp_path)


def test_container_selinux(tree: Tree) -> None:
    root = tree({"/etc/os-release": ROCKY9})
    assert ContainerSelinux.read(RootHost(str(root))).path is None

    tree({"/var/lib/selinux/targeted/active/modules/200/container/cil": ""})
    assert ContainerSelinux.read(RootHost(str(root))).path == "/var/lib/selinux/targeted/active/modules/200/container"

    tree({"/usr/share/containers/selinux/contexts": ""})
    assert ContainerSelinux.read(RootHost(str(root))).path == "/usr/share/containers/selinux/contexts"
