"""What is too large to be gone through is unknown: nothing is cut off in silence, and what is just within counts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nodecheck.checking.store import Facts
from nodecheck.errors import Malformed, TooLarge
from nodecheck.facts import BootCmdline, BootModules, BootStarts, BootTreeFiles
from nodecheck.facts.acts.effects import MOST_FILES
from nodecheck.facts.boot.bls import MOST_ENTRIES
from nodecheck.facts.boot.grub import MOST_ENTRIES as MOST_OF_A_MENU
from nodecheck.facts.boot.grub import parse_grub_cfg
from nodecheck.facts.boot.loaders import MOST_SNIPPETS
from nodecheck.facts.cluster.signs import proxy_mode_of
from nodecheck.facts.kernel import loading, trees
from nodecheck.facts.security.filter_tables import MOST_CHAINS, parse_saved
from nodecheck.facts.security.selinux_boot import ContainerSelinux
from nodecheck.facts.services import unit_pulls, units
from nodecheck.facts.services.unit_command import MOST_WORDS, arguments, command_line
from nodecheck.facts.services.unit_files import load_unit
from nodecheck.facts.services.units import UnitIndex
from nodecheck.facts.sysctl.tuned import MOST_PROFILES
from nodecheck.formats.shell_script import MOST_CALLS, steps_of
from nodecheck.host import RootHost
from nodecheck.testing import write_tree
from tests.facts.acts.test_acts_commands import KEY, enabled, node, script, status

Tree = Callable[[dict[str, "str | bytes"]], Path]
UNITS = "/usr/lib/systemd/system"


@pytest.mark.parametrize("more", [0, 1])
def test_the_words_of_a_command(tree: Tree, more: int) -> None:
    root = tree({f"{UNITS}/x.service": "[Service]\nExecStart=/usr/bin/x" + " a" * (MOST_WORDS + more) + "\n"})
    host = RootHost(str(root))
    unit = load_unit(host, Facts(host).get(UnitIndex), "x.service")
    assert unit is not None

    for read in (lambda: command_line(host, unit), lambda: arguments(unit)):
        if more:
            with pytest.raises(TooLarge, match="words"):
                read()
        else:
            assert read()


@pytest.mark.parametrize(("count", "expected"), [(MOST_PROFILES, "fail"), (MOST_PROFILES + 1, "unknown")])
def test_the_profiles_of_tuned(tmp_path: Path, count: int, expected: str) -> None:
    names = [f"p{number}" for number in range(count)]
    root = node(
        tmp_path,
        {
            f"{UNITS}/tuned.service": "[Service]\nExecStart=/bin/sh\n",
            **enabled("tuned.service", UNITS),
            **{f"/etc/tuned/{name}/tuned.conf": "[main]\nsummary=x\n" for name in names},
            f"/etc/tuned/{names[-1]}/tuned.conf": f"[sysctl]\n{KEY}=0\n",
            "/etc/tuned/active_profile": " ".join(names),
            "/etc/tuned/tuned-main.conf": "reapply_sysctl = 0\n",
            "/etc/sysctl.d/k8s.conf": f"{KEY}=1\n",
        },
    )

    assert status(root, f"sysctl[{KEY}]") == expected


@pytest.mark.parametrize(("count", "expected"), [(MOST_FILES, "fail"), (MOST_FILES + 1, "unknown")])
def test_the_files_of_sysctl(tmp_path: Path, count: int, expected: str) -> None:
    files = {f"/srv/{number}": "vm.swappiness=1\n" for number in range(count)}
    files[f"/srv/{count - 1}"] = f"{KEY}=0\n"
    local = script(f"sysctl -p {' '.join(files)}")
    root = node(tmp_path, {**files, "/etc/rc.local": local, "/etc/sysctl.d/k8s.conf": f"{KEY}=1\n"})

    assert status(root, f"sysctl[{KEY}]") == expected


def test_the_snippets_of_grub(tree: Tree) -> None:
    # the file itself is one of them
    files: dict[str, str | bytes] = {f"/etc/default/grub.d/{n:03}.cfg": "\n" for n in range(MOST_SNIPPETS - 2)}
    root = tree({**files, "/etc/default/grub.d/x.cfg": 'GRUB_CMDLINE_LINUX="last"\n'})
    assert Facts(RootHost(str(root))).get(BootCmdline).words == ("last",)

    tree({"/etc/default/grub.d/y.cfg": 'GRUB_CMDLINE_LINUX="after"\n'})
    with pytest.raises(TooLarge, match="files"):
        Facts(RootHost(str(root))).get(BootCmdline)


def test_the_entries_of_a_boot_loader(tree: Tree) -> None:
    folder = "/boot/loader/entries"
    kernel = "title a\nversion {}\nlinux /vmlinuz-{}\noptions ro\n"
    root = tree({f"{folder}/a-{n:04}.conf": kernel.format(n, n) for n in range(MOST_ENTRIES)})
    assert Facts(RootHost(str(root))).get(BootCmdline).words == ("ro",)

    tree({f"{folder}/z.conf": kernel.format("z", "z")})
    with pytest.raises(TooLarge, match="entries"):
        Facts(RootHost(str(root))).get(BootCmdline)


def test_the_entries_of_a_menu() -> None:
    entry = "menuentry a {\nlinux /vmlinuz ro\n}\n"

    assert len(parse_grub_cfg(entry * MOST_OF_A_MENU, {}).entries) == MOST_OF_A_MENU
    with pytest.raises(Malformed, match="entries"):
        parse_grub_cfg(entry * (MOST_OF_A_MENU + 1), {})


def chain(count: int) -> dict[str, str]:
    """Units of which each wants the next one, and the target the first."""
    files = {f"{UNITS}/{name}.target": "[Unit]\n" for name in ("sysinit", "basic", "multi-user", "graphical")}
    files.update({f"{UNITS}/u{n}.service": "[Service]\nExecStart=/bin/x\n" for n in range(count)})
    files.update({f"{UNITS}/u{n}.service.wants/u{n + 1}.service": "x" for n in range(count - 1)})
    return {**files, f"{UNITS}/multi-user.target.wants/u0.service": "x"}


@pytest.mark.parametrize("count", [20, 40])
def test_the_units_on_the_way_to_a_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(units, "MOST_STEPS", 30)
    index = Facts(RootHost(str(write_tree(tmp_path, dict(chain(count)))))).get(UnitIndex)
    last = f"u{count - 1}.service"

    if count > 30:
        with pytest.raises(TooLarge, match="pulled in"):
            index.linked_from(last, ("multi-user.target",))
    else:
        assert index.linked_from(last, ("multi-user.target",)) is not None


@pytest.mark.parametrize("count", [20, 40])
def test_the_units_that_a_boot_reaches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(unit_pulls, "MOST_STEPS", 30)
    timer = {f"{UNITS}/t.timer": "[Timer]\nOnBootSec=1\n", f"{UNITS}/t.service": "[Service]\nExecStart=/bin/sh\n"}
    timer[f"{UNITS}/u{count - 1}.service.wants/t.timer"] = "x"
    root = node(tmp_path, {**chain(count), **timer})

    starts = Facts(RootHost(str(root))).get(BootStarts)

    if count > 30:
        with pytest.raises(TooLarge, match="reaches"):
            starts.of("t.service")
    else:
        assert starts.of("t.service").state == "starts"


@pytest.mark.parametrize("count", [20, 40])
def test_the_directories_of_modules(tree: Tree, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(trees, "MOST_DIRS", 30)
    files: dict[str, str | bytes] = {f"/lib/modules/6.1.0/kernel/d{n:02}/m{n}.ko": b"" for n in range(count)}
    root = tree({**files, "/proc/sys/kernel/osrelease": "6.1.0\n"})

    if count > 30:
        with pytest.raises(TooLarge, match="directories"):
            Facts(RootHost(str(root))).get(BootTreeFiles)
    else:
        assert f"m{count - 1}" in Facts(RootHost(str(root))).get(BootTreeFiles).files


@pytest.mark.parametrize("count", [20, 40])
def test_the_modules_that_come_with_one(tree: Tree, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(loading, "MOST_LOADED", 30)
    names = [f"m{number}" for number in range(count)]
    root = tree(
        {
            "/lib/modules/6.1.0/modules.dep": "".join(f"{name}.ko:\n" for name in names),
            "/lib/modules/6.1.0/vmlinuz": "",
            "/etc/modules-load.d/a.conf": "m0\n",
            "/etc/modprobe.d/a.conf": "".join(f"softdep {a} pre: {b}\n" for a, b in zip(names, names[1:])),
        }
    )
    found = Facts(RootHost(str(root))).get(BootModules)

    if count > 30:
        with pytest.raises(TooLarge, match="modules"):
            found.verdict(names[-1])
    else:
        assert found.verdict(names[-1]).state == "loaded"


def test_the_documents_of_kube_proxy() -> None:
    document = "kind: KubeProxyConfiguration\nmode: ipvs\n"

    assert [proxy_mode_of("---\n" * count + document) for count in (1, 200)] == ["ipvs", "ipvs"]
    assert proxy_mode_of("---\n" * 200 + "kind: Other\n") is None


def test_the_priorities_of_selinux_modules(tree: Tree) -> None:
    store = "/var/lib/selinux/targeted/active/modules"
    root = tree({f"{store}/{number}/other/cil": "" for number in range(100, 300)})
    assert ContainerSelinux.read(RootHost(str(root))).path is None

    tree({f"{store}/400/container/cil": ""})
    assert ContainerSelinux.read(RootHost(str(root))).path == f"{store}/400/container"


@pytest.mark.parametrize("count", [100, MOST_CHAINS + 2])
def test_the_chains_of_a_filter(count: int) -> None:
    names = [f"c{number}" for number in range(count)]
    jumps = [f"-A {a} -j {b}" for a, b in zip(("INPUT", *names), names)]
    chains = ["*filter", ":INPUT ACCEPT [0:0]", *[f":{name} - [0:0]" for name in names]]
    (table,) = parse_saved("\n".join((*chains, *jumps, f"-A {names[-1]} -j DROP", "COMMIT", "")), "ip", "x")

    if count > MOST_CHAINS:
        with pytest.raises(TooLarge, match="chains"):
            table.blocks()
    else:
        assert table.blocks() == f"a rule of chain {names[-1]} drops"


@pytest.mark.parametrize("deep", [3, MOST_CALLS + 3])
def test_shells_within_shells(deep: int) -> None:
    source = "swapon /s"
    for _ in range(deep):
        source = f"x=$({source}\n)"

    steps = [step for step in steps_of(source, triggers=("swapon",)) if step.words[:1] == ("swapon",)]

    assert [bool(step.reason) for step in steps] == [deep > MOST_CALLS]
