"""What TuneD makes of sysctls at boot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import nodecheck
from nodecheck import Result
from nodecheck.facts.sysctl.tuned import parse_profile
from tests.fix.apply import applied

Tree = Callable[[dict[str, "str | bytes"]], Path]

KEY = "net.ipv4.ip_forward"
PROFILE = "usr/lib/tuned/throughput-performance/tuned.conf"
GUEST = "usr/lib/tuned/virtual-guest/tuned.conf"


@pytest.fixture
def node(tree: Tree) -> Path:
    """A node on which TuneD starts with a profile that includes the one that sets the key."""
    root = tree(
        {
            "usr/lib/systemd/system/tuned.service": "[Service]\nExecStart=/usr/sbin/tuned\n",
            "etc/tuned/active_profile": "virtual-guest\n",
            GUEST: "[main]\ninclude=throughput-performance\n\n[sysctl]\nvm.swappiness = 30\n",
            PROFILE: f"[main]\nsummary=x\n[sysctl]\nvm.swappiness=10\n{KEY} = 0 # off\n",
            "etc/sysctl.d/k8s.conf": f"{KEY} = 1\n",
        }
    )
    wants = root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True)
    (wants / "tuned.service").symlink_to("/usr/lib/systemd/system/tuned.service")
    return root


def boot(root: Path) -> Result:
    return nodecheck.run(root=root, select=[f"sysctl[{KEY}]@boot"])[f"sysctl[{KEY}]@boot"]


def write(root: Path, name: str, content: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(content)


def test_sysctl_d_is_applied_once_more_after_the_profile(node: Path) -> None:
    assert boot(node).status == "pass"


@pytest.mark.parametrize(("again", "expected"), [("1", "pass"), ("0", "fail")])
def test_tuned_comes_after_tmpfiles(node: Path, again: str, expected: str) -> None:
    write(node, "etc/tuned/tuned-main.conf", f"reapply_sysctl = {again}\n")
    write(node, PROFILE, "[main]\nsummary=x\n[sysctl]\nvm.swappiness=10\n")
    write(node, "etc/tmpfiles.d/z.conf", "w /proc/sys/net/ipv4/ip_forward - - - - 0\n")

    assert boot(node).status == expected


def test_a_profile_wins_where_nothing_is_applied_once_more(node: Path) -> None:
    write(node, "etc/tuned/tuned-main.conf", "reapply_sysctl = 0\n")

    found = boot(node)

    assert (found.status, found.actual) == ("fail", "0")
    assert (found.evidence[0].source, found.evidence[0].locator) == (f"/{PROFILE}", "line 5")
    assert found.fix is not None
    assert found.fix.safety == "manual"
    assert "include=virtual-guest" in str(found.fix.steps)


def test_a_profile_of_ones_own_is_edited(node: Path) -> None:
    write(node, "etc/tuned/tuned-main.conf", "reapply_sysctl=no\n")
    write(node, "etc/tuned/mine/tuned.conf", f"[main]\ninclude=virtual-guest\n[sysctl]\n{KEY}=0\n")
    write(node, "etc/tuned/active_profile", "mine\n")
    found = boot(node)
    assert found.status == "fail"

    applied(node, found.fix)

    assert boot(node).status == "pass"


def test_sysctl_conf_comes_last_though_nothing_links_to_it(node: Path) -> None:
    write(node, "etc/sysctl.conf", f"{KEY}=0\n")
    found = boot(node)
    assert (found.status, found.evidence[0].source) == ("fail", "/etc/sysctl.conf")

    applied(node, found.fix)

    assert boot(node).status == "pass"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("etc/tuned/active_profile", "\n"),
        ("etc/tuned/active_profile", "no-such-profile\n"),
        (PROFILE, "[main]\n[sysctl]\nenabled=0\n"),
        (GUEST, f"[main]\ninclude=throughput-performance\n[sysctl]\nreplace=1\n{KEY}=1\n"),
        (GUEST, f"[main]\ninclude=throughput-performance\n[sysctl]\ndrop={KEY}\n"),
        (GUEST, f"[main]\ninclude=throughput-performance\n[sysctl]\n{KEY}=1\n"),
        (GUEST, "[main]\ninclude=${f:virt_check:a:b}\n"),
        ("etc/tuned/virtual-guest/tuned.conf", "[main]\nsummary=mine\n"),
    ],
)
def test_what_takes_the_line_of_a_profile_away(node: Path, name: str, content: str) -> None:
    write(node, "etc/tuned/tuned-main.conf", "reapply_sysctl = 0\n")
    assert boot(node).status == "fail"

    write(node, name, content)

    assert boot(node).status == "pass"


def test_an_own_profile_may_include_the_one_that_it_hides(node: Path) -> None:
    write(node, "etc/tuned/tuned-main.conf", "reapply_sysctl = 0\n")
    write(node, "etc/tuned/virtual-guest/tuned.conf", "[main]\ninclude=virtual-guest\n")

    assert boot(node).status == "fail"


def test_profiles_that_include_each_other_come_to_an_end(node: Path) -> None:
    write(node, PROFILE, f"[main]\ninclude=virtual-guest, throughput-performance\n[sysctl]\n{KEY}=0\n")
    write(node, "etc/tuned/tuned-main.conf", "reapply_sysctl = 0\n")

    assert boot(node).status == "fail"


def test_tuned_that_is_not_enabled_sets_nothing(node: Path) -> None:
    write(node, "etc/tuned/tuned-main.conf", "reapply_sysctl = 0\n")
    (node / "etc/systemd/system/multi-user.target.wants/tuned.service").unlink()

    assert boot(node).status == "pass"


def test_a_profile_that_cannot_be_read_is_unknown(node: Path) -> None:
    (node / PROFILE).unlink()
    (node / PROFILE).mkdir()

    assert boot(node).status == "unknown"


def test_variables_and_quotes() -> None:
    options = list(parse_profile('[variables]\nx = 1\n[sysctl]\nnet.ipv4.tcp_rmem="4096 87380" \t# c\nnonsense\n'))

    assert [(option.section, option.key, option.value) for option in options] == [
        ("variables", "x", "1"),
        ("sysctl", "net.ipv4.tcp_rmem", '"4096 87380"'),
    ]


@pytest.mark.parametrize(
    ("line", "before", "after"),
    [
        (">262144", "524288", "524288"),
        (">262144", "65530", "262144"),
        ('">262144"', None, "262144"),  # the kernel starts with 65530
        ("<262144", "524288", "262144"),
        ("<262144", "65530", "65530"),
        ("262144", "524288", "262144"),
    ],
)
def test_what_only_raises_or_lowers(node: Path, line: str, before: str | None, after: str) -> None:
    write(node, "etc/tuned/tuned-main.conf", "reapply_sysctl = 0\n")
    write(node, PROFILE, f"[sysctl]\nvm.max_map_count={line}\n")
    write(node, "etc/sysctl.d/k8s.conf", f"vm.max_map_count = {before}\n" if before else "")
    write(node, "p.toml", 'schema = "nodecheck.profile/1"\nname = "t"\n[check.sysctl]\n'
          'require = { "vm.max_map_count" = "1" }\n')  # fmt: skip

    found = nodecheck.run(root=node, profile=node / "p.toml", select=["sysctl@boot"])["sysctl[vm.max_map_count]@boot"]

    assert found.actual == after


def test_what_is_not_known_before_it_is_raised_is_told(node: Path) -> None:
    write(node, PROFILE, "[sysctl]\nfs.inotify.max_user_watches = >65536\n")
    write(node, "p.toml", 'schema = "nodecheck.profile/1"\nname = "t"\n[check.sysctl]\n'
          'require = { "fs.inotify.max_user_watches" = ">=65536" }\n')  # fmt: skip

    found = nodecheck.run(root=node, profile=node / "p.toml", select=["sysctl@boot"])
    result = found["sysctl[fs.inotify.max_user_watches]@boot"]

    assert result.status == "pass"
    assert "only where what is there is not greater" in result.message
