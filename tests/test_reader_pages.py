"""What the pages for readers (docs/for) show in Python and TOML works as it stands."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

import nodecheck
from nodecheck.config.site import site_of_file
from nodecheck.testing import write_tree

DOCS = Path(__file__).resolve().parents[1] / "docs"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (DOCS / page).read_text(), re.MULTILINE | re.DOTALL)


def module(name: str, text: str) -> ModuleType:
    made = ModuleType(name)
    exec(compile(text, name, "exec"), vars(made))
    return made


def test_the_installer_judges_and_writes_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node = write_tree(tmp_path / "node", {"/etc/fstab": "/dev/sda2 none swap sw 0 0\n"})
    (code,) = blocks("for/installer-author.md", "python")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SystemExit) as end:
        module("installer", code.replace("nodecheck.run(", f"nodecheck.run(root={str(node)!r}, "))

    assert end.value.code == 1
    assert "sysctl" in (tmp_path / "fix.sh").read_text()
    assert "our-cluster" in (tmp_path / "node.html").read_text()


def test_the_check_of_the_plugin_and_its_test_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check, test = blocks("for/plugin-author.md", "python")
    made = module("nodecheck_zram", check)
    monkeypatch.setitem(sys.modules, "nodecheck_zram", made)
    tests = {name: run for name, run in vars(module("test_zram", test)).items() if name.startswith("test_")}

    assert made.nodecheck_checks() == [made.no_zram]
    assert len(tests) == 2
    for name, run in tests.items():
        run(tmp_path / name)


@pytest.mark.parametrize("page", ["index.md", "for/platform-engineer.md", "for/sre.md"])
def test_the_configurations_are_valid(page: str, tmp_path: Path) -> None:
    (text,) = blocks(page, "toml")
    (tmp_path / "nodecheck.toml").write_text(text)

    assert site_of_file(str(tmp_path / "nodecheck.toml")).role == "worker"


def test_a_directory_is_judged_by_the_view_boot_alone(tmp_path: Path) -> None:
    """As for/image-builder.md says."""
    report = nodecheck.run(root=write_tree(tmp_path, {"/etc/fstab": ""}), select=["time-sync", "swap"])

    assert report["time-sync"].status.value == "skip"
    assert report["time-sync"].cause is not None
    assert report["time-sync"].cause.code == "offline"
    assert report["swap@boot"].status.value != "skip"
