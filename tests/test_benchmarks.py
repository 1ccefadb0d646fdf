"""What the benchmarks judge by themselves; what they measure is for people."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
STARTUP = runpy.run_path(str(BENCHMARKS / "startup.py"))


@pytest.mark.parametrize(
    ("this", "other", "slower"),
    [
        pytest.param([1.0, 1.0, 1.0], [1.0, 1.0, 1.0], False, id="equal"),
        pytest.param([1.1, 1.1, 1.1], [1.0, 1.0, 1.0], True, id="slower each time"),
        pytest.param([0.5, 0.5, 0.5], [1.0, 1.0, 1.0], False, id="faster"),
        pytest.param([1.0, 9.0, 1.0], [1.0, 1.0, 1.0], False, id="one pair disturbed"),
        pytest.param([1.0, 1.3, 1.3], [1.0, 1.0, 1.0], False, id="most pairs disturbed, and the best as good"),
        pytest.param([1.1, 1.1, 1.1], [1.0, 1.2, 1.2], False, id="the best worse, and the pairs not"),
    ],
)
def test_a_row_is_slower_only_by_median_and_by_best(this: list[float], other: list[float], slower: bool) -> None:
    new, old = iter([9.0, *this]), iter([9.0, *other])  # the first of each warms up
    row = STARTUP["compared"]("a row", lambda: next(new), lambda: next(old), len(this))
    assert row.slower is slower


def test_pairs_change_their_order() -> None:
    order = []

    def named(name: str) -> float:
        order.append(name)
        return 1.0

    STARTUP["compared"]("a row", lambda: named("new"), lambda: named("old"), 4)
    assert order == ["new", "old", *("new", "old"), *("old", "new"), *("new", "old"), *("old", "new")]


def test_a_full_root_adds_its_rows() -> None:
    without = [command.what for command in STARTUP["commands"]("/env/bin/python", None)]
    found = STARTUP["commands"]("/env/bin/python", "/a/root")
    added = found[len(without) :]
    assert [command.what for command in found[: len(without)]] == without
    assert [command.what for command in added] == [
        "run --json --root, everything",
        "run --json --root --select swap",
        "run --json --root --view boot",
    ]
    assert all(command.argv[:3] == ["/env/bin/python", "-I", "/env/bin/nodecheck"] for command in added)
    assert all(command.argv[3:7] == ["run", "--json", "--root", "/a/root"] for command in added)


def test_a_command_that_does_not_know_an_option_is_no_figure() -> None:
    with pytest.raises(SystemExit, match="exit code 2"):
        STARTUP["cpu_s"]([sys.executable, "-c", "raise SystemExit(2)"])


@pytest.mark.skipif(os.geteuid() != 0, reason="without root nothing is made at all")
def test_a_directory_that_exists_is_never_made_a_root(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("as it was")
    argv = [sys.executable, str(BENCHMARKS / "debian_root.py"), str(tmp_path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == f"{tmp_path} exists already\n"
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
