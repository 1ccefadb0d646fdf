"""Whether the next boot starts a unit, by what, and what keeps it from starting."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nodecheck.checking.store import Facts
from nodecheck.errors import Malformed
from nodecheck.facts.services.cmdline import BootUnits
from nodecheck.facts.services.starts import BootStarts
from nodecheck.facts.services.unit_start import (
    CONFLICT,
    GENERATOR,
    LINK,
    MASK,
    MASK_WORD,
    NO_UNIT,
    NOT_PULLED,
    OBSTACLE,
    PRESET,
    RUNLEVEL,
    SCRIPT,
    SHELL,
    SOCKET,
    TARGET,
    TEXT,
    TIMER,
    WORD,
    UnitStart,
)
from nodecheck.host import RootHost

Tree = Callable[[dict[str, "str | bytes"]], Path]

UNITS = "/usr/lib/systemd/system"
ETC = "/etc/systemd/system"
WANTS = f"{ETC}/multi-user.target.wants"
TARGETS = {
    "sysinit": "Wants=local-fs.target swap.target",
    "basic": "Requires=sysinit.target\nWants=sockets.target timers.target",
    "multi-user": "Requires=basic.target", "graphical": "Requires=multi-user.target\nConflicts=rescue.target",
    "rescue": "Requires=sysinit.target rescue.service", "emergency": "Requires=emergency.service",
    **dict.fromkeys(("local-fs", "swap", "sockets", "timers"), "Description=x"),
}  # fmt: skip
"""systemd's own targets, as far as their texts matter here."""


def unit(head: str = "", start: str = "/usr/bin/x", install: str = "WantedBy=multi-user.target") -> str:
    return f"[Unit]\nConflicts=shutdown.target\n{head}\n[Service]\nExecStart={start}\n[Install]\n{install}\n"


def link(root: Path, path: str, target: str) -> None:
    place = root / path.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(target)


@pytest.fixture
def node(tree: Tree) -> Path:
    """A whole system: ``x.service`` is enabled, and ``y.service`` is there and not enabled."""
    root = tree(
        {
            "etc/os-release": "ID=debian\nVERSION_ID=13\n",
            "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
            "usr/lib/systemd/systemd": "",
            **{f"{UNITS}/{name}.target": f"[Unit]\n{text}\n" for name, text in TARGETS.items()},
            **{f"{UNITS}/{name}.service": unit() for name in "xy"},
        }
    )
    link(root, f"{ETC}/default.target", f"{UNITS}/multi-user.target")
    link(root, f"{WANTS}/x.service", f"{UNITS}/x.service")
    return root


def starts(root: Path) -> BootStarts:
    return Facts(RootHost(str(root))).get(BootStarts)


def asked(root: Path, name: str = "x.service", words: str = "") -> UnitStart:
    if words:
        (root / "proc").mkdir(exist_ok=True)
        (root / "proc/cmdline").write_text(f"ro {words}\n")
    return starts(root).of(name)


def put(root: Path, path: str, text: str = "") -> None:
    place = root / path.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)


def pulled(found: UnitStart) -> tuple[str, str | None]:
    assert found.starts
    assert not found.stops
    assert found.pull is not None
    return found.pull.how, found.pull.source


def stopped(found: UnitStart) -> tuple[str, str, str | None]:
    """Kind, source and value of what keeps a unit from starting."""
    assert found.stays
    assert not found.acts
    stop = found.stop()
    assert stop is not None
    return stop.kind, stop.source, stop.value


def test_a_link(node: Path) -> None:
    assert pulled(asked(node)) == (LINK, f"{WANTS}/x.service")


def test_nothing(node: Path) -> None:
    assert stopped(asked(node, "y.service")) == (NOT_PULLED, f"{WANTS}/y.service", None)


def test_no_unit(node: Path) -> None:
    assert stopped(asked(node, "z.service")) == (NO_UNIT, f"{UNITS}/z.service", None)


def test_a_root_without_systemd_s_own_units_does_not_tell_of_a_unit_that_it_lacks(tree: Tree) -> None:
    root = tree({"etc/fstab": ""})
    found = asked(root, "z.service")
    assert (found.state, found.error and found.error.code, found.acts) == ("untold", "not-found", False)
    assert stopped(asked(root, "z.service", "emergency"))[0] == TARGET
    link(root, f"{WANTS}/z.service", f"{UNITS}/z.service")
    (root / "proc/cmdline").write_text("quiet\n")
    assert pulled(asked(root, "z.service")) == (LINK, f"{WANTS}/z.service")


def test_a_mask_by_file(node: Path) -> None:
    link(node, f"{ETC}/x.service", "/dev/null")
    found = asked(node)
    assert stopped(found) == (MASK, f"{ETC}/x.service", "masked")
    assert found.stops[0].unmask


def test_a_mask_that_no_systemctl_takes_away(node: Path) -> None:
    (node / UNITS.lstrip("/") / "x.service").unlink()
    link(node, f"{UNITS}/x.service", "/dev/null")
    assert not asked(node).stops[0].unmask


@pytest.mark.parametrize(
    "word",
    ["systemd.mask=x.service", "systemd.mask=x", "systemd.mask=real.service", "systemd.mask=x systemd.wants=x"],
)
def test_a_mask_by_the_command_line(node: Path, word: str) -> None:
    if "real" in word:  # x is an alias
        (node / UNITS.lstrip("/") / "x.service").rename(node / UNITS.lstrip("/") / "real.service")
        link(node, f"{UNITS}/x.service", "real.service")
    kind, source, value = stopped(found := asked(node, words=word))
    assert (kind, source, found.stops[0].by_cmdline) == (MASK_WORD, "/proc/cmdline", True)
    assert value in word.split()


def test_both_masks_are_told(node: Path) -> None:
    link(node, f"{ETC}/x.service", "/dev/null")
    assert [stop.kind for stop in asked(node, words="systemd.mask=x").stops] == [MASK, MASK_WORD]


def test_a_name_with_dots_is_a_service_s(node: Path) -> None:
    put(node, f"{UNITS}/a.b.service", unit())
    link(node, f"{WANTS}/a.b.service", f"{UNITS}/a.b.service")
    assert stopped(asked(node, "a.b.service", "systemd.mask=a.b"))[0] == MASK_WORD


def test_the_command_line_wants(node: Path) -> None:
    assert pulled(asked(node, "y.service", "systemd.wants=y")) == (WORD, "/proc/cmdline")
    assert pulled(asked(node, "y.service", "rescue systemd.wants=y.service")) == (WORD, "/proc/cmdline")


@pytest.mark.parametrize(
    ("words", "reached"),
    [
        ("quiet", {"early", "base", "multi"}),
        ("3", {"early", "base", "multi"}),
        ("systemd.unit=graphical.target", {"early", "base", "multi", "desk"}),
        ("5", {"early", "base", "multi", "desk"}),
        ("systemd.unit=basic.target", {"early", "base"}),
        ("systemd.unit=own.target", {"early", "own"}),
        ("systemd.unit=whole.target", {"early", "base", "multi", "own"}),
        ("rescue", {"early", "rescue"}),
        ("1", {"early", "rescue"}),
        ("systemd.unit=rescue.target", {"early", "rescue"}),
        ("emergency", set()),
        ("-b", set()),
        ("systemd.unit=rescue.target systemd.unit=multi-user.target", {"early", "base", "multi"}),
        ("rd.systemd.unit=rescue.target", {"early", "base", "multi"}),
    ],
)
@pytest.mark.parametrize("by", ["link", "text"])
def test_what_a_target_pulls_in(node: Path, words: str, reached: set[str], by: str) -> None:
    put(node, f"{UNITS}/own.target", "[Unit]\n")
    put(node, f"{UNITS}/whole.target", "[Unit]\nRequires=multi-user.target own.target\n")
    places = {"early": "sysinit", "base": "sockets", "multi": "multi-user", "desk": "graphical", "own": "own",
              "rescue": "rescue"}  # fmt: skip
    for name, target in places.items():
        put(node, f"{UNITS}/{name}.service", unit())
        if by == "link":
            link(node, f"{ETC}/{target}.target.wants/{name}.service", f"{UNITS}/{name}.service")
        else:
            put(node, f"{ETC}/{target}.target.d/{name}.conf", f"[Unit]\nWants={name}.service\n")

    found = {name: asked(node, f"{name}.service", words) for name in places}

    assert {name for name, start in found.items() if start.starts} == reached
    assert {name for name, start in found.items() if start.stays} == places.keys() - reached
    if "multi" not in reached:
        assert stopped(found["multi"]) == (TARGET, "/proc/cmdline", words.split()[-1])
    if "desk" not in reached:  # it would not start without the word either
        assert stopped(found["desk"])[0] == NOT_PULLED


def test_swap_is_on_in_rescue_and_not_in_emergency(node: Path) -> None:
    assert asked(node, "swap.target", "rescue").starts
    assert asked(node, "swap.target", "emergency").stays


@pytest.mark.parametrize("key", ["Wants", "Requires", "BindsTo", "Upholds"])
def test_the_text_of_a_unit_that_starts(node: Path, key: str) -> None:
    put(node, f"{ETC}/x.service.d/own.conf", f"[Unit]\n{key}=y.service\n")
    assert pulled(asked(node, "y.service")) == (TEXT, f"{ETC}/x.service.d/own.conf")
    assert stopped(asked(node, "y.service", "systemd.mask=x"))[0] == NOT_PULLED


def test_directories_upholds_count_from_254_on(node: Path) -> None:
    link(node, f"{ETC}/multi-user.target.upholds/y.service", f"{UNITS}/y.service")
    assert asked(node, "y.service").starts
    put(node, "etc/os-release", "ID=debian\nVERSION_ID=12\n")
    assert asked(node, "y.service").stays


@pytest.mark.parametrize("name", ["y", "other"])
def test_a_socket_starts_it_on_demand(node: Path, name: str) -> None:
    put(node, f"{UNITS}/{name}.socket", "[Socket]\nListenStream=/run/y\nService=y.service\n")
    link(node, f"{ETC}/sockets.target.wants/{name}.socket", f"{UNITS}/{name}.socket")
    found = asked(node, "y.service")
    assert pulled(found)[0] == SOCKET
    assert not found.acts
    assert asked(node, "y.service", f"systemd.mask={name}.socket").stays


def test_what_starts_it_at_boot_counts_before_its_socket(node: Path) -> None:
    put(node, f"{UNITS}/y.socket", "[Socket]\nListenStream=/run/y\n")
    link(node, f"{ETC}/sockets.target.wants/y.socket", f"{UNITS}/y.socket")
    put(node, f"{UNITS}/y.timer", "[Timer]\nOnBootSec=1\n")
    link(node, f"{ETC}/timers.target.wants/y.timer", f"{UNITS}/y.timer")
    assert pulled(asked(node, "y.service"))[0] == TIMER
    put(node, f"{ETC}/x.service.d/own.conf", "[Unit]\nWants=y.service\n")
    found = asked(node, "y.service")
    assert (pulled(found)[0], found.acts) == (TEXT, True)


@pytest.mark.parametrize(
    ("text", "starts"),
    [
        ("OnBootSec=30s", True),
        ("OnActiveSec=1", True),
        ("OnStartupSec=5min\nUnit=y.service", True),
        ("OnCalendar=daily", False),
        ("OnUnitActiveSec=1h", False),
        ("OnBootSec=30s\nUnit=z.service", False),
        ("OnBootSec=30s\nOnBootSec=", False),
    ],
)
def test_a_timer_starts_it_where_it_elapses_after_every_boot(node: Path, text: str, starts: bool) -> None:
    put(node, f"{UNITS}/y.timer", f"[Timer]\n{text}\n[Install]\nWantedBy=timers.target\n")
    assert asked(node, "y.service").stays
    link(node, f"{ETC}/timers.target.wants/y.timer", f"{UNITS}/y.timer")
    found = asked(node, "y.service")
    assert found.starts is starts
    if starts:
        assert found.acts
        assert found.pull == (TIMER, f"{UNITS}/y.timer", text.split("\n")[0], 2)
    assert asked(node, "y.service", "rescue").stays


def test_presets_of_a_first_boot(node: Path) -> None:
    put(node, "usr/lib/systemd/system-preset/90-own.preset", "enable y.service\n")
    assert asked(node, "y.service").stays
    put(node, "etc/machine-id", "uninitialized\n")
    found = asked(node, "y.service")
    assert pulled(found) == (PRESET, "/usr/lib/systemd/system-preset/90-own.preset")
    assert [item.source for item in found.preset] == ["/etc/machine-id", found.pull.source if found.pull else ""]
    assert asked(node, "y.service", "rescue").stays  # it is enabled, and not on the way there


def test_a_unit_that_a_preset_enables_has_a_say_in_others(node: Path) -> None:
    put(node, "usr/lib/systemd/system-preset/90-own.preset", "enable y.service\nenable x.service\n")
    put(node, f"{UNITS}/y.service", unit("Conflicts=x.service\nWants=z.service"))
    put(node, f"{UNITS}/z.service", unit())
    put(node, "etc/machine-id", "uninitialized\n")
    assert stopped(asked(node))[0] == CONFLICT
    assert pulled(asked(node, "z.service"))[0] == TEXT


def test_presets_that_may_disable_are_not_told(node: Path) -> None:
    put(node, "etc/machine-id", "uninitialized\n")
    put(node, "usr/lib/systemd/system-preset/90-own.preset", "disable *\n")
    found = asked(node)
    assert (found.state, found.error and found.error.code, found.acts) == ("untold", "unsupported", True)


@pytest.mark.parametrize(
    ("default", "links", "words", "kind"),
    [
        ("multi-user", ("rc3.d/S20z",), "", None),
        ("multi-user", ("rc5.d/S20z",), "", NOT_PULLED),
        ("graphical", ("rc5.d/S20z",), "", None),
        ("graphical", ("rc5.d/S20z",), "3", TARGET),
        ("multi-user", ("rc3.d/K20z",), "", NOT_PULLED),
        ("multi-user", ("rc3.d/S20z",), "rescue", TARGET),
        ("multi-user", ("rc3.d/S20z",), "systemd.mask=z", MASK_WORD),
    ],
)
def test_system_v_scripts(node: Path, default: str, links: tuple[str, ...], words: str, kind: str | None) -> None:
    (node / "etc/systemd/system/default.target").unlink()
    link(node, f"{ETC}/default.target", f"{UNITS}/{default}.target")
    put(node, "usr/lib/systemd/system-generators/systemd-sysv-generator")
    put(node, "etc/init.d/z", "#!/bin/sh\n")
    (node / "etc/init.d/z").chmod(0o755)
    for name in links:
        link(node, f"etc/{name}", "../init.d/z")
    found = asked(node, "z.service", words)
    if kind is None:
        assert pulled(found) == (SCRIPT, f"/etc/{links[0]}")
    else:
        assert stopped(found)[0] == kind


def test_openrc(tree: Tree) -> None:
    root = tree({"sbin/openrc": "", "etc/runlevels/default/x": "", "etc/runlevels/shutdown/y": ""})
    assert pulled(asked(root)) == (RUNLEVEL, "/etc/runlevels/default/x")
    assert stopped(asked(root, "y.service")) == (NOT_PULLED, "/etc/runlevels/default/y", None)
    assert stopped(asked(root, words="init=/bin/sh"))[0] == SHELL


def test_openrc_without_runlevels_and_other_inits_do_not_tell(tree: Tree) -> None:
    assert asked(tree({"sbin/openrc": ""})).state == "untold"
    found = asked(tree({"etc/runit/2": "", "etc/runlevels/default/x": ""}))
    assert found.starts or found.state == "untold"


def test_rc_local_is_started_by_a_generator(node: Path) -> None:
    put(node, f"{UNITS}/rc-local.service", unit("ConditionFileIsExecutable=/etc/rc.local", "/etc/rc.local start"))
    assert stopped(asked(node, "rc-local.service"))[0] == OBSTACLE
    put(node, "etc/rc.local", "#!/bin/sh\n")
    (node / "etc/rc.local").chmod(0o755)
    assert pulled(asked(node, "rc-local.service"))[0] == GENERATOR
    assert stopped(asked(node, "rc-local.service", "rescue"))[0] == TARGET
    link(node, "etc/systemd/system-generators/systemd-rc-local-generator", "/dev/null")
    assert stopped(asked(node, "rc-local.service", "quiet"))[0] == NOT_PULLED


@pytest.mark.parametrize(
    ("head", "words", "starts"),
    [
        ("ConditionPathExists=!/var/lib/x/stamp", "", False),
        ("ConditionPathExists=/var/lib/x/stamp", "", True),
        ("ConditionPathExists=/var/lib/x/none", "", False),
        ("AssertPathExists=/var/lib/x/none", "", False),
        ("ConditionFirstBoot=yes", "", False),
        ("ConditionFirstBoot=no", "", True),
        ("ConditionFirstBoot=!yes", "", True),
        ("ConditionFirstBoot=yes", "systemd.condition-first-boot=1", True),
        ("ConditionFirstBoot=yes", "systemd.condition_first_boot=no", False),
        ("ConditionFirstBoot=perhaps", "", False),
        ("ConditionKernelCommandLine=!nox", "nox", False),
    ],
)
def test_conditions_and_asserts(node: Path, head: str, words: str, starts: bool) -> None:
    put(node, "var/lib/x/stamp")
    put(node, f"{UNITS}/x.service", unit(head))
    found = asked(node, words=words)
    assert found.starts is starts
    if not starts:
        assert stopped(found) == (OBSTACLE, f"{UNITS}/x.service", head)


@pytest.mark.parametrize(("machine_id", "state"), [("uninitialized\n", "starts"), ("", "stays"), (None, "untold")])
def test_a_first_boot_by_the_machine_id(node: Path, machine_id: str | None, state: str) -> None:
    """Without the file nobody can tell: the root may have lost it."""
    put(node, f"{UNITS}/x.service", unit("ConditionFirstBoot=yes"))
    (node / "etc/machine-id").unlink()
    if machine_id is not None:
        put(node, "etc/machine-id", machine_id)
    assert asked(node).state == state


@pytest.mark.parametrize(
    ("key", "debian", "starts"),
    [("Requires", "12", True), ("Requires", "13", False), ("BindsTo", "12", False), ("Wants", "13", True)],
)
@pytest.mark.parametrize("how", ["missing", "masked", "masked by a word"])
def test_needs_by_systemd_s_release(node: Path, key: str, debian: str, starts: bool, how: str) -> None:
    put(node, "etc/os-release", f"ID=debian\nVERSION_ID={debian}\n")
    put(node, f"{UNITS}/x.service", unit(f"{key}=other.service"))
    if how == "masked":
        link(node, f"{ETC}/other.service", "/dev/null")
    elif how != "missing":
        put(node, f"{UNITS}/other.service", unit())
    found = asked(node, words="systemd.mask=other" if "word" in how else "")
    assert found.starts is starts
    if not starts:
        assert stopped(found)[0] == OBSTACLE
        assert found.stops[0].by_cmdline is ("word" in how)


@pytest.mark.parametrize(
    ("rival", "text"),
    [
        ("own.service", unit("Conflicts=x.service")),
        ("own.target", "[Unit]\nConflicts=a.service x.service\n"),
        ("own.socket", "[Unit]\nConflicts=x.service\n[Socket]\nListenStream=/run/own\n"),
    ],
)
@pytest.mark.parametrize("by", ["link", "text"])
def test_any_unit_that_starts_may_conflict(node: Path, rival: str, text: str, by: str) -> None:
    put(node, f"{UNITS}/{rival}", text)
    assert asked(node).starts
    if by == "link":
        link(node, f"{WANTS}/{rival}", f"{UNITS}/{rival}")
    else:
        put(node, f"{ETC}/multi-user.target.d/own.conf", f"[Unit]\nWants={rival}\n")
    assert stopped(asked(node))[:2] == (CONFLICT, f"{UNITS}/{rival}")
    assert asked(node, words=f"systemd.mask={rival}").starts
    assert asked(node, words="rescue").stops[0].kind == TARGET


def test_a_rival_that_gets_no_job_excludes_nothing(node: Path) -> None:
    put(node, f"{UNITS}/own.service", unit("Conflicts=x.service\nBindsTo=none.service"))
    link(node, f"{WANTS}/own.service", f"{UNITS}/own.service")
    assert asked(node).starts
    put(node, f"{UNITS}/own.service", unit("Conflicts=x.service\nConditionPathExists=/none"))
    assert asked(node).stays


def test_a_unit_that_is_only_wanted_loses(node: Path) -> None:
    put(node, f"{ETC}/multi-user.target.d/own.conf", "[Unit]\nWants=y.service own.service\n")
    put(node, f"{UNITS}/own.service", unit("Conflicts=y.service"))
    assert stopped(asked(node, "y.service"))[0] == CONFLICT
    put(node, f"{ETC}/x.service.d/own.conf", "[Unit]\nRequires=y.service\n")
    assert asked(node, "y.service").state == "untold"


@pytest.mark.parametrize("head", ["Conflicts=own.service", ""])
def test_which_of_two_starts_may_not_be_told(node: Path, head: str) -> None:
    """Both name each other, or something requires the one that is named."""
    put(node, f"{UNITS}/x.service", unit(head))
    put(node, f"{UNITS}/own.service", unit("Conflicts=x.service"))
    link(node, f"{WANTS}/own.service", f"{UNITS}/own.service")
    if not head:
        link(node, f"{ETC}/multi-user.target.requires/x.service", f"{UNITS}/x.service")
    found = asked(node)
    assert (found.state, found.acts) == ("untold", True)
    assert f"{UNITS}/own.service" in [item.source for item in found.doubt]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("init=/sbin/init", "starts"),
        ("init=/lib/systemd/systemd", "starts"),
        ("init=/usr/lib/systemd/systemd", "starts"),
        ("init=/opt/boot", "starts"),  # a link to it
        ("init=/bin/systemd", "starts"),  # another
        ("init=/nix/store/abc-nixos-system-n1-24.05/init", "starts"),
        ("init=", "starts"),
        ("init=/bin/sh init=/sbin/init", "starts"),
        ("-- init=/bin/sh", "starts"),
        ("init=/bin/sh", "stays"),
        ("init=/bin/bash", "stays"),
        ("init=/usr/bin/zsh", "stays"),
        ("init=/bin/dash", "stays"),
        ("init=/bin/busybox sh", "stays"),
        ("init=/opt/shell", "stays"),  # a link to bash
        ("init=/bin/busybox", "untold"),
        ("init=/opt/run.sh", "untold"),
        ("init=/usr/local/bin/init", "untold"),
        ("init=/sbin/openrc-init", "untold"),
        ("init=/opt/loop", "untold"),
        ("rdinit=/bin/sh", "untold"),
        ("rdinit=/sbin/other init=/sbin/init", "untold"),
    ],
)
def test_what_is_started_as_process_one(node: Path, word: str, expected: str) -> None:
    link(node, "sbin/init", "../lib/systemd/systemd")
    link(node, "opt/boot", "/usr/sbin/../lib/systemd/systemd")
    link(node, "bin/systemd", "/lib/systemd/systemd")
    link(node, "opt/shell", "/usr/bin/bash")
    link(node, "opt/loop", "loop")
    found = asked(node, words=word)
    assert found.state == expected
    if expected == "stays":
        assert stopped(found) == (SHELL, "/proc/cmdline", word.split()[0])
    if expected == "untold":
        assert found.error is not None
        assert (found.error.code, found.acts) == ("unsupported", False)


def test_systemd_is_another_program_where_another_init_is_installed(tree: Tree) -> None:
    root = tree({"sbin/openrc": "", "etc/runlevels/default/x": "", "sbin/openrc-init": ""})
    assert asked(root, words="init=/sbin/openrc-init").starts
    assert asked(root, words="init=/lib/systemd/systemd").state == "untold"


def test_a_program_that_is_not_there_starts_and_fails(node: Path) -> None:
    put(node, "usr/bin/sh")
    found = asked(node)
    assert found.starts
    assert found.fails is not None
    assert found.fails.message == "/usr/bin/x is not there"


def test_a_text_that_cannot_be_read_is_told(node: Path) -> None:
    (node / UNITS.lstrip("/") / "x.service").unlink()
    (node / UNITS.lstrip("/") / "x.service").mkdir()
    with pytest.raises(Malformed):
        asked(node)


def test_a_text_that_cannot_be_read_may_pull_in_or_conflict(node: Path) -> None:
    (node / UNITS.lstrip("/") / "other.service").mkdir()
    link(node, f"{WANTS}/other.service", f"{UNITS}/other.service")
    found = asked(node)
    assert (found.state, found.error and found.error.source) == ("untold", f"{UNITS}/other.service")
    with pytest.raises(Malformed):
        asked(node, "y.service")
    assert stopped(asked(node, "y.service", "systemd.mask=y"))[0] == MASK_WORD


def test_the_words_of_a_node_that_has_none() -> None:
    assert BootUnits().masks("x.service") is None


_ALL = """
import sys
from nodecheck.checking.store import Facts
from nodecheck.facts.services.starts import BootStarts
from nodecheck.facts.services.unit_pulls import ServicePulls
from nodecheck.host import RootHost
facts = Facts(RootHost(sys.argv[1]))
pulls = facts.get(ServicePulls)
print(pulls.by_name, pulls.conflicts, pulls.triggers)
starts = facts.get(BootStarts)
print([starts.of(name) for name in sorted(starts.index.files)])
print(facts.evidence([ServicePulls, BootStarts]))
"""


def test_no_order_comes_out_of_a_set(node: Path) -> None:
    for target in TARGETS:
        put(node, f"{ETC}/{target}.target.d/own.conf", "[Unit]\nWants=y.service\nConflicts=x.service\n")
    texts = set()
    for seed in "0123":
        done = subprocess.run([sys.executable, "-c", _ALL, str(node)], capture_output=True, text=True, check=True,
                              env={**os.environ, "PYTHONHASHSEED": seed})  # fmt: skip
        texts.add(done.stdout)
    assert len(texts) == 1


def test_nobody_else_answers_the_question() -> None:
    """Who asks for links alone asks what is enabled: which service is in use, and what systemctl would do."""
    import nodecheck
    import nodecheck_checks

    allowed = {"units.py", "needed_services.py", "at_boot.py"}
    folders = [Path(module.__file__ or "").parent for module in (nodecheck, nodecheck_checks)]
    files = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
    assert {path.name for path in files if "starts_at_boot(" in path.read_text()} == allowed
    assert [path.name for path in files if "boot_units(" in path.read_text()] == ["cmdline.py"]
