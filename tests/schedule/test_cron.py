"""The cron entry: fields, places in time, and words that reach the program whole."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from nodecheck.errors import UsageError
from nodecheck.schedule.cron import command, entry, times


def test_the_file() -> None:
    lines = entry(("/opt/nodecheck/bin/nodecheck", "audit"), "hourly", "seed").split("\n")

    assert lines[0].startswith("# Written by nodecheck schedule;")
    assert lines[-1] == ""  # cron does not take a last line without its end
    assert lines[-2].split(" ")[1:] == ["*", "*", "*", "*", "root", "/opt/nodecheck/bin/nodecheck", "audit"]
    assert [line for line in lines if "=" in line and not line.startswith("#")] == [
        "SHELL=/bin/sh",
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ]


def test_a_crontab_of_ones_own_has_neither_user_nor_settings() -> None:
    mark, line, end = entry(("/n", "audit"), "daily", "seed", None).split("\n")

    assert line.split(" ")[2:] == ["*", "*", "*", "/n", "audit"]
    assert (mark[0], end) == ("#", "")
    assert "--remove" not in mark  # it takes /etc/cron.d/nodecheck away, and no line of a crontab


def test_a_fleet_is_spread_and_each_node_stays_where_it_is() -> None:
    minutes = [int(times("hourly", f"node{number}").split(" ")[0]) for number in range(600)]

    assert set(minutes) == set(range(60))
    assert max(minutes.count(minute) for minute in range(60)) < 30
    assert times("weekly", "x") == times("weekly", "x")
    hours = {int(times("daily", f"node{number}").split(" ")[1]) for number in range(100)}
    assert hours == set(range(5))


@pytest.mark.parametrize(
    "every", ["", "hour", "* * * *", "* * * * * *", "*\n* * * *", "* * * * %", "@reboot", "é * * * *"]
)
def test_what_no_time_is(every: str) -> None:
    with pytest.raises(UsageError):
        times(every, "x")


HARD = ("100%", "a b%%c", "$HOME", "it's", '"', "\\", "\\%", "%", "", "é", "*", "a\tb")


def cron_takes(line: str) -> str:
    r"""What Vixie cron and cronie hand to sh: an unescaped % is a line's end, and \% loses its backslash."""
    assert "%" not in line.replace("\\%", "")
    return line.replace("\\%", "%")


@pytest.mark.parametrize("taken", [cron_takes, str])  # str: busybox leaves the line as it is
def test_words_reach_the_program_whole(tmp_path: Path, taken: type[str]) -> None:
    program = tmp_path / "pro gram 5%"
    program.write_text('#!/bin/sh\nprintf "%s\\0" "$@"\n')
    program.chmod(0o755)
    line = command((str(program), *HARD))

    done = subprocess.run(["/bin/sh", "-c", taken(line)], capture_output=True, text=True, check=True)

    assert done.stdout.split("\0")[:-1] == list(HARD)
