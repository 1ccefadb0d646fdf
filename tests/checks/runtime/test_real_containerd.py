"""runtime-config beside a real containerd, over files that were changed at random: what does not load does not pass.

``NODECHECK_CONTAINERD`` names the programs, with ``:`` between them, else the one in PATH is taken. Without one, and
without root, it skips.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nodecheck.checking import Lazy, Outcome
from nodecheck.facts import Containerd, Crio, EmbeddedKubelet, KubeletConfig, Packages, RuntimeReleases, Target
from nodecheck.facts.kubelet.settings import KubeletSetting
from nodecheck.facts.runtimes.containerd_files import load, missing
from nodecheck.facts.runtimes.containerd_keys import is_set
from nodecheck.facts.runtimes.containerd_unknown import _is_told, unknown_keys
from nodecheck.formats.toml import parse_toml
from nodecheck.formats.versions import parse_version
from nodecheck.host.root import RootHost
from nodecheck.requirements.asked import Settings
from nodecheck_checks.runtime.runtime_config import runtime_config
from tests.checks.runtime.containerd_changes import changed_file, dropin

PROGRAMS = [
    path for path in os.environ.get("NODECHECK_CONTAINERD", shutil.which("containerd") or "").split(":") if path
]
COUNT = int(os.environ.get("NODECHECK_CONTAINERD_FILES", "200"))
OTHERS = ("7", '"word"', "true", '["a"]', "[1]", '""', "-1", '"5"')
VERSIONS = ("version = 1", "version = 2", "version = 3", "version = 4", "version = 99", "", 'version = "2"')
WHOLE = (
    ("disabled_plugins = []", 'disabled_plugins = ["io.containerd.grpc.v1.cri"]'),
    ("disabled_plugins = []", 'disabled_plugins = ["cri"]'),
    ("imports = []", 'imports = ["/nosuch/file.toml"]'),
    ("imports = []", 'imports = ["/nosuch/*.toml"]'),
    ("[debug]", "[debug"),
    ('default_runtime_name = "runc"', 'default_runtime_name = "other"'),
    ('default_runtime_name = "runc"', 'default_runtime_name = ""'),
    ("SystemdCgroup = false", "systemdCgroup = 1"),
    ("systemd_cgroup = false", "systemd_cgroup = true"),
)
"""Changes that people make."""
MIRRORS = '\n[plugins."{}".registry.mirrors."docker.io"]\nendpoint = ["https://a"]\n'
TLS = '\n[plugins."{}".registry.configs."a".tls]\nca_file = "/x"\n'


def changed(source: str) -> Iterator[str]:
    """Texts of files: those that people write, then one value or two of another type."""
    yield from [re.sub("^version = .*", line, source, count=1, flags=re.MULTILINE) for line in VERSIONS]
    for before, after in WHOLE:
        yield source.replace(before, after, 1)
    with_path = re.sub(r'(registry\]\n\s*config_path = )""', r'\1"/etc/containerd/certs.d"', source)
    images = next(name for name in ("io.containerd.cri.v1.images", "io.containerd.grpc.v1.cri") if name in source)
    mirrors, tls = MIRRORS.format(images), TLS.format(images)
    yield from (with_path, with_path + mirrors, source + mirrors, with_path + tls, source + tls)
    lines = source.split("\n")
    places = [number for number, line in enumerate(lines) if re.match(r"\s*\w+ = ", line)]
    dice = random.Random(7)
    while True:
        new = list(lines)
        for number in dice.sample(places, dice.choice((1, 1, 2))):
            new[number] = f"{new[number].partition('=')[0]}= {dice.choice(OTHERS)}"
        yield "\n".join(new)


SERVES = "Start subscribing containerd event"
"""What the CRI plugin of each release says when it runs."""
NOT_LOADED = re.compile(r"(failed to load|skip loading) plugin.*io\.containerd\.(grpc\.v1\.cri|cri\.v1\.runtime)\b")


def loads(program: str, config: Path, scratch: Path) -> bool:
    """Whether containerd starts with a file, and its CRI plugin loads; at most 8 seconds."""
    log = scratch / "log"
    argv = [program, "--config", str(config), "--root", str(scratch / "r"), "--state", str(scratch / "s")]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*argv, "--address", str(scratch / "a.sock")], stdout=output, stderr=output, cwd=scratch
        )
    try:
        told = _told(process, log)
        time.sleep(0.05)  # a panic of what the plugin started comes after its words
        alive = process.poll() is None
    finally:
        process.terminate()
        process.wait(timeout=10)
    return alive and "successfully booted" in told and SERVES in told


def _told(process: subprocess.Popen[bytes], log: Path) -> str:
    """The log, when it says how the start went. The plugin is off where a second after the start brings no more."""
    end, over = time.monotonic() + 8, None
    while True:
        ended = process.poll() is not None
        told = log.read_text(errors="replace")
        booted = "successfully booted" in told
        over = over or (time.monotonic() + 1 if booted else None)
        if ended or time.monotonic() > (over or end) or (booted and (SERVES in told or NOT_LOADED.search(told))):
            return told
        time.sleep(0.02)


def judged(config: Path, release: tuple[int, ...], root: Path) -> Outcome:
    host, path = RootHost(str(root)), f"/{config.relative_to(root)}"
    endpoint = KubeletSetting("unix:///run/containerd/containerd.sock", "/var/lib/kubelet/config.yaml", 1, "x")

    def read() -> Containerd:
        files = load(host, path, True)
        return Containerd("/usr/bin/containerd", path, files, None, missing(host, files))

    (found,) = runtime_config(
        KubeletConfig(present=True, runtime_endpoint=endpoint), Lazy(Target), Lazy(EmbeddedKubelet), Lazy(read),
        Lazy(Crio), Lazy(lambda: RuntimeReleases(containerd=release)), Lazy(Packages), Lazy(Settings),
    )  # fmt: skip
    return found


def default(program: str, scratch: Path) -> str:
    """The configuration that containerd writes, with places of its own, and its strings in double quotes."""
    shown = subprocess.run([program, "config", "default"], capture_output=True, text=True, timeout=20, check=True)
    text = shown.stdout.replace("'", '"')
    return text.replace('"/opt/', f'"{scratch}/opt/').replace('"/etc/cni/', f'"{scratch}/cni/')


@pytest.mark.skipif(not PROGRAMS or os.geteuid() != 0, reason="no containerd here, or no root to run it")
@pytest.mark.parametrize("writer", PROGRAMS)
@pytest.mark.parametrize("program", PROGRAMS)
def test_what_does_not_load_does_not_pass(program: str, writer: str, tmp_path: Path) -> None:
    """Each containerd with files of its own, and with those that another release wrote before an upgrade."""
    told = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=True).stdout
    version = next(one.numbers for word in told.split(" ") if (one := parse_version(word)) is not None)
    source = default(writer, tmp_path)
    wrong: list[str] = []
    kinds, unknowns = set(), 0
    for number, text in zip(range(COUNT), changed(source)):
        config = tmp_path / "config.toml"
        config.write_text(text)
        scratch = tmp_path / str(number)
        scratch.mkdir()
        real, found = loads(program, config, scratch), judged(config, version, tmp_path)
        shutil.rmtree(scratch)
        refused = found.status == "fail" and found.severity == "error"
        if "no container can be started" in found.message:
            continue  # the plugin loads, and does not look into what it hands on to runc's shim
        if found.status == "unknown":
            unknowns += 1
            continue
        kinds.add((real, refused))
        if real is refused:
            change = [new for new in text.split("\n") if new not in source.split("\n")]
            wrong.append(f"{number}: containerd {'loads' if real else 'refuses'}, {found.message}: {change}")
    assert wrong == [], "\n".join(wrong)
    assert (False, True) in kinds
    assert unknowns <= COUNT // 20, "unknown is rare"


def changes(source: str, folder: Path) -> Iterator[tuple[str, str, str]]:
    """What was changed, the file, and what it imports: each third time the file is whole, and the other is not."""
    dice = random.Random(16)
    while True:
        for _ in range(2):
            yield (*changed_file(source, dice), "")
        what = dice.choice((f"{folder}/*.toml", f"{folder.name}/a.toml", f"{folder}/a.toml"))
        told, other = dropin(source, dice)
        yield told, source.replace("imports = []", f'imports = ["{what}"]', 1), other


BROKEN_HEADER = re.compile(r"^[ \t]*\[[^\]\n]*$", re.MULTILINE)


def dumps(program: str, config: Path) -> bool:
    """Whether ``containerd config dump`` prints what it made of the files."""
    argv = [program, "--config", str(config), "config", "dump"]
    return subprocess.run(argv, capture_output=True, cwd=config.parent, timeout=20, check=False).returncode == 0


@pytest.mark.skipif(not PROGRAMS or os.geteuid() != 0, reason="no containerd here, or no root to run it")
@pytest.mark.parametrize("program", PROGRAMS)
def test_what_is_broken_renamed_or_imported(program: str, tmp_path: Path) -> None:
    """A file that does not dump, or with which the CRI plugin does not load, does not pass; others do not fail."""
    told = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=True).stdout
    version = next(one.numbers for word in told.split(" ") if (one := parse_version(word)) is not None)
    imported = tmp_path / "conf.d"
    imported.mkdir()
    wrong, count = list[str](), dict[tuple[bool, str], int]()
    for number, (kind, text, other) in zip(range(COUNT), changes(default(program, tmp_path), imported)):
        config, scratch = tmp_path / "config.toml", tmp_path / str(number)
        config.write_text(text, errors="surrogateescape")
        (imported / "a.toml").write_text(other, errors="surrogateescape")
        scratch.mkdir()
        real = loads(program, config, scratch) and dumps(program, config)
        shutil.rmtree(scratch)
        found = judged(config, version, Path("/"))
        refused = found.status == "fail" and found.severity == "error"
        if real and refused and BROKEN_HEADER.search(other or text):
            continue  # go-toml 1 reads the name of a table on over the end of its line, which is no TOML
        count[real, str(found.status)] = count.get((real, str(found.status)), 0) + 1
        if real is refused and found.status != "unknown" and "no container can be started" not in found.message:
            new = [line for line in (other or text).split("\n") if line not in default(program, tmp_path).split("\n")]
            wrong.append(f"{number} {kind}: containerd {'loads' if real else 'refuses'}, {found.message}: {new}")
    print(told.strip(), count)
    assert wrong == [], "\n".join(wrong)
    assert count[False, "fail"]
    assert count[True, "pass"]
    assert sum(times for (_, status), times in count.items() if status == "unknown") <= COUNT // 10


LINE = re.compile(r"(\s*)([\w-]+) = (.*)$")
SET = {'""': '"5m"', "0": "3", "false": "true", "[]": '["x"]'}
"""Values in place of those that set nothing."""
IGNORED = re.compile(r'Ignoring unknown key in TOML for plugin".*? key=("[^"]*"|\S+) plugin=')


def with_other_keys(source: str) -> Iterator[str]:
    """Files in which keys of the CRI sections are mistyped, in capitals, or in another table."""
    dice, cri = random.Random(5), False
    places = []
    for number, line in enumerate(source.split("\n")):
        cri = "cri" in line if re.match(r"\s*\[", line) else cri
        if cri and LINE.match(line):
            places.append(number)
    while True:
        lines = source.split("\n")
        for _ in range(dice.choice((1, 2, 3))):
            at = dice.choice(places)
            found = LINE.match(lines[at])
            if found is None:
                continue  # another one went there
            blank, key, value = found.groups()
            value = SET.get(value, value)
            if dice.random() < 0.3:
                lines[at], place = "", dice.choice(places)
                lines[place] = f"{key} = {value}\n{lines[place]}"
            else:
                lines[at] = f"{blank}{_other_key(key, dice)} = {value}"
        yield "\n".join(lines)


def _other_key(key: str, dice: random.Random) -> str:
    at = dice.randrange(len(key))
    return dice.choice((key[:at] + key[at + 1 :] or "x", key.upper(), key.capitalize()))


def values(table: object, at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """What is set in a table, by its keys; of what runc takes containerd does not know."""
    for key, value in table.items() if isinstance(table, dict) else ():
        if isinstance(value, dict) and key != "options":
            yield from values(value, (*at, key))
        elif not isinstance(value, dict):
            yield (*at, key), value


def passed_over(program: str, config: Path, scratch: Path, one: bool) -> set[tuple[str, ...]]:
    """The keys that containerd does not read, by its log; containerd 1, by what ``config dump`` does not show."""
    if not one:
        assert loads(program, config, scratch)
        log = (scratch / "log").read_text(errors="replace")
        return {tuple(found[1].strip('"').split(" ")) for found in IGNORED.finditer(log)}
    argv = [program, "--config", str(config), "config", "dump"]
    shown = subprocess.run(argv, capture_output=True, timeout=20, check=True).stdout
    section = "io.containerd.grpc.v1.cri"
    read = dict(values(parse_toml(shown, "dump")["plugins"][section]))
    given = dict(values(parse_toml(config.read_bytes(), "config")["plugins"][section]))
    lower = {tuple(map(str.lower, keys)): value for keys, value in read.items()}
    return {keys for keys, value in given.items() if lower.get(tuple(map(str.lower, keys))) != value}


@pytest.mark.skipif(not PROGRAMS or os.geteuid() != 0, reason="no containerd here, or no root to run it")
@pytest.mark.parametrize("writer", PROGRAMS)
@pytest.mark.parametrize("program", PROGRAMS)
def test_keys_that_it_passes_over_are_told(program: str, writer: str, tmp_path: Path) -> None:
    """Each key that is set and not read, and none that is. Those that only 1.x had are told of otherwise."""
    told = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=True).stdout
    version = next(one.numbers for word in told.split(" ") if (one := parse_version(word)) is not None)
    usual, loaded, seen = default(writer, tmp_path), 0, 0
    for number, text in zip(range(COUNT // 4), with_other_keys(usual)):
        config, scratch = tmp_path / "config.toml", tmp_path / str(number)
        config.write_text(text)
        scratch.mkdir()
        if not loads(program, config, scratch):
            continue
        loaded += 1
        files = load(RootHost(str(tmp_path)), "/config.toml", True)
        ours = {fault.keys[2:] for fault in unknown_keys(files, version) if fault.keys[-2] != "options"}
        real = passed_over(program, config, scratch, version < (2,))
        given = {keys: value for section in files[0].plugins.values() for keys, value in values(section)}
        before = {keys: value for section in _sections(usual) for keys, value in values(section)}
        theirs = {keys for keys in real if is_set(given.get(keys)) and not _is_told(keys[-1], version)}
        usual_value = {keys for keys in ours - theirs if before.get((*keys[:-1], keys[-1].lower())) == given[keys]}
        assert ours - usual_value == theirs, text  # what dump shows of a default is no proof that the key was read
        seen += len(theirs)
        shutil.rmtree(scratch)
    if not loaded:
        pytest.skip("it takes no file of that release")
    assert seen >= loaded // 2
    assert seen > 0


def _sections(text: str) -> Iterator[object]:
    yield from parse_toml(text.encode(), "default")["plugins"].values()
