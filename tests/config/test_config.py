"""The configuration: strict, merged in order, and refused where root must not trust it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nodecheck.audit.keep import Limits
from nodecheck.audit.standing import Flap
from nodecheck.config.load import load_config
from nodecheck.config.model import Config, NodeWanted
from nodecheck.config.show import to_toml
from nodecheck.errors import ConfigDenied, ConfigError
from nodecheck.formats.toml import parse_toml
from tests.rights import modes_hold

WHOLE = """
schema = "nodecheck.config/1"

[audit]
profile = "kubernetes"
role = "worker"
kubernetes = "1.34"
proxy-mode = "ipvs"
cni = "flannel"
phase = "install"
fail-on = "warning"
select = ["swap", "sysctl[net.*]@boot", "tag:kubelet"]
ignore = ["port"]
waivers = ["WAIVERS"]
timeout = 45
nice = 19
io-class = "best-effort"
memory-mib = 256
flap = "2/3"
changed-only = true
state = "/srv/nodecheck"

[history]
keep-days = 90
max-mib = 16

[[output]]
format = "json"
path = "/var/lib/nodecheck/last.json"

[[output]]
format = "text"
path = "/run/nodecheck.txt"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "nodecheck.toml"


def load(path: Path, text: str) -> Config:
    waivers = path.with_name("waivers.toml")
    waivers.touch()
    path.write_text(text.replace("WAIVERS", str(waivers)))
    return load_config(str(path))


def test_a_whole_file(path: Path) -> None:
    node = ("kubernetes", "worker", "1.34", "ipvs", "flannel", "install", "warning")
    waivers = (f"{path.parent}/waivers.toml",)
    assert load(path, WHOLE) == Config(
        *node, ("swap", "sysctl[net.*]@boot", "tag:kubelet"), ("port",), waivers, 45.0, 19, "best-effort", 256,
        Flap(2, 3), True, "/srv/nodecheck", Limits(90, 16),
        ("json=/var/lib/nodecheck/last.json", "text=/run/nodecheck.txt"), (str(path),), NodeWanted(*node, waivers),
    )  # fmt: skip


TOP = """
role = "worker"
cni = "cilium"
waivers = ["WAIVERS", "/nowhere/waivers.toml"]

[severity]
"time-sync" = "error"
"sysctl[net.*]@boot" = "info"

[audit]
cni = "calico"
kubernetes = "1.34"
waivers = []
"""


def test_the_top_wins_for_all_verbs_and_audit_for_the_audit(path: Path) -> None:
    config = load(path, TOP)

    waivers = (f"{path.parent}/waivers.toml", "/nowhere/waivers.toml")
    assert config.wanted == NodeWanted(role="worker", kubernetes="1.34", cni="cilium", waivers=waivers)
    assert (config.role, config.kubernetes, config.cni, config.waivers) == ("worker", "1.34", "calico", ())
    assert config.severity == {"time-sync": "error", "sysctl[net.*]@boot": "info"}
    assert config.absent == ("/nowhere/waivers.toml",)


def test_drop_ins_lay_the_top_and_the_severities_over_too(path: Path) -> None:
    folder = path.with_name("nodecheck.toml.d")
    folder.mkdir()
    (folder / "a.toml").write_text('role = "control-plane"\nwaivers = []\n[severity]\n"swap" = "info"\n')

    config = load(path, TOP)

    assert (config.wanted.role, config.wanted.cni, config.wanted.waivers) == ("control-plane", "cilium", ())
    assert config.severity == {"time-sync": "error", "sysctl[net.*]@boot": "info", "swap": "info"}


@pytest.mark.parametrize("text", [WHOLE, TOP, 'role = "worker"\n', ""])
def test_what_is_shown_is_a_configuration_that_says_the_same(path: Path, text: str) -> None:
    config = load(path, text)

    assert load(path, to_toml(config)) == config
    assert parse_toml(to_toml(Config()).encode(), "x")["audit"]["nice"] == 10


def test_no_file_is_the_defaults(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nodecheck.config.load.DEFAULT_PATH", str(path))

    assert load_config() == Config()
    with pytest.raises(ConfigError, match="there is no such file"):
        load_config(str(path))


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[audit]\nnise = 3\n", 2, "audit.nise: unknown key; did you mean 'nice'?"),
        ("x = 1\n[adit]\n", 1, "x: unknown key"),
        ("[adit]\nnice = 3\n", 1, "did you mean 'audit'?"),
        ("[history]\nkeep_days = 3\n", 2, "did you mean 'keep-days'?"),
        ("[[output]]\nformat = 'jsn'\npath = '/x'\n", 2, "there is no format 'jsn'"),
        ("[[output]]\nformat = 'json'\n", 1, "an output must have 'path'"),
        ("[[output]]\npath = '/x'\n", 1, "an output must have 'format'"),
        ("[[output]]\nformat = 'json'\npath = 'x'\n", 3, "expected an absolute path"),
        ("[[output]]\nformat = 'json'\npaht = '/x'\n", 3, "did you mean 'path'?"),
        ("[output]\nformat = 'json'\n", 1, "expected tables such as [[output]]"),
        ("audit = 3\n", 1, "expected a table such as [audit]"),
        ("[audit]\nkubernetes = 1.34\n", 2, "expected a text in quotes, found the number 1.34"),
        ("[audit]\nrole = 'master'\n", 2, "expected one of"),
        ("[audit]\nprofile = './x.toml'\n", 2, "expected an absolute path"),
        ("[audit]\nprofile = ''\n", 2, "expected a text that is not empty"),
        ("[audit]\nselect = ['swop']\n", 2, "did you mean 'swap'?"),
        ("[audit]\nignore = 'swap'\n", 2, "expected a list"),
        ("[audit]\nnice = true\n", 2, "expected a whole number, found the boolean true"),
        ("[audit]\nnice = -5\n", 2, "expected 0 to 19, found -5"),
        ("[audit]\nmemory-mib = 1\n", 2, "expected 128 to"),
        ("[audit]\ntimeout = nan\n", 2, "expected 1 to 86400"),
        ("[audit]\ntimeout = '30'\n", 2, "expected a number"),
        ("[audit]\nflap = '3/2'\n", 2, "1 <= N <= M"),
        ("[audit]\nio-class = 'realtime'\n", 2, "expected one of idle"),
        ("[audit]\nchanged-only = 'yes'\n", 2, "expected true or false"),
        ("[audit]\nstate = 'state'\n", 2, "expected an absolute path"),
        ("[audit]\nwaivers = ['w.toml']\n", 2, "expected an absolute path"),
        ("[history]\nmax-mib = 0\n", 2, "expected 8 to"),
        ("schema = 'nodecheck.config/2'\n", 1, "expected one of nodecheck.config/1"),
        ("[audit\n", 1, "expected TOML"),
        ("roel = 'worker'\n", 1, "roel: unknown key; did you mean 'role'?"),
        ("role = 'worker'\ntimeout = 3\n", 2, "timeout: is for the audit alone: it stands under [audit]"),
        ("select = ['swap']\n", 1, "select: is for the audit alone"),
        ("cni = ''\n", 1, "expected a text that is not empty"),
        ("profile = 'p.toml'\n", 1, "expected an absolute path"),
        ("[severity]\nswop = 'error'\n", 2, "did you mean 'swap'?"),
        ("[severity]\nswap = 'fatal'\n", 2, "expected one of error, warning, info"),
        ("severity = 'error'\n", 1, "expected a table"),
    ],
)
def test_errors_name_file_line_and_the_nearest_name(path: Path, text: str, line: int, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(path, text)

    assert str(caught.value).startswith(f"config {path}: line {line}: ")
    assert said in str(caught.value)


def test_drop_ins_are_laid_over_in_order(path: Path) -> None:
    folder = path.with_name("nodecheck.toml.d")
    folder.mkdir()
    (folder / "20-b.toml").write_text("[audit]\nnice = 3\n[[output]]\nformat = 'text'\npath = '/b'\n")
    (folder / "10-a.toml").write_text("[audit]\nnice = 2\nselect = ['swap']\n[history]\nmax-mib = 9\n")
    (folder / ".30-hidden.toml").write_text("nonsense")
    (folder / "30-backup.toml~").write_text("nonsense")

    config = load(
        path, "[audit]\nselect = ['port', 'hosts']\ncni = 'cilium'\n[[output]]\nformat = 'text'\npath = '/a'\n"
    )

    assert (config.nice, config.select, config.cni, config.limits.max_mib) == (3, ("swap",), "cilium", 9)
    assert config.outputs == ("text=/a", "text=/b")
    assert [Path(name).name for name in config.files] == ["nodecheck.toml", "10-a.toml", "20-b.toml"]


def test_an_error_in_a_drop_in_names_the_drop_in(path: Path) -> None:
    folder = path.with_name("nodecheck.toml.d")
    folder.mkdir()
    (folder / "a.toml").write_text("[audit]\nnise = 1\n")

    with pytest.raises(ConfigError, match=r"nodecheck\.toml\.d/a\.toml: line 2: audit\.nise"):
        load(path, "")
    (folder / "a.toml").unlink()
    (folder / "a.toml").symlink_to("nowhere")
    with pytest.raises(ConfigError, match="no such file"):
        load(path, "")


def test_what_this_user_may_not_read_is_told_from_what_is_wrong(path: Path) -> None:
    """Who runs without a configuration that only root may read must not run without one that is wrong."""
    folder = path.with_name("nodecheck.toml.d")
    folder.mkdir()
    waivers = path.with_name("waivers.toml")
    waivers.touch()
    path.write_text(f'waivers = ["{waivers}"]\n')
    (folder / "a.toml").write_text('role = "worker"\n')
    with modes_hold():
        for closed in (path, folder / "a.toml", folder):
            mode = closed.stat().st_mode
            closed.chmod(0)
            with pytest.raises(ConfigDenied, match=f"{closed}: Permission denied"):
                load_config(str(path))
            closed.chmod(mode)
        waivers.chmod(0)
        with pytest.raises(ConfigError, match=r"waivers\.toml: Permission denied") as caught:
            load_config(str(path))
    assert type(caught.value) is ConfigError


def test_what_is_no_regular_file_is_refused(path: Path) -> None:
    os.mkfifo(path)
    with pytest.raises(ConfigError, match="not a regular file"):
        load_config(str(path))
    path.unlink()
    path.mkdir()
    with pytest.raises(ConfigError, match="not a regular file"):
        load_config(str(path))
    path.rmdir()
    path.symlink_to(path)
    with pytest.raises(ConfigError, match="symbolic links"):
        load_config(str(path))
    path.unlink()
    path.symlink_to("nowhere")
    with pytest.raises(ConfigError, match="a link that leads nowhere"):
        load_config(str(path))
    path.unlink()
    path.write_bytes(b"#" * 300_000)
    with pytest.raises(ConfigError, match="larger than"):
        load_config(str(path))


AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root is protected from others' files")


@AS_ROOT
@pytest.mark.parametrize("mode", [0o666, 0o664, 0o646])
def test_root_refuses_a_file_that_others_can_write(path: Path, mode: int) -> None:
    path.write_text("")
    path.chmod(mode)

    with pytest.raises(ConfigError, match="others can write it"):
        load_config(str(path))


@AS_ROOT
def test_root_refuses_what_is_another_users(path: Path) -> None:
    path.write_text("")
    os.chown(path, 65_534, 0)
    with pytest.raises(ConfigError, match="owned by uid 65534"):
        load_config(str(path))
    os.chown(path, 0, 0)
    folder = path.parent / "open"
    folder.mkdir()
    folder.chmod(0o777)
    (folder / "x.toml").write_text("")
    with pytest.raises(ConfigError, match=r"others can write .*/open"):
        load_config(f"{folder}/x.toml")
    with pytest.raises(ConfigError, match=r"others can write .*/open"):
        load(path, f'waivers = ["{folder}/not/there.toml"]\n')
    (path.parent / "link.toml").symlink_to(folder / "x.toml")
    with pytest.raises(ConfigError, match=r"others can write .*/open"):
        load_config(f"{path.parent}/link.toml")


@AS_ROOT
def test_root_refuses_a_link_of_anothers_on_the_way(path: Path) -> None:
    """Its owner could lead root to another of root's own files."""
    (path.parent / "real.toml").write_text("")
    theirs = path.parent / "theirs"
    theirs.mkdir()
    (theirs / "middle").symlink_to("../real.toml")
    path.symlink_to("theirs/middle")
    load_config(str(path))
    os.lchown(theirs / "middle", 65_534, 65_534)
    with pytest.raises(ConfigError, match=r"theirs/middle is owned by uid 65534"):
        load_config(str(path))
    os.lchown(theirs / "middle", 0, 0)
    os.chown(theirs, 65_534, 65_534)
    with pytest.raises(ConfigError, match=r"theirs is owned by uid 65534"):
        load_config(str(path))


@AS_ROOT
@pytest.mark.parametrize("foreign", ["edge.toml", "base.toml"])
def test_root_refuses_a_profile_of_anothers(path: Path, foreign: str) -> None:
    """Who can write it could hide whatever fails."""
    head = 'schema = "nodecheck.profile/1"\n'
    (path.parent / "edge.toml").write_text(f'{head}name = "edge"\nextends = "base.toml"\n')
    (path.parent / "base.toml").write_text(f'{head}name = "base"\nextends = "kubernetes"\n')
    text = f'[audit]\nprofile = "{path.parent}/edge.toml"\n'
    load(path, text)
    os.chown(path.parent / foreign, 65_534, 65_534)

    with pytest.raises(ConfigError, match=rf"{foreign}: owned by uid 65534: refused"):
        load(path, text)


@AS_ROOT
def test_root_refuses_a_folder_of_drop_ins_that_others_could_empty(path: Path) -> None:
    folder = path.with_name("nodecheck.toml.d")
    folder.mkdir()
    folder.chmod(0o777)

    with pytest.raises(ConfigError, match=r"others can write .*nodecheck.toml.d"):
        load(path, "")


@AS_ROOT
def test_root_refuses_a_drop_in_that_others_can_write(path: Path) -> None:
    folder = path.with_name("nodecheck.toml.d")
    folder.mkdir()
    (folder / "a.toml").write_text("")
    (folder / "a.toml").chmod(0o666)

    with pytest.raises(ConfigError, match="others can write it"):
        load(path, "")


def test_the_example_of_the_docs_is_valid(path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/configuration.md").read_text()
    example = page.partition("```toml\n")[2].partition("```")[0]

    config = load(path, example.replace("/etc/nodecheck/waivers.toml", "WAIVERS"))

    assert config.profile == "kubernetes"
    assert config.severity == {"time-sync": "error", "sysctl[vm.*]": "info"}
    assert (config.flap, config.limits, config.nice) == (Config().flap, Limits(), Config().nice)
