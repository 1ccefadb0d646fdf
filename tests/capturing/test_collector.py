"""The collector's script has the verdicts of ``--root`` under each shell, says no secret, and writes nothing."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from nodecheck.capturing.collector import _HELD, sources_of, words
from nodecheck.capturing.files import read_capture
from nodecheck.model.sources import AnySource, Dir, Each, Exists, File, First, Tree, UnitText
from nodecheck.plugins import load
from nodecheck.testing import comparable, first_difference, run
from tests.capturing.alike import options
from tests.capturing.mutate import spoilt
from tests.capturing.shells import HERE, SHELLS, collected, text
from tests.fix.test_corpus import roots as corpus_roots
from tests.nodes import debian_node, rocky_node
from tests.reference import reference_node
from tests.secrets import FILES
from tests.strace import strace_or_skip, traced

SEED = int(os.environ.get("NODECHECK_SEED", "1"))
MOST_LINES = 400
SPOILT = 10

each_shell = pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: str(shell[0]))
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="changes the user")


def here(shell: tuple[str, ...]) -> tuple[str, ...]:
    """The shell, where it is installed."""
    if shell not in HERE:
        pytest.skip(f"there is no {shell[0]}")
    return shell


LEFT_OUT = ("certificate",)
"""It judges what the script leaves out, keys and kubeconfigs: tests/checks/identity/test_certificate.py compares it."""


def differences(root: Path, shell: tuple[str, ...], asked: list[dict[str, Any]]) -> Iterator[str]:
    """Where the script's capture of a tree says something else than ``--root`` does."""
    host = read_capture(collected(root, shell).stdout, "a capture")
    for one in asked:
        expected = comparable(run(root, ignore=LEFT_OUT, **one))
        found = comparable(run(host, ignore=LEFT_OUT, **one))
        if expected != found:
            yield f"{one}: {first_difference(expected, found)}"


@each_shell
@pytest.mark.parametrize("build", [debian_node, rocky_node, reference_node])
def test_a_scratch_node(tmp_path: Path, build: Any, shell: tuple[str, ...]) -> None:
    assert list(differences(build(tmp_path), here(shell), options(SEED, 3))) == []


@each_shell
def test_trees_of_the_corpus(corpus: Path, shell: tuple[str, ...]) -> None:
    roots = random.Random(f"{SEED}{shell}").sample(corpus_roots(corpus), 8)
    assert [f"{root}: {line}" for root in roots for line in differences(root, here(shell), options(SEED, 2))] == []


@each_shell
def test_trees_with_something_odd(tmp_path: Path, shell: tuple[str, ...]) -> None:
    sources = [build(tmp_path / build.__name__) for build in (debian_node, rocky_node, reference_node)]
    chance = random.Random(f"{SEED}{shell}")
    for number in range(SPOILT):
        target, seed = tmp_path / f"odd{number}", chance.randrange(1 << 30)
        told = spoilt(chance.choice(sources), target, seed)
        if "noise" in told and shell[0] == "busybox":
            continue  # its awk ends a line at a NUL: the size shows it, and the file counts as not captured
        assert [f"{seed}: {told}: {line}" for line in differences(target, here(shell), options(seed, 2))] == []


@each_shell
def test_what_two_paths_lead_to_is_said_once(tmp_path: Path, shell: tuple[str, ...]) -> None:
    """Where ``/lib`` is ``/usr/lib``, half of a capture would stand there twice."""
    said = collected(debian_node(tmp_path), here(shell)).stdout
    heads = [line for line in said.split(b"\n") if line.startswith(b"g /usr/lib/")]

    assert b"l /lib\n|usr/lib\n" in said
    assert len(heads) > 5
    assert sorted({line for line in heads if heads.count(line) > 1}) == []


NAMES = (b"new\nline.conf", b"100%.conf", b"a b.conf", b"-dash.conf", b"a=b.conf", b"back\\slash.conf",
         b"'quote\".conf", b"\xff\xfe.conf", b"$(id).conf", b"*.conf", b"%0A.conf", b"tab\there.conf")  # fmt: skip


@each_shell
def test_names_of_any_kind(tmp_path: Path, shell: tuple[str, ...]) -> None:
    root = debian_node(tmp_path / "node")
    for folder in ("etc/sysctl.d", "etc/modules-load.d", "etc/modprobe.d", "etc/systemd/system"):
        (root / folder).mkdir(parents=True, exist_ok=True)
        for number, name in enumerate(NAMES):
            Path(os.fsdecode(os.fsencode(root / folder) + b"/" + name)).write_text(f"kernel.panic = {number}\n")
    (root / "etc/sysctl.d/zz.conf").symlink_to(os.fsdecode(b"new\nline.conf"))
    (root / "etc/sysctl.d/zy.conf").symlink_to("/etc/sysctl.d/100%.conf")
    assert list(differences(root, here(shell), options(SEED, 2))) == []


# -- the script itself


def test_shellcheck_is_silent() -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("there is no shellcheck")
    done = subprocess.run(["shellcheck", "-s", "sh", "-"], input=text().encode(), capture_output=True, check=False)
    assert (done.returncode, done.stdout.decode()) == (0, "")


def test_it_has_at_most_so_many_lines() -> None:
    assert text().count("\n") <= MOST_LINES


def _taken(source: AnySource) -> Iterator[tuple[str, bool]]:
    """Paths of a source, and whether their content is wanted; what the node's own files name is followed."""
    if isinstance(source, File) or (isinstance(source, Exists) and not source.path.startswith("/proc/*/")):
        yield source.path, isinstance(source, File)
    elif isinstance(source, First):
        yield from ((path, True) for path in source.paths)
    elif isinstance(source, (Tree, Dir)):
        yield f"{source.path}/*", False
        if isinstance(source, Tree):
            yield f"{source.path}/{source.pattern}", True
    elif isinstance(source, Each):
        for form in source.forms:
            for held in _HELD.get(source.field, ()):
                yield from _taken(form._replace(path=form.path.replace("{}", held)))


def test_every_declared_source_is_in_it() -> None:
    """The list is generated, and a test reads it back, as the script does."""
    sources = sources_of(load())
    trees: dict[str, tuple[int, list[str]]] = {}
    read, seen = ["read"], ["seen"]
    folder, place = "", list[str]()
    for word in " ".join(words(sources)).split():
        if word.startswith("/") and ":" in word:
            folder, _, depth = word.partition(":")
            place = trees.setdefault(folder, (int(depth), []))[1] if depth else read
        elif word == "-":
            place = seen
        elif place is read or place is seen:
            place.append(f"{folder.rstrip('/')}/{word}")
        else:
            place.append(word)
    missing = []
    for path, content in [item for source in sources for item in _taken(source)]:
        if path.startswith(("/proc/*/", "/proc/self/ns")) or path in ("/", "/proc/*"):
            continue
        above, _, name = path.rpartition("/")
        deep, patterns = trees.get(above or "/", (0, []))
        listed = deep > 0 and (
            not content or any(fnmatchcase(name, pattern) or pattern == name for pattern in patterns)
        )
        if not (listed or path in read or (not content and path in seen)):
            missing.append((path, content))
    assert "\n".join(map(str, missing)) == ""


def test_units_are_read_where_systemd_looks_for_them() -> None:
    sources = sources_of(load())
    units = [
        source.path
        for source in sources
        if isinstance(source, Dir) and source.depth == 2 and "/systemd/" in source.path
    ]
    assert any(isinstance(source, UnitText) for source in sources)
    assert units
    assert [path for path in units if f"{path}:2 *" not in " ".join(words(sources))] == []


def test_what_holds_the_names_of_other_sources_is_known() -> None:
    """``Each`` names files by a field of another fact: either the script knows what that may hold, or it follows."""
    followed = {"cgroup_driver.source", "config", "folders", "rule_files", "kubeconfig.value", "links", "sources"}
    followed |= {"bootstrap_kubeconfig.value", "path", "others", "conf_dir", "bin_dirs"}
    fields = {source.field for source in sources_of(load()) if isinstance(source, Each)}
    assert fields <= followed | set(_HELD)


# -- secrets


@pytest.mark.parametrize("shell", [("dash",), ("busybox", "sh")], ids=lambda shell: str(shell[0]))
def test_no_secret_is_said(tmp_path: Path, shell: tuple[str, ...]) -> None:
    """Each file of secrets, at its own place and where scripts, units and parameters are read."""
    secrets: list[str] = []
    for number, file in enumerate(FILES):
        secrets += file.secrets
        for place in (
            file.path,
            f"etc/sysctl.d/{number}.conf",
            f"etc/systemd/system/s{number}.service",
            f"etc/cron.d/s{number}",
        ):
            path = tmp_path / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file.text)
    done = collected(tmp_path, here(shell))
    said = (done.stdout + done.stderr).decode("utf-8", "surrogateescape")
    assert [secret for secret in secrets if secret in said] == []
    assert said.count("~secret~") > len(secrets)


def test_a_secret_file_is_looked_at_and_not_read(tmp_path: Path) -> None:
    uuid = "sys/class/dmi/id/product_uuid"
    for name in ("etc/kubernetes/kubelet.conf", "etc/kubernetes/pki/ca.key", "var/lib/kubelet/config.json", uuid):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("nothing here looks like one\n")
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    (tmp_path / "etc/systemd/system/a.service").write_text(
        "[Service]\nEnvironmentFile=/etc/kubernetes/pki/ca.key\nExecStart=/a --config /var/lib/kubelet/config.json\n"
    )
    assert b"looks like one" not in collected(tmp_path).stdout


# -- what it does to a node


def test_it_writes_nothing(tmp_path: Path) -> None:
    """No file is opened for writing, made, moved or removed; none of a device either."""
    strace_or_skip(tmp_path)
    root = debian_node(tmp_path / "node")
    environment = {"PATH": os.environ["PATH"], "NODECHECK_ROOT": str(root)}
    found = traced(["dash", "-s"], tmp_path / "trace", environment, input=text().encode())

    assert found.code == 0
    assert found.changes() == []


def test_a_device_is_never_opened(tmp_path: Path) -> None:
    """A fifo would hang, and a device may do anything."""
    root = debian_node(tmp_path / "node")
    os.mkfifo(root / "etc/sysctl.d/50-fifo.conf")
    (root / "etc/fstab").unlink()
    os.mkfifo(root / "etc/fstab")
    (root / "etc/modules").symlink_to("/dev/zero")
    assert list(differences(root, HERE[0], options(SEED, 1))) == []


@needs_root
def test_another_user_gets_no_pass_that_root_fails() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        _compare_users(Path(folder) / "node")


def _compare_users(root: Path) -> None:
    debian_node(root)
    for number, path in enumerate(sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink())):
        if number % 3 == 0:
            path.chmod(0)
    for folder in ("etc/modules-load.d", "etc/systemd/system"):
        (root / folder).chmod(0o700)
    (root / "etc/sysctl.d/k8s.conf").write_text("net.ipv4.ip_forward = 0\n")
    done = collected(root, HERE[0], user=65534, group=65534, extra_groups=())
    found = {item.id: item for item in run(read_capture(done.stdout, "a capture")).results}
    expected = {item.id: item for item in run(root).results}
    assert [name for name, item in found.items() if item.status == "pass" and expected[name].status == "fail"] == []
    assert any(item.cause is not None and item.cause.code == "denied" for item in found.values())


@each_shell
def test_a_program_that_is_missing_is_survived(tmp_path: Path, shell: tuple[str, ...]) -> None:
    """Without ``stat`` and ``timeout`` less is known, and nothing else."""
    root = debian_node(tmp_path / "node")
    here(shell)
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("awk", "cat", "date", "find", "head", "id", "ls", "od", "readlink", "sort", "tr", "uname", "env"):
        (tools / name).symlink_to(shutil.which(name) or name)
    done = subprocess.run(
        [shutil.which(shell[0]) or "", *shell[1:], "-s"],
        input=re.sub("PATH=/usr/local/sbin[^ \n]*", f"PATH={tools}", text(), count=1).encode(),
        env={"NODECHECK_ROOT": str(root)},
        capture_output=True,
        check=True,
    )
    if shell[0] != "busybox":  # which has its own
        assert b"no stat" in done.stderr
    expected = {item.id: item.status for item in run(root, ignore=LEFT_OUT).results}
    for item in run(read_capture(done.stdout, "a capture"), ignore=LEFT_OUT).results:
        assert item.status in (expected.get(item.id), "unknown"), item.id


@pytest.mark.skipif(not shutil.which("busybox"), reason="there is no busybox")
def test_no_file_waits_for_the_watch_of_busybox(tmp_path: Path) -> None:
    """Its timeout(1) leaves a process behind that looks up once a second; a pipe that it held took that second."""
    root = debian_node(tmp_path / "node")
    for number in range(20):
        (root / f"etc/sysctl.d/{number}\n.conf").write_text("# a name of two lines is read alone\n")
    began = time.monotonic()

    collected(root, ("busybox", "sh"))

    assert time.monotonic() - began < 18


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_is_left_of_a_script_that_is_killed(tmp_path: Path, number: signal.Signals) -> None:
    """The watch that ends a script that hangs would later kill whoever has its number then."""
    process = subprocess.Popen(
        [HERE[0][0], "-s"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env={"NODECHECK_ROOT": str(debian_node(tmp_path / "node"))},
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(text().encode())
    process.stdin.close()
    assert process.stdout.readline() == b"nodecheck capture 1\n"
    process.send_signal(number)
    process.wait()
    process.stdout.close()

    late = time.monotonic() + 20
    while left := with_environment(str(tmp_path)):
        assert time.monotonic() < late, left
        time.sleep(0.1)


def with_environment(word: str) -> list[str]:
    """The processes in whose environment a word stands."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"={word}".encode() in (path / "environ").read_bytes():
                found.append(path.name)
    return found


def test_without_awk_nothing_is_said(tmp_path: Path) -> None:
    changed = re.sub("PATH=/usr/local/sbin[^ \n]*", f"PATH={tmp_path}", text(), count=1)
    done = subprocess.run(
        [shutil.which("dash") or "sh", "-s"], input=changed.encode(), capture_output=True, check=False
    )
    assert done.returncode == 1
    assert done.stdout == b""
