"""The plan's script, run for real: it does what it says, once, and nothing else."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

import nodecheck
from nodecheck.checking import Status
from nodecheck.fix.script import STATIC_HOSTNAME
from nodecheck.model.steps import command, create, edit, manual
from nodecheck.planning import plan
from tests.fix.reports import failing, mended, of, report_of
from tests.fix.shells import SHELLS, Ended, Machine, own_programs, state
from tests.render.reports import hostile_report

TOOL = "no-such-tool"
"""A program, and a package, that no machine of a test has."""


@pytest.fixture(params=list(SHELLS))
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Machine:
    (tmp_path / "bin").mkdir()
    return Machine(tmp_path, request.param)


@pytest.fixture
def dash(tmp_path: Path) -> Machine:
    (tmp_path / "bin").mkdir()
    return Machine(tmp_path, "dash")


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    folder = tmp_path / "etc"
    folder.mkdir()
    return folder


def program(machine: Machine, name: str, body: str = "exit 0") -> Path:
    """A program that writes its words to a file, which is given back; not where the shell has one of its own."""
    if name in own_programs(machine.shell):
        pytest.skip(f"this {machine.shell[0]} runs its own {name}, whatever PATH says")
    log = machine.folder / f"{name}.log"
    path = machine.folder / "bin" / name
    path.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >>{log}\n{body}\n')
    path.chmod(0o755)
    return log


def well(ended: Ended) -> str:
    assert (ended.code, ended.err) == (0, "")
    return ended.out


def test_an_edit_changes_its_line_alone_and_keeps_a_copy(machine: Machine, etc: Path) -> None:
    fstab = etc / "fstab"
    before = b"# tabs\there \n/swap none swap sw 0 0\r\n\n/swap none swap sw 0 0\nlast \xff\x80 without end"
    fstab.write_bytes(before)
    fstab.chmod(0o640)
    report = of(mended(edit(str(fstab), "/swap none swap sw 0 0", "# /swap none swap sw 0 0")))

    told = well(machine.run(report))

    assert fstab.read_bytes() == b"".join(
        [b"# " + line if line == b"/swap none swap sw 0 0\n" else line for line in before.splitlines(keepends=True)]
    )
    assert stat.S_IMODE(fstab.stat().st_mode) == 0o640
    (backup,) = (machine.folder / "var/backups/nodecheck").iterdir()
    copy = Path(f"{backup}{fstab}")
    assert copy.read_bytes() == before
    assert str(backup) in told
    assert os.listdir(etc) == ["fstab"]

    after = state(machine.folder)
    again = well(machine.run(report))
    assert "already done" in again
    assert "1 step: 0 done" in again
    assert state(machine.folder) == after


LONG = "x" * 100_000
EDITS: list[tuple[bytes, list[tuple[str, str]], bytes]] = [
    (b"a", [("a", "b")], b"b"),
    (b"a\n", [("a", "b")], b"b\n"),
    (b"x\na", [("a", "b")], b"x\nb"),
    (b"a\na\nxa\na", [("a", "b")], b"b\nb\nxa\nb"),
    (b"a\nb\nc\n", [("a", "1"), ("b", "2"), ("c", "3")], b"1\n2\n3\n"),
    (b"kind\nx\n", [("kind", "kind\nnew")], b"kind\nnew\nx\n"),
    (b"x\nkind", [("kind", "kind\nnew\nmore")], b"x\nkind\nnew\nmore"),
    (b"x\nkind", [("kind", "new\nkind")], b"x\nnew\nkind"),
    (b"kind\n", [("kind", "kind\na"), ("kind", "kind\nb")], b"kind\na\nb\n"),
    (b"a\r\nb\r\n", [("b\r", "# b\r")], b"a\r\n# b\r\n"),
    (b"\n\na\n\n\n", [("a", "")], b"\n\n\n\n\n"),
    (b"x\n\ny\n", [("", "z")], b"x\nz\ny\n"),
    (b"a\\\nb\\n\n", [("a\\", "b\\c\\n%s")], b"b\\c\\n%s\nb\\n\n"),
    (b"-n\n-e x\n", [("-n", "--"), ("-e x", "-e y")], b"--\n-e y\n"),
    (b".*\n[a]\n", [("[a]", "&\\1"), (".*", "$0")], b"$0\n&\\1\n"),
    (b"EOF\nx\n", [("EOF", "EOF 2")], b"EOF 2\nx\n"),
    (b"tab\there\n", [("tab\there", "# tab\there")], b"# tab\there\n"),
    ("é \udcff\n".encode("utf-8", "surrogateescape"), [("é \udcff", "# é \udcff")], b"# \xc3\xa9 \xff\n"),
    (b"\x1b[31mx\x07\n", [("\x1b[31mx\x07", "\x01\x7f")], b"\x01\x7f\n"),
    (b"a\n" + b"y" * 300_000 + b"\n", [("a", "b")], b"b\n" + b"y" * 300_000 + b"\n"),
    (b"a\0b\nx\n", [("x", "y")], b"a\0b\ny\n"),
    (b"# a\na\n", [("a", "# a")], b"# a\n# a\n"),
    (LONG.encode() + b"\ny\n", [(LONG, "# " + LONG)], f"# {LONG}\ny\n".encode()),
]  # fmt: skip


def test_edits(machine: Machine, etc: Path) -> None:
    fixes = []
    for number, (before, edits, _) in enumerate(EDITS):
        (etc / str(number)).write_bytes(before)
        fixes += [mended(edit(str(etc / str(number)), *each)) for each in edits]
    report = report_of(*[failing(f"c[{number:03}]", fix) for number, fix in enumerate(fixes)])

    well(machine.run(report))

    for number, (before, _, after) in enumerate(EDITS):
        assert (etc / str(number)).read_bytes() == after, before
    kept = state(machine.folder)
    assert " 0 done," in well(machine.run(report))
    assert state(machine.folder) == kept


def test_files_are_created_with_their_mode_in_new_directories(machine: Machine, etc: Path) -> None:
    one, two = etc / "new/sub dir/a.conf", etc / "b"
    report = of(mended(create(str(one), "a = 1\n\n")), mended(create(str(two), "#!/bin/sh\n", "0755")))

    well(machine.run(report))

    assert one.read_text() == "a = 1\n\n"
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (one, two, one.parent, one.parent.parent)]
    assert modes == [0o644, 0o755, 0o755, 0o755]
    kept = state(machine.folder)
    assert "2 steps: 0 done, 2 already done" in well(machine.run(report))
    assert state(machine.folder) == kept
    assert not (machine.folder / "var").exists()


CONTENTS = ["", "x", "no end", "\n\n", "a\\\n%d'\"$(id)`\r\n", "\udcff\x01", "é\n", "-n", "\x7f\x80\n"]


def test_contents_are_written_byte_by_byte(machine: Machine, etc: Path) -> None:
    well(machine.run(of(*[mended(create(f"{etc}/{place}", content)) for place, content in enumerate(CONTENTS)])))

    for place, content in enumerate(CONTENTS):
        assert (etc / str(place)).read_bytes() == content.encode("utf-8", "surrogateescape")


def test_the_right_content_with_another_mode_gets_the_mode(dash: Machine, etc: Path) -> None:
    path = etc / "x.modules"
    path.write_text("a\n")
    path.chmod(0o600)

    well(dash.run(of(mended(create(str(path), "a\n", "0755")))))

    assert stat.S_IMODE(path.stat().st_mode) == 0o755


def test_an_empty_file_is_written_to_and_kept(dash: Machine, etc: Path) -> None:
    (etc / "config.toml").touch()

    assert "the blank file as it was" in well(dash.run(of(mended(create(str(etc / "config.toml"), "a\n")))))
    assert (etc / "config.toml").read_text() == "a\n"


def broken(name: str, etc: Path) -> None:
    """Make the file differ from what was judged, in one way."""
    path = etc / "file"
    if name == "gone":
        return
    if name == "a directory":
        path.mkdir()
    elif name == "a FIFO":
        os.mkfifo(path)
    elif name == "a link to nothing":
        path.symlink_to(etc / "none")
    elif name == "a link loop":
        path.symlink_to(path)
    elif name == "a link that anyone could make":
        (etc / "open").mkdir()
        (etc / "open").chmod(0o1777)
        (etc / "real").write_text("a\n")
        (etc / "open/file").symlink_to(etc / "real")
        path.symlink_to(etc / "open/file")
    else:
        path.write_text({"another line": "a \n", "a part of a line": "xa\n", "empty": ""}[name])


BROKEN = [
    "gone", "a directory", "a FIFO", "a link to nothing", "a link loop", "another line", "a part of a line", "empty",
]  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_nothing_is_changed_where_a_file_is_not_what_was_judged(dash: Machine, etc: Path, what: str) -> None:
    broken(what, etc)
    log = program(dash, "thing")
    report = of(
        mended(create(str(etc / "new"), "x")), mended(command("thing")), mended(edit(str(etc / "file"), "a", "b")),
        mended(edit(str(etc / "file"), "c", "d")),
    )  # fmt: skip
    before = state(etc)

    ended = dash.run(report)

    assert ended.code == 3
    assert "refused: 2 of 4 steps cannot be done as they were planned; nothing was changed" in ended.err
    assert f'edit {etc}/file: "a" becomes "b"' in ended.err
    assert ended.out == ""
    assert state(etc) == before
    assert not log.exists()
    assert not (dash.folder / "run").exists()


@pytest.mark.parametrize("what", ["a directory", "a FIFO", "a link to nothing", "a link loop", "another line"])
def test_a_file_that_is_there_by_now_is_not_overwritten(dash: Machine, etc: Path, what: str) -> None:
    broken(what, etc)
    before = state(etc)

    ended = dash.run(of(mended(create(str(etc / "file"), "x\n"))))

    assert (ended.code, state(etc)) == (3, before)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
@pytest.mark.parametrize("what", ["immutable", "a mount"])
def test_what_cannot_be_replaced_is_told_before_anything_is_changed(dash: Machine, etc: Path, what: str) -> None:
    path = etc / "file"
    path.write_text("a\n")
    on, off = ["chattr", "+i", str(path)], ["chattr", "-i", str(path)]
    if what == "a mount":
        on, off = ["mount", "--bind", str(path), str(path)], ["umount", str(path)]
    if shutil.which(on[0]) is None or subprocess.run(on, capture_output=True).returncode:
        pytest.skip(f"{on[0]} does not work here")
    try:
        before = state(etc)
        ended = dash.run(of(mended(create(f"{etc}/new", "x\n")), mended(edit(str(path), "a", "b"))))
        done_already = dash.run(of(mended(edit(str(path), "x", "a"))))
    finally:
        subprocess.run(off, check=True)

    assert ended.code == 3
    assert what.removeprefix("a ") in ended.err
    assert state(etc) == before
    assert done_already.code == 0


def test_a_directory_that_is_a_file_is_told(dash: Machine, etc: Path) -> None:
    (etc / "conf.d").write_text("")

    ended = dash.run(of(mended(create(str(etc / "conf.d/sub/x"), "x\n"))))

    assert ended.code == 3
    assert "its directory is no directory" in ended.err


def test_an_insertion_at_a_line_that_is_there_twice_is_refused(dash: Machine, etc: Path) -> None:
    (etc / "f").write_text("{\n{\n")

    ended = dash.run(of(mended(edit(str(etc / "f"), "{", "{\nx"))))

    assert ended.code == 3
    assert "the line is there 2 times, not once" in ended.err


def test_a_link_is_followed_and_stays(machine: Machine, etc: Path) -> None:
    (etc / "sysctl.conf").write_text("a = 1\n")
    (etc / "sysctl.d").mkdir()
    (etc / "sysctl.d/99-sysctl.conf").symlink_to("../sysctl.conf")

    well(machine.run(of(mended(edit(str(etc / "sysctl.d/99-sysctl.conf"), "a = 1", "a = 2")))))

    assert (etc / "sysctl.conf").read_text() == "a = 2\n"
    assert os.readlink(etc / "sysctl.d/99-sysctl.conf") == "../sysctl.conf"


def test_no_link_is_followed_that_anyone_could_have_made(machine: Machine, etc: Path) -> None:
    (etc / "real").write_text("a\n")
    (etc / "open").mkdir()
    (etc / "open").chmod(0o1777)
    (etc / "open/link").symlink_to(etc / "real")
    (etc / "open/dir").symlink_to(etc)
    (etc / "open/plain").write_text("a\n")

    for name in ("open/link", "open/dir/real", "open/plain"):
        ended = machine.run(of(mended(edit(str(etc / name), "a", "b"))))
        assert ended.code == 3
        assert "anyone" in ended.err
    for name in ("open/new", "open/dir/new"):
        assert machine.run(of(mended(create(str(etc / name), "x")))).code == 3
    assert (etc / "real").read_text() == "a\n"


def test_the_first_error_stops_it_and_what_is_left_is_told(machine: Machine, etc: Path) -> None:
    (etc / "f").write_text("a\n")
    bad, good = program(machine, "bad", "exit 7"), program(machine, "good")
    report = of(
        mended(edit(str(etc / "f"), "a", "b")), mended(command("bad", "x y")),
        mended(command("systemctl", "restart", "--", "d"), title="Restart it"),
    )  # fmt: skip
    program(machine, "systemctl")

    ended = machine.run(report)

    assert ended.code == 1
    assert bad.read_text() == "x y\n"
    assert not good.exists()
    assert (etc / "f").read_text() == "b\n"
    assert ended.err == (
        "    failed: it ended with exit code 7\n"
        "stopped at step 2 of 3 (run bad 'x y'); 1 done before it. Left undone:\n"
        "  2. run bad 'x y'  (for b)\n"
        "  3. run systemctl restart -- d  (for c)\n"
    )


def test_a_program_that_is_not_there_is_told_before_anything_is_changed(dash: Machine, etc: Path) -> None:
    report = of(mended(create(str(etc / "f"), "x")), mended(command("no-such-program", "x")))

    ended = dash.run(report)

    assert ended.code == 3
    assert "run no-such-program x: there is no such program here  (for b)" in ended.err
    assert os.listdir(etc) == []


def test_the_package_manager_itself_must_be_there(dash: Machine, etc: Path) -> None:
    installs = mended(command("zypper", "--non-interactive", "install", "--", TOOL))
    ended = dash.run(of(mended(create(str(etc / "f"), "x")), installs, mended(command(TOOL, "list"))))

    assert ended.code == 3
    assert "zypper" in ended.err
    assert "there is no such program here" in ended.err
    assert os.listdir(etc) == []


def test_commands_run_with_the_usual_umask_and_backups_are_private(dash: Machine, etc: Path) -> None:
    (etc / "f").write_text("a\n")
    program(dash, "maker", f"mkdir {etc}/made")

    well(dash.run(of(mended(edit(str(etc / "f"), "a", "b")), mended(command("maker")))))

    backups = dash.folder / "var/backups/nodecheck"
    paths = (etc / "made", backups, *backups.iterdir(), dash.folder / "run/nodecheck", backups.parent)
    assert [oct(path.stat().st_mode & 0o777) for path in paths] == ["0o755", "0o700", "0o700", "0o700", "0o755"]


def test_a_package_restarts_no_other_service(dash: Machine, etc: Path) -> None:
    """needrestart(1), which apt calls on Ubuntu, does so by itself from 24.04 on."""
    program(dash, "dpkg-query", "exit 1")
    program(dash, "apt-get", f'[ -n "$NEEDRESTART_SUSPEND" ] && echo "$DEBIAN_FRONTEND" >{etc}/found')

    well(dash.run(of(mended(command("apt-get", "install", "-y", "--", TOOL)))))

    assert (etc / "found").read_text() == "noninteractive\n"


def test_lists_of_packages_are_fetched_where_there_are_none(dash: Machine) -> None:
    log = program(dash, "apt-get")
    there = any("_Packages" in path.name for path in Path("/var/lib/apt/lists").glob("*"))

    out = well(dash.run(of(mended(command("apt-get", "update")))))

    assert ("already done" in out.split("\n")[2], log.exists()) == (there, not there)


def test_a_program_may_come_with_a_package(dash: Machine) -> None:
    apt = f"cp {dash.folder}/bin/apt-get {dash.folder}/bin/{TOOL}"
    log = program(dash, "apt-get", apt)
    report = of(mended(command("apt-get", "install", "-y", "--", TOOL)), mended(command(TOOL, "create", "x")))

    well(dash.run(report))

    assert log.read_text() == f"install -y -- {TOOL}\ncreate x\n"


def test_a_host_that_was_renamed_is_still_the_one(dash: Machine, etc: Path) -> None:
    program(dash, "hostnamectl")
    rename = mended(command("hostnamectl", "set-hostname", os.uname().nodename), create(str(etc / "f"), "x"))

    well(dash.run(report_of(failing("a", rename), hostname="Before")))


def test_a_restart_happens_where_something_changed_alone(machine: Machine, etc: Path) -> None:
    one, two = etc / "one", etc / "two"
    one.write_text("a\n")
    two.write_text("b\n")
    log = program(machine, "systemctl")
    reload, docker, kubelet = (
        command("systemctl", "daemon-reload"), command("systemctl", "restart", "--", "docker"),
        command("systemctl", "restart", "--", "kubelet"),
    )  # fmt: skip
    report = of(
        mended(edit(str(one), "a", "b"), docker, safety="disruptive"),
        mended(edit(str(two), "a", "b"), reload, kubelet, safety="disruptive"),
    )

    told = well(machine.run(report))

    assert log.read_text() == "restart -- docker\n"
    assert told.count("not needed: nothing was changed that it is for") == 2
    assert "5 steps: 2 done, 3 already done or not needed" in told
    assert "5 steps: 0 done, 5 already done or not needed" in well(machine.run(report))
    one.write_text("a\n")
    well(machine.run(report))
    assert log.read_text() == "restart -- docker\n" * 2


def test_a_restart_that_was_due_when_an_earlier_run_stopped_is_made_up_for(machine: Machine, etc: Path) -> None:
    (etc / "f").write_text("a\n")
    restart = command("systemctl", "restart", "--", "kubelet")
    report = of(mended(edit(str(etc / "f"), "a", "b"), command("between"), restart))
    log, between = program(machine, "systemctl"), program(machine, "between", "exit 1")

    assert machine.run(report).code == 1
    assert not log.exists()
    program(machine, "between")
    well(machine.run(report))
    assert log.read_text() == "restart -- kubelet\n"
    well(machine.run(report))
    assert log.read_text() == "restart -- kubelet\n"
    assert between.read_text() == "\n\n"


def test_a_service_is_taken_from_runlevels_that_it_is_in(machine: Machine) -> None:
    """rc-update fails for a level that the service is not in, so that a second run, or one after a boot, would stop."""
    log = program(machine, "rc-update", "exit 1")
    name = "nodecheck-is-no-service"

    out = well(machine.run(of(mended(command("rc-update", "del", name, "boot", "default")))))

    assert "1 step: 0 done, 1 already done" in out
    assert not log.exists()
    assert machine.run(of(mended(command("rc-update", "add", name, "boot")))).code == 1
    assert log.read_text() == f"add {name} boot\n"


def test_a_restart_alone_is_made_once_for_a_report(machine: Machine) -> None:
    log = program(machine, "systemctl")
    restart = mended(command("systemctl", "restart", "--", "docker"), safety="disruptive")

    for _ in range(2):
        well(machine.run(of(restart)))
    assert log.read_text() == "restart -- docker\n"
    well(machine.run(report_of(failing("a", restart), run_id="3f2b8c1e-0000-4000-8000-000000000001")))
    assert log.read_text() == "restart -- docker\n" * 2


def test_commands_whose_effect_shows_are_not_run_again(machine: Machine) -> None:
    logs = [program(machine, name) for name in ("swapoff", "modprobe", "sysctl", "ip")]
    report = of(
        mended(command("swapoff", "--", "/no such\\swap")), mended(command("sysctl", "-w", "kernel.ostype=Linux")),
        mended(command("ip", "link", "set", "dev", "lo", "mtu", Path("/sys/class/net/lo/mtu").read_text().strip())),
    )  # fmt: skip

    assert "3 steps: 0 done, 3 already done" in well(machine.run(report))
    assert [log for log in logs if log.exists()] == []
    ostype = mended(command("sysctl", "-w", "kernel.ostype=GNU"))
    well(machine.run(of(ostype, mended(command("modprobe", "--", "no_such_module")))))
    assert logs[2].read_text() == "-w kernel.ostype=GNU\n"
    assert logs[1].read_text() == "-- no_such_module\n"


@pytest.mark.parametrize(
    ("verb", "state_told", "done"),
    [
        ("enable", "enabled", True), ("enable", "disabled", False), ("enable", "static", True),
        ("enable", "masked", False), ("disable", "enabled", False), ("disable", "disabled", True),
        ("disable", "masked", True), ("mask", "masked", True), ("mask", "disabled", False),
        ("unmask", "masked", False), ("unmask", "disabled", True), ("start", "active", True),
        ("start", "inactive", False), ("start", "failed", False), ("stop", "active", False), ("stop", "inactive", True),
    ],
)  # fmt: skip
def test_units(dash: Machine, verb: str, state_told: str, done: bool) -> None:
    log = program(dash, "systemctl", f"case $1 in is-*) echo {state_told}; exit 3 ;; esac")

    told = well(dash.run(of(mended(command("systemctl", verb, "--", "a.service")))))

    asked = "is-active" if verb in ("start", "stop") else "is-enabled"
    assert log.read_text() == f"{asked} -- a.service\n" * 2 + ("" if done else f"{verb} -- a.service\n")
    assert f"1 step: {1 - done} done, {done:d} already done" in told


def test_a_dry_run_shows_all_and_changes_nothing(dash: Machine, etc: Path) -> None:
    (etc / "f").write_text("a\n")
    log = program(dash, "systemctl")
    report = of(
        mended(edit(str(etc / "f"), "a", "b"), command("systemctl", "restart", "--", "d"), safety="disruptive"),
        mended(create(str(etc / "new"), "x")),
        mended(create(str(etc / "f2"), "")),
    )
    (etc / "f2").touch()
    before = state(etc)

    told = well(dash.run(report, "--dry-run"))

    assert state(etc) == before
    assert not log.exists()
    assert not (dash.folder / "run").exists()
    assert "This was a dry run: nothing was changed." in told
    assert told.count("would") == 3
    assert "4 steps: 3 to do, 1 already done" in told
    assert told.count("already done\n") == 1


def test_what_is_disruptive_can_be_left_out(dash: Machine, etc: Path) -> None:
    log = program(dash, "systemctl")
    report = of(
        mended(create(str(etc / "new"), "x")),
        mended(create(str(etc / "conf"), "x"), command("systemctl", "restart", "--", "d"), safety="disruptive"),
    )

    told = well(dash.run(report, "--no-disruptive"))

    assert os.listdir(etc) == ["new"]
    assert not log.exists()
    assert "1 done, 0 already done or not needed, 2 left out" in told


def test_manual_steps_reboots_and_what_is_not_fixed_are_told_at_the_end(dash: Machine, etc: Path) -> None:
    one = failing("a", mended(manual("drain the node"), create(str(etc / "f"), "x"), reboot=True))
    told = well(dash.run(report_of(one, failing("b", None))))

    assert "left to a person" in told
    assert told.endswith(
        "Left to a person:\n  - drain the node  (for a)\n  - b: no fix is known: it is not well\n"
        "Reboot this node: what step 1, 2 fixes holds only after that.\n"
    )


def test_a_reboot_is_told_until_it_happened(machine: Machine, etc: Path) -> None:
    report = of(mended(create(str(etc / "f"), "x"), reboot=True), mended(create(str(etc / "g"), "x")))
    told = "Reboot this node: what step 1 fixes holds only after that.\n"

    assert well(machine.run(report, "--dry-run")).endswith(told)
    assert well(machine.run(report)).endswith(told)
    assert well(machine.run(report)).endswith(told)
    shutil.rmtree(machine.folder / "run")
    assert well(machine.run(report)).endswith("2 steps: 0 done, 2 already done or not needed, 0 left out.\n")
    image = report_of(failing("a", mended(create(str(etc / "h"), "x"), reboot=True)), root="/mnt/image")
    assert well(machine.run(image, "--in-root")).endswith("holds only after that system has booted.\n")


def test_what_restarts_something_is_told_at_its_step(dash: Machine, etc: Path) -> None:
    program(dash, "systemctl")
    report = of(
        mended(create(str(etc / "f"), "x")),
        mended(command("systemctl", "restart", "--", "d"), safety="disruptive"),
    )
    for words in ((), ("--dry-run",)):
        told = well(dash.run(report, *words)).split("\n")
        assert [line.endswith(" (restarts or cuts something)") for line in told if line[:1] == "["] == [False, True]


def test_the_script_of_a_directory_names_no_running_host(dash: Machine) -> None:
    log = program(dash, "hostname")
    report = report_of(failing("a", mended(command("hostname", "node-1"))), root="/mnt/image")
    assert "only the running node can do that" in well(dash.run(report, "--in-root"))
    assert not log.exists()


def test_another_host_is_refused(dash: Machine, etc: Path) -> None:
    fix = mended(create(str(etc / "f"), "x"))
    other, same = (
        report_of(failing("a", fix), hostname="other"),
        report_of(failing("a", fix), hostname=os.uname().nodename),
    )

    ended = dash.run(other)
    assert ended.code == 3
    assert "this is not other, which was judged" in ended.err
    assert os.listdir(etc) == []
    well(dash.run(other, "--any-host", "--dry-run"))
    well(dash.run(same))
    assert os.listdir(etc) == ["f"]


def test_the_script_of_a_directory_is_not_for_the_running_system(dash: Machine, etc: Path) -> None:
    log = program(dash, "systemctl", "case $1 in is-*) echo disabled ;; esac")
    report = report_of(
        failing("a", mended(create(str(etc / "f"), "x"), command("systemctl", "restart", "--", "d"))),
        failing("b", mended(command("sysctl", "-w", "kernel.ostype=GNU"))),
        failing("c", mended(command("systemctl", "enable", "--", "d.service"))),
        root="/mnt/image",
    )

    ended = dash.run(report)
    assert ended.code == 3
    assert "a directory was judged (/mnt/image), and this may be the running system" in ended.err
    assert os.listdir(etc) == []
    told = well(dash.run(report, "--in-root"))
    assert os.listdir(etc) == ["f"]
    assert log.read_text() == "is-enabled -- d.service\n" * 2 + "enable -- d.service\n"
    assert told.count("only the running node can do that") == 2


@pytest.mark.parametrize("words", [["--dryrun"], ["x"], ["--help", "x"], ["--help"], ["-h"]])
def test_options(dash: Machine, etc: Path, words: list[str]) -> None:
    ended = dash.run(of(mended(create(str(etc / "f"), "x"))), *words)

    assert ended.code == (0 if words[0] in ("--help", "-h") else 2)
    assert "usage: sh " in ended.out + ended.err
    assert os.listdir(etc) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another")
def test_it_needs_root(machine: Machine, etc: Path) -> None:
    machine.run(of(mended(create(str(etc / "f"), "x"))), "--help")
    text = (machine.folder / "fix.sh").read_bytes()

    done = subprocess.run(
        [*machine.shell, "-s"], input=text, capture_output=True, user=65534, group=65534, extra_groups=[], cwd="/"
    )

    assert (done.returncode, done.stdout) == (3, b"")
    assert b"needs root" in done.stderr


def test_it_runs_from_standard_input_whatever_its_commands_read(machine: Machine, etc: Path) -> None:
    program(machine, "reader", "cat")

    told = well(machine.run(of(mended(command("reader")), mended(create(str(etc / "f"), "x"))), stdin=True))

    assert "2 steps: 2 done" in told
    assert (etc / "f").exists()


def test_an_empty_plan_is_a_script_too(machine: Machine) -> None:
    good, dark = failing("g", None, status=Status.PASS), failing("u", None, status=Status.UNKNOWN)
    doubt = "1 setting could not be judged: nodecheck run says why.\n"
    left = "nothing can be done\nLeft to a person:\n  - a: no fix is known: it is not well\n"
    assert machine.text(plan(report_of())).startswith("#!/bin/sh\n")
    for results, told in (
        ((), "nothing failed\nNothing was judged: nodecheck run says why.\n"),
        ((good,), "nothing is to be done\n"),
        ((good, dark), "nothing failed\n" + doubt),
        ((dark,), "nothing failed\n1 setting could not be judged: nodecheck run says why.\n"),
        ((failing("a", None),), left),
        ((failing("a", None), dark), left + doubt),
    ):
        assert well(machine.run(report_of(*results))) == told


def test_what_could_not_be_judged_is_told_at_the_end(dash: Machine, etc: Path) -> None:
    dark = [failing(f"u[{number}]", None, status=Status.UNKNOWN) for number in range(2)]
    told = well(dash.run(report_of(failing("a", mended(create(str(etc / "f"), "x"))), *dark)))
    assert told.endswith("0 left out.\n2 settings could not be judged: nodecheck run says why.\n")


@pytest.mark.parametrize(("name", "code"), [("TERM", 143), ("HUP", 129), ("INT", 130)])
def test_a_signal_leaves_no_half_done_file(machine: Machine, etc: Path, name: str, code: int) -> None:
    (etc / "f").write_text("a\n")
    program(machine, "sync", f"kill -{name} $PPID; exit 0")
    report = of(mended(edit(str(etc / "f"), "a", "b")), mended(command("later")))
    program(machine, "later")

    ended = machine.run(report)

    assert ended.code == code
    assert os.listdir(etc) == ["f"]
    assert (etc / "f").read_text() in ("a\n", "b\n")
    assert "Left undone:" in ended.err
    assert not (machine.folder / "later.log").exists()


def test_the_environment_changes_nothing(machine: Machine, etc: Path) -> None:
    """bash takes the options of the shell that exported SHELLOPTS, noclobber among them."""
    (etc / "f").write_text("a\n")
    state_of_a_run = {"mode": "apply", "new": str(etc / "f"), "backups": "/etc", "target": "/etc", "disruptive": "no"}
    report = of(mended(edit(str(etc / "f"), "a", "b"), create(f"{etc}/g", "g\n"), safety="disruptive"))

    env = {"SHELLOPTS": "noclobber:noglob:keyword", "IFS": "/", "CDPATH": "/etc", "GREP_OPTIONS": "-v", "TMPDIR": "/no"}
    out = well(machine.run(report, env={**env, **state_of_a_run, "QUOTING_STYLE": "c"}))

    assert "2 steps: 2 done" in out
    assert {path.name: path.read_text() for path in etc.iterdir()} == {"f": "b\n", "g": "g\n"}


def test_backups_do_not_overwrite_each_other(dash: Machine, etc: Path) -> None:
    for before in ("a", "b"):
        (etc / "f").write_text(f"{before}\n")
        well(dash.run(of(mended(edit(str(etc / "f"), before, "c")))))

    backups = (dash.folder / "var/backups/nodecheck").iterdir()
    assert sorted(Path(f"{path}{etc}/f").read_text() for path in backups) == ["a\n", "b\n"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_owner_and_extended_attributes_survive(dash: Machine, etc: Path) -> None:
    path = etc / "f"
    path.write_text("a\n")
    os.chown(path, 123, 456)
    try:
        os.setxattr(path, "user.label", b"x")
        os.setxattr(path, "trusted.label", b"y")
    except OSError:
        pytest.skip("this file system has no extended attributes")

    well(dash.run(of(mended(edit(str(path), "a", "b")))))

    assert path.read_text() == "b\n"
    assert (path.stat().st_uid, path.stat().st_gid) == (123, 456)
    assert os.getxattr(path, "user.label") == b"x"
    assert os.getxattr(path, "trusted.label") == b"y"


def test_shellcheck_has_nothing_to_say(tmp_path: Path) -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed")
    everything = [
        mended(edit("/etc/f", "a", "b"), command("systemctl", "restart", "--", "d"), safety="disruptive"),
        mended(create("/etc/new", "x\n")), mended(command("swapoff", "--", "/a 'b")), mended(manual("it's $(me)")),
        mended(command("modprobe", "--", "m")), mended(command("sysctl", "-w", "a.b=1")), mended(command("depmod")),
        mended(command("systemctl", "enable", "--", "~")), mended(command("setenforce", "0")),
        mended(command("ip", "link", "set", "dev", "e", "up")),
        mended(command("ip", "link", "set", "dev", "e", "mtu", "9")),
        mended(command("apt-get", "install", "-y", "ipset")), mended(command("systemctl", "daemon-reload")),
    ]  # fmt: skip
    reports = [of(*everything), *[of(fix) for fix in everything[:4]], report_of(), hostile_report()]
    reports += [report_of(failing("a", fix), root="/mnt", hostname="$(id) 'x'") for fix in everything[1:3]]
    files = []
    for number, report in enumerate(reports):
        files.append(tmp_path / f"{number}.sh")
        files[-1].write_text(plan(report).to_script())

    done = subprocess.run(["shellcheck", "--norc", *files], capture_output=True, text=True)

    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("node1\n", "node1"),
        ("node1", "node1"),
        ("# a name\n\n \tnode1 \r\nother\n", "node1"),
        (" # indented\nnode1\n", "node1"),
        ("# nothing\n", None),
    ],
)
@pytest.mark.parametrize("sed", [("sh",), ("busybox", "sh")])
def test_the_script_reads_the_name_of_a_directory_as_the_report_does(
    tmp_path: Path, sed: tuple[str, ...], content: str, name: str | None
) -> None:
    place = tmp_path / "etc/hostname"
    place.parent.mkdir()
    place.write_bytes(content.encode())

    line = STATIC_HOSTNAME.replace("sed", "busybox sed") if sed[0] == "busybox" else STATIC_HOSTNAME
    if shutil.which(sed[0]) is None:
        pytest.skip(f"{sed[0]} is not installed")
    found = subprocess.run([*sed, "-c", line.replace("/etc/hostname", str(place))], capture_output=True, check=True)

    assert found.stdout.decode() == (f"{name}\n" if name else "")
    assert nodecheck.run(root=tmp_path, select=["os-release"]).node.hostname == name


def test_it_stops_at_a_step_that_fails_or_goes_on_without_what_needs_it(machine: Machine, etc: Path) -> None:
    log = program(machine, "breaks", "exit 7")
    after = program(machine, "restarts")
    last = program(machine, "works")
    (etc / "fstab").write_text("swap\n")
    report = of(
        mended(command("breaks"), command("restarts", "a"), command("restarts", "b")),
        mended(edit(str(etc / "fstab"), "swap", "# swap")), mended(command("works")),
    )  # fmt: skip
    found = plan(report)
    order = [item.step for item in found.steps]
    assert order.index(command("breaks")) < order.index(command("works"))

    stopped = machine.run(found)
    assert stopped.code == 1
    assert "stopped at step" in stopped.err
    assert not last.exists()

    went_on = machine.run(found, "--keep-going")
    assert went_on.code == 1
    assert (etc / "fstab").read_text() == "# swap\n"
    assert last.read_text() == "\n"
    assert not after.exists()
    assert log.read_text() == "\n\n"
    place = order.index(command("breaks")) + 1
    assert f"left out: step {place} was not done" in went_on.out
    assert "failed: it ended with exit code 7" in went_on.err
    assert "2 left out, 1 failed." in went_on.out
    assert "stopped at" not in went_on.err

    before = state(machine.folder / "etc")
    again = machine.run(found, "--keep-going")
    assert (again.code, state(machine.folder / "etc"), last.read_text()) == (1, before, "\n")
    (machine.folder / "bin/breaks").write_text("#!/bin/sh\n")
    well(machine.run(found, "--keep-going"))
    assert after.read_text() == "a\nb\n"


def test_a_file_that_cannot_be_written_stops_nothing_else(machine: Machine, etc: Path) -> None:
    (etc / "fstab").write_text("swap\n")
    program(machine, "mktemp", f'case "$*" in *{etc}/.nodecheck*) exit 1 ;; esac; exec /usr/bin/mktemp "$@"')
    made = etc.parent / "other"
    made.mkdir()
    report = of(
        mended(edit(str(etc / "fstab"), "swap", "# swap"), command("never")), mended(create(f"{made}/f", "x\n"))
    )
    never = program(machine, "never")

    ended = machine.run(report, "--keep-going")

    assert ended.code == 1
    assert "no file can be made in its directory" in ended.err
    assert (made / "f").read_text() == "x\n"
    assert not never.exists()
    assert os.listdir(etc) == ["fstab"]


def test_the_plan_can_make_it_go_on_of_itself(dash: Machine, etc: Path) -> None:
    program(dash, "breaks", "exit 7")
    dash.keep_going = True

    ended = dash.run(of(mended(command("breaks")), mended(create(str(etc / "f"), "x"))))

    assert ended.code == 1
    assert "1 done, 0 already done or not needed, 0 left out, 1 failed." in ended.out
    assert (etc / "f").exists()
    assert "goes on without what needs a step that failed" in (dash.folder / "fix.sh").read_text()


def test_what_is_not_as_it_was_judged_is_left_alone_where_it_goes_on(machine: Machine, etc: Path) -> None:
    after, works = program(machine, "restarts"), program(machine, "works")
    (etc / "fstab").write_text("changed by then\n")
    before = state(etc)
    report = of(
        mended(edit(str(etc / "fstab"), "swap", "# swap"), command("restarts")), mended(command(TOOL)),
        mended(command("works")),
    )  # fmt: skip

    refused = machine.run(report)
    assert (refused.code, works.exists()) == (3, False)

    ended = machine.run(report, "--keep-going")
    assert ended.code == 1
    assert "failed: the line that was judged is not there any more" in ended.err
    assert "1 done, 0 already done or not needed, 1 left out, 2 failed." in ended.out
    assert works.exists()
    assert not after.exists()
    assert state(etc) == before


def test_a_file_of_settings_is_written_for_what_needs_nothing_that_failed(machine: Machine, etc: Path) -> None:
    program(machine, "breaks", "exit 7")
    (etc / "sysctl.d").mkdir()
    file = str(etc / "sysctl.d/99-nodecheck.conf")
    bridge = mended(command("breaks"), create(file, "# a\na.b = 1\n"), command("later"))
    later = program(machine, "later")

    ended = machine.run(of(bridge, mended(create(file, "# b\nc.d = 1\n"))), "--keep-going")

    assert ended.code == 1
    assert "c.d = 1\n" in Path(file).read_text()
    assert not later.exists()
    Path(file).unlink()
    assert machine.run(of(bridge), "--keep-going").code == 1
    assert not Path(file).exists()
