"""An alias counts as far as systemd follows it: eight names, its own among them (FOLLOW_MAX, unit-file.c)."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck.testing import TreeLink, run
from tests.facts.acts.test_acts_commands import ETC, SWAPON, enabled, node, program, script, status, unit
from tests.facts.acts.test_unknown_programs import Entries

KUBELET: Entries = {"/usr/bin/kubelet": script()}


def chain(names: int, last: str) -> Entries:
    """``first.service`` as the first of so many names, the last of which is the file."""
    every = ["first", *[f"n{at}" for at in range(names - 2)], last]
    return {f"{ETC}/{one}.service": TreeLink(f"{ETC}/{two}.service") for one, two in zip(every, every[1:])}


@pytest.mark.parametrize(("names", "expected"), [(2, "fail"), (3, "fail"), (8, "fail"), (9, "pass"), (12, "pass")])
def test_what_a_long_alias_would_start(tmp_path: Path, names: int, expected: str) -> None:
    tree: Entries = {**chain(names, "last"), f"{ETC}/last.service": unit(SWAPON), **enabled("first.service")}

    assert status(node(tmp_path, tree), "swap") == expected


@pytest.mark.parametrize("names", [9, 10, 20])
def test_a_service_that_is_too_long_an_alias(tmp_path: Path, names: int) -> None:
    links = {path.replace("first", "kubelet"): link for path, link in chain(names, "last").items()}
    tree: Entries = {**KUBELET, **links, f"{ETC}/last.service": unit("ExecStart=/usr/bin/kubelet")}
    root = node(tmp_path, {**tree, **enabled("kubelet.service")})
    (result,) = run(root, select=["service[kubelet]@boot"], role="worker", kubernetes="1.34").results

    assert (result.status.value, "more than 8 names" in result.message) == ("fail", True)


def test_an_alias_of_itself(tmp_path: Path) -> None:
    loop: Entries = {
        f"{ETC}/kubelet.service": TreeLink(f"{ETC}/other.service"),
        f"{ETC}/other.service": TreeLink(f"{ETC}/kubelet.service"),
    }
    root = node(tmp_path, {**KUBELET, **loop, **enabled("kubelet.service")})

    assert status(root, "service[kubelet]") == "fail"


def test_a_short_alias_of_the_kubelet(tmp_path: Path) -> None:
    tree: Entries = {**KUBELET, **program("kubelet.service", "/usr/bin/kubelet")}

    assert status(node(tmp_path, tree), "service[kubelet]") == "pass"
