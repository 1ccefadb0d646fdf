"""``nodecheck collector --more``: a script for exactly what a capture has no answer to, and the two joined."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import nodecheck
from nodecheck.capturing.collector import script
from nodecheck.capturing.complete import captured
from nodecheck.capturing.files import open_capture, packed, read_capture
from nodecheck.capturing.image import Image, PathEntry
from nodecheck.capturing.more import Lacking, _sorted_out, lacking
from nodecheck.capturing.settle import settled
from nodecheck.errors import CaptureError, Denied, Unsupported
from nodecheck.host import open_host
from nodecheck.host.base import Question
from nodecheck.model.sources import Program
from nodecheck.plugins import load
from tests.capturing.shells import HERE, LIMIT_S, collected
from tests.capturing.test_archives import sosreport
from tests.cli.conftest import Ended
from tests.nodes import debian_node

Run = Callable[..., Ended]

GONE = ("/etc/sysctl.d", "/etc/fstab", "/etc/os-release", "/usr/bin", "/etc/systemd/system", "/etc/kubernetes")
"""What is taken out of a capture, with all below it."""


@pytest.fixture
def node(tmp_path: Path) -> Path:
    return debian_node(tmp_path / "node")


def without(image: Image, *gone: str) -> Image:
    """The image as if nobody had looked there."""
    for path in [*image.entries]:
        if any(path == one or path.startswith(f"{one}/") for one in gone):
            del image.entries[path]
        elif any(one.startswith(f"{path}/") for one in gone):
            image.entries[path].names = None
    return image


def of(image: Image) -> Lacking:
    return lacking(read_capture(packed(image), "a capture"), load())


def ran(text: str, shell: tuple[str, ...], root: Path) -> bytes:
    environment = {"PATH": os.environ["PATH"], "NODECHECK_ROOT": str(root)}
    done = subprocess.run(
        [*shell, "-s"], input=text.encode(), env=environment, capture_output=True, timeout=LIMIT_S, check=True
    )
    return done.stdout


def statuses(capture: bytes | str) -> dict[str, str]:
    report = nodecheck.run(capture=capture, role="worker", kubernetes="1.34")
    return {item.id: str(item.status) for item in report.results}


@pytest.mark.parametrize("shell", HERE, ids=lambda shell: str(shell[0]))
def test_the_second_round_brings_what_the_first_lacked(node: Path, tmp_path: Path, shell: tuple[str, ...]) -> None:
    first = tmp_path / "a.capture"
    first.write_bytes(packed(without(read_capture(collected(node, shell).stdout, "a capture").image, *GONE)))
    rounds, sizes = [str(first)], []
    for number in range(4):  # what is brought names more: configuration that a unit names, and so on
        found = lacking(read_capture(packed(settled(rounds)), "a capture"), load())
        sizes.append(found.number)
        if not found.number:
            break
        assert not found.beyond
        following = tmp_path / f"{number}.capture"
        following.write_bytes(ran(script(load(), found.wanted), shell, node))
        rounds.append(str(following))
    assert sizes[-1] == 0
    assert 2 <= len(rounds) <= 4

    joined = tmp_path / "whole.capture"
    joined.write_bytes(packed(settled(rounds)))
    whole = nodecheck.run(
        root=node, role="worker", kubernetes="1.34", ignore=["certificate"]
    )  # the script leaves it out
    expected = {item.id: str(item.status) for item in whole.results}
    told = [{name: how for name, how in statuses(str(one)).items() if name in expected} for one in (joined, first)]
    assert told[0] == expected
    assert told[1] != expected
    assert {name for name in statuses(str(joined)) if not name.startswith("certificate")} == set(expected)


def test_the_script_asks_for_nothing_else(node: Path) -> None:
    image = captured(open_host(str(node)), load())
    assert of(image).number == 0

    found = of(without(image, "/etc/fstab"))
    assert found.number
    paths = {getattr(source, "path", "") for source in found.wanted.sources}
    assert "/etc/fstab" in paths
    assert not [path for path in paths if path.startswith(("/usr/lib/systemd", "/etc/sysctl.d"))]
    assert (found.wanted.parts, found.wanted.spaces, found.beyond) == ((), (), ())
    whole, more = script(load()), script(load(), found.wanted)
    assert "run iptables-save" in whole
    assert "run iptables-save" not in more


EVIL = (
    "/etc/a'; touch /tmp/evil; '", "/etc/$(id)", "/etc/`id`", "/etc/a b", "/etc/a\nb", "/etc/*", "/etc/-", "/etc/ä",
    "/etc/[a]", '/etc/"', "/etc/a\\", "/etc/a#", "/etc/~;", "/etc/a&", "/etc/a|b", "/srv/env/..", "/srv/env/.",
)  # fmt: skip


@pytest.mark.parametrize("name", EVIL)
def test_a_name_that_is_no_word_of_the_shell_is_not_put_into_the_script(name: str) -> None:
    """The script is run by root, and a capture may come from anywhere."""
    asked = [
        Question("read", (name, 64)), Question("names", (name,)), Question("stat", (name,)),
        Question("statvfs", (name,)), Question("read_at", (name, 0, 256)), Question("netlink", (name,)),
    ]  # fmt: skip
    found = _sorted_out(asked, [], {})
    text = script(load(), found.wanted)

    assert found.beyond
    assert set("'\"$`;&|*[]()<>\\#") & set(listed(text)) == set()
    assert "evil" not in text
    assert (found.wanted.spaces, found.wanted.heads) == ((), ())


def listed(text: str) -> str:
    """What a script is to look at."""
    return text.partition("SOURCES='")[2].partition("'\n")[0]


def test_a_unit_of_a_capture_puts_no_command_into_the_script(node: Path, tmp_path: Path) -> None:
    image = captured(open_host(str(node)), load())
    path = next(path for path in image.entries if path.endswith("/kubelet.service") and image.entries[path].content)
    name = "/etc/a';touch$IFS/tmp/evil;'"
    image.entries[path].content = f"[Service]\nExecStart=/usr/bin/kubelet\nEnvironmentFile={name}\n".encode()
    image.entries[path].info = None
    image.at("/etc").names = None
    found = of(image)

    assert found.beyond == (name,)
    assert "evil" not in script(load(), found.wanted)


def test_a_program_that_no_check_runs_is_not_run(node: Path) -> None:
    known = [Program(("containerd", "--version")), Program(("systemctl", "show", "--", "*"))]
    asked = {
        ("containerd", "--version"): True,
        ("/opt/bin/containerd", "--version"): True,
        ("/tmp/wipe", "--version"): False,
        ("/proc/777/root/usr/bin/containerd", "--version"): False,
        ("/opt/../proc/777/root/containerd", "--version"): False,
        ("/tmp/containerd", "--version"): False,
        ("containerd", "--config", "/tmp/x"): False,
        ("systemctl", "show", "--", "kubelet.service"): True,
        ("systemctl", "show", "--", "$(id)"): False,
        ("/usr/bin/$(id)/containerd", "--version"): False,
    }
    found = _sorted_out([Question("run", (argv,)) for argv in asked], known, {})

    assert {source.argv for source in found.wanted.sources if isinstance(source, Program)} == {
        argv for argv, may in asked.items() if may
    }
    assert len(found.beyond) == sum(not may for may in asked.values())


def test_what_only_a_kernel_tells_is_asked_for_again(node: Path) -> None:
    asked = [
        Question("netlink", ("links",)), Question("clock"), Question("uname"), Question("names", ("/proc",)),
        Question("read", ("/proc/12/comm", 64)), Question("statvfs", ("/var/lib/kubelet",)),
        Question("read_at", ("/usr/bin/x", 0, 256)), Question("read_at", ("/var/lib/rpm/Packages", 4096, 512)),
        Question("xattr", ("/usr/bin/x", "security.capability")), Question("read", ("/etc/shadow", 64)),
    ]  # fmt: skip
    found = _sorted_out(asked, [], {"/etc/shadow"})

    assert set(found.wanted.parts) == {"kernel", "uname", "processes"}
    assert found.wanted.spaces == ("/var/lib/kubelet",)
    assert found.wanted.heads == ("/usr/bin/x",)
    assert found.beyond == ("/etc/shadow", "/usr/bin/x")
    text = script(load(), found.wanted)
    assert "/usr/bin: + x" in text
    assert "SPACES='/var/lib/kubelet'" in text


def test_who_did_not_ask_knows_no_better(node: Path, tmp_path: Path) -> None:
    """A second round that asks no kernel says that no program could: the first had asked."""
    first, second = captured(open_host(str(node)), load()), captured(open_host(str(node)), load())
    links, clock = Question("netlink", ("links",)), Question("clock")
    first.answers[links], second.answers[links] = (), Unsupported("netlink links", "nobody asked")
    first.answers.pop(clock, None)
    second.answers[clock] = Denied("clock", "not for you")
    for name, image in (("a", first), ("b", second)):
        (tmp_path / name).write_bytes(packed(image))
    joined = settled([str(tmp_path / "a"), str(tmp_path / "b")])

    assert joined.answers[links] == ()
    assert isinstance(joined.answers[clock], Denied)


def test_a_joined_capture_can_be_read(node: Path, tmp_path: Path) -> None:
    """Of a link one capture knew what is behind it, another that it is one: what was written could not be read."""
    first, second = captured(open_host(str(node)), load()), captured(open_host(str(node)), load())
    info = first.entries["/etc/fstab"].info
    first.entries["/etc/behind"], second.entries["/etc/behind"] = PathEntry(), PathEntry("link")
    first.entries["/etc/behind"].info, second.entries["/etc/behind"].target = info, "fstab"
    for name, image in (("a", first), ("b", second)):
        image.at("/etc").names = None
        (tmp_path / name).write_bytes(packed(image))
    joined = read_capture(packed(settled([str(tmp_path / "a"), str(tmp_path / "b")])), "joined")

    assert joined.link("/etc/behind") == "fstab"


def test_an_archive_lacks_much_and_says_what_brings_it(node: Path, tmp_path: Path, nodecheck_command: Run) -> None:
    top = sosreport(node, tmp_path / "sos")
    ended = nodecheck_command("run", "--capture", str(top), "-v")
    assert f"nodecheck collector --more {top} prints what brings it" in ended.out

    ended = nodecheck_command("collector", "--more", str(top))
    assert ended.code == 0
    assert f"{top} has no answer to " in ended.err
    assert "resolv.conf" in listed(ended.out)


def test_a_whole_capture_needs_no_second_round(node: Path, tmp_path: Path, nodecheck_command: Run) -> None:
    path = tmp_path / "a.capture"
    path.write_bytes(packed(captured(open_host(str(node)), load())))
    target = tmp_path / "more.sh"
    ended = nodecheck_command("collector", "--more", str(path), "-o", str(target))

    assert (ended.code, ended.out) == (0, "")
    assert "has an answer to all that the checks ask" in ended.err
    again = tmp_path / "b.capture"
    again.write_bytes(ran(target.read_text(), HERE[0], node))
    assert open_capture(str(again)).read("/etc/machine-id", 64)
    assert target.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["--more", ""], "--more: expected a file, found nothing"),
        (["--more", "-", "--more", "-"], "--more -: expected it once"),
        (["--more", "/nowhere/a.capture"], "/nowhere/a.capture: a capture that cannot be read"),
    ],
)
def test_what_is_no_capture_is_refused(nodecheck_command: Run, argv: list[str], told: str) -> None:
    ended = nodecheck_command("collector", *argv)

    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err


def test_a_redacted_capture_has_no_second_round(node: Path, tmp_path: Path) -> None:
    image = captured(open_host(str(node)), load())
    image.origin = image.origin._replace(redacted=True)
    with pytest.raises(CaptureError, match="redacted"):
        of(image)
    path = tmp_path / "a.capture"
    path.write_bytes(packed(without(image, "/etc/fstab")))
    messages = str([item.message for item in nodecheck.run(capture=str(path)).results])
    assert "is not in the capture" in messages
    assert "--more" not in messages
