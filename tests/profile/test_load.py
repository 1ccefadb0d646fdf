"""Profiles: strict, with file, line and nearest name in every error."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from nodecheck.checking import Check, Results, check
from nodecheck.errors import ProfileError
from nodecheck.formats.toml import key_lines
from nodecheck.plugins import Registry
from nodecheck.profile.load import load_profile, resolved_tables
from nodecheck.profile.model import Waiver
from nodecheck.profile.show import to_toml

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def even(text: str) -> None:
    if int(text) % 2:
        raise ValueError(f"{text} is odd")


def made() -> Check:
    @check(name="sysctl", tags=["kernel"], each="require", verify={"limits": even})
    def judge(
        subject: str,
        *,
        require: dict[str, str] = {"a": "1", "b": "1"},  # noqa: B006
        allow: tuple[str, ...] = ("x",),
        depth: int = 3,
        strict: bool = False,
        limits: tuple[str, ...] = (),
    ) -> Results:
        """Sysctl."""
        return ()

    return judge


@pytest.fixture
def registry() -> Registry:
    found = Registry()
    found.checks["sysctl"] = made()
    found.profiles["kubernetes"] = {"schema": "nodecheck.profile/1", "name": "kubernetes"}
    found.profiles["lean"] = {
        "schema": "nodecheck.profile/1", "name": "lean", "check": {"sysctl": {"require": {"z": "1"}}},
    }  # fmt: skip
    return found


def written(tmp_path: Path, text: str, name: str = "p.toml") -> str:
    path = tmp_path / name
    path.write_text('schema = "nodecheck.profile/1"\nname = "mine"\n' + text)
    return str(path)


def test_a_whole_profile(tmp_path: Path, registry: Registry) -> None:
    source = written(
        tmp_path,
        """
extends = "kubernetes"
role = "worker"
kubernetes = "v1.34"
proxy-mode = "ipvs"
cni = "flannel"
fail-on = "warning"
ignore = ["sysctl[a]@now", "tag:kernel"]
nodes = { master = "192.168.109.101", six = "fd00::1" }
[severity]
"sysctl[b]" = "info"
[check.sysctl]
require = { b = "2", "net.ipv4.conf.eth1/200.forwarding" = "1" }
depth = 4
[[waiver]]
select = "sysctl[c]"
reason = "because"
owner = "me"
expires = 2027-03-31
""",
    )

    profile = load_profile(source, registry)

    assert (profile.name, profile.role, profile.kubernetes) == ("mine", "worker", "1.34")
    assert profile.checks["sysctl"]["require"] == {"a": "1", "b": "2", "net.ipv4.conf.eth1/200.forwarding": "1"}
    assert profile.waivers == (Waiver("sysctl[c]", "because", "me", "2027-03-31"),)
    assert profile.digest.startswith("sha256:")
    assert tomllib.loads(to_toml(resolved_tables(source, registry)))["check"]["sysctl"]["depth"] == 4


def test_tables_merge_lists_replace_waivers_append(tmp_path: Path, registry: Registry) -> None:
    waiver = '[[waiver]]\nselect = "sysctl"\nreason = "{}"\nowner = "me"\nexpires = 2027-01-01\n'
    written(tmp_path, '[check.sysctl]\nrequire = { y = "1" }\nallow = ["a", "b"]\n' + waiver.format("one"), "base.toml")
    source = written(
        tmp_path,
        'extends = "./base.toml"\n[check.sysctl]\nrequire = { x = "2" }\nallow = ["c"]\n' + waiver.format("two"),
    )

    profile = load_profile(source, registry)

    assert profile.checks["sysctl"] == {"require": {"y": "1", "x": "2"}, "allow": ("c",)}
    assert [waiver.reason for waiver in profile.waivers] == ["one", "two"]


def test_a_profile_that_extends_nothing_has_its_own_tables_alone(tmp_path: Path, registry: Registry) -> None:
    source = written(tmp_path, 'extends = "lean"\n[check.sysctl]\nrequire = { x = "2" }\n')

    assert load_profile(source, registry).checks["sysctl"]["require"] == {"z": "1", "x": "2"}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("rolle = 'worker'", 3, ["unknown key", "'role'"]),
        ("kubernetes = 1.34", 3, ["expected a text", "1.34"]),
        ("kubernetes = 'newest'", 3, ["a release such as 1.34"]),
        ("role = 'master'", 3, ["control-plane, worker", "'master'"]),
        ("proxy-mode = 'ipsv'", 3, ["'ipvs'"]),
        ("fail-on = 'fatal'", 3, ["error, warning, info"]),
        ("ignore = 'sysctl'", 3, ["expected a list"]),
        ("ignore = ['sysctll']", 3, ["'sysctl'"]),
        ("ignore = ['tag:kernle']", 3, ["'kernel'"]),
        ("nodes = { a = 'nowhere' }", 3, ["an IP address"]),
        ("\n[severity]\nsysctl = 'bad'", 5, ["error, warning, info"]),
        ("\n\n[check.sysct]\ndepth = 1", 5, ["'sysctl'"]),
        ("[check.sysctl]\n# a comment\ndeepth = 1", 5, ["unknown parameter", "'depth'"]),
        ("[check.sysctl]\ndepth = '1'", 4, ["expected a whole number"]),
        ("[check.sysctl]\ndepth = true", 4, ["expected a whole number", "true"]),
        ("[check.sysctl]\nstrict = 1", 4, ["true or false"]),
        ("[check.sysctl]\nallow = [\n  'a',\n  1,\n]", 4, ["expected a text", "1"]),
        ("[check.sysctl.require]\na = '1'\n'b.c' = 2", 5, ["expected a text"]),
        ("[check.sysctl]\nrequire = { a = '1', b = 7.5 }", 4, ["7.5"]),
        ("[check.sysctl]\nlimits = ['2', '3']", 4, ["3 is odd"]),
        ("[[waiver]]\nselect = 'sysctl'\nreason = 'r'\nowner = 'o'", 3, ["'expires'"]),
        ("[[waiver]]\nselect = 'sysctl'\nreason = 'r'\nowner = 'o'\nexpires = '2027-01-01'", 7, ["expected a date"]),
        ("[[waiver]]\nselect = 'sysctl'\nreason = ''\nowner = 'o'\nexpires = 2027-01-01", 5, ["not empty"]),
        ("[[waiver]]\nselect = 'swapp'\nreason = 'r'\nowner = 'o'\nexpires = 2027-01-01", 4, ["no check 'swapp'"]),
        ("waiver = { select = 'x' }", 3, ["expected a list"]),
        ("extends = 'kubernets'", None, ["'kubernetes'"]),
        ("role = ", None, ["line 3"]),
        ("name = 'twice'", None, ["line 3"]),
    ],
)  # fmt: skip
def test_errors_name_the_place_and_the_nearest_name(
    tmp_path: Path, registry: Registry, text: str, line: int | None, words: list[str]
) -> None:
    source = written(tmp_path, text)

    with pytest.raises(ProfileError) as caught:
        load_profile(source, registry)

    message = str(caught.value)
    if line is not None:
        assert f"{source}: line {line}: " in message
    for word in words:
        assert word in message


def test_files_that_cannot_be_read(tmp_path: Path, registry: Registry) -> None:
    (tmp_path / "latin.toml").write_bytes(b"schema = 'x'\nname = '\xe9'\n")
    (tmp_path / "deep.toml").write_text("a = " + "[" * 100_000)
    (tmp_path / "empty.toml").write_text("")
    for name, word in {
        "none": "no such file", "latin": "line 2", "deep": "too deeply", "empty": "schema",
    }.items():  # fmt: skip
        with pytest.raises(ProfileError, match=word):
            load_profile(str(tmp_path / f"{name}.toml"), registry)
    with pytest.raises(ProfileError, match="a directory"):
        load_profile(f"{tmp_path}/", registry)


def test_a_circle_of_profiles(tmp_path: Path, registry: Registry) -> None:
    source = written(tmp_path, f"extends = '{tmp_path}/p.toml'")

    with pytest.raises(ProfileError, match="extends itself"):
        load_profile(source, registry)


def test_the_digest_follows_content_not_layout(tmp_path: Path, registry: Registry) -> None:
    one = load_profile(written(tmp_path, "role = 'worker'\n# why\ncni = 'x'"), registry).digest
    two = load_profile(written(tmp_path, "cni = 'x'\nrole = 'worker'"), registry).digest
    three = load_profile(written(tmp_path, "cni = 'y'\nrole = 'worker'"), registry).digest

    assert one == two != three


def test_lines_of_keys_skip_what_only_looks_like_one() -> None:
    text = 'a = """\nb = 1\n"""\nc = [\n  "d = 1",\n]\n[t]\n"x.y" = 1 # [no]\nz.w = { k = 1 }\n'
    text += "[[l]]\nq = 1\n[[l]]\nq = 2\n"

    lines = key_lines(text)

    assert ("b",) not in lines
    assert {path: lines[path] for path in [("c",), ("t", "x.y"), ("t", "z", "w", "k"), ("l", "1", "q")]} == {
        ("c",): 4, ("t", "x.y"): 8, ("t", "z", "w", "k"): 9, ("l", "1", "q"): 13,
    }  # fmt: skip


def test_the_built_in_profiles_are_valid() -> None:
    """They are not validated at each start."""
    from nodecheck.plugins import load
    from nodecheck.profile.validate import validate

    registry = load()
    names = [name for name in registry.profiles if registry.built_in(name)]
    assert names == ["kubernetes", "centos7-kubeadm-1.17"]
    for name in names:
        validate(registry.profiles[name], registry)
