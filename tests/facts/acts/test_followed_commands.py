"""What runs another command is followed, and what is only known in part is undecided where it may matter."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodecheck.testing import TreeFile, TreeLink
from tests.facts.acts.test_acts_commands import ETC, enabled, node, script, status, unit
from tests.facts.acts.test_unknown_programs import Entries, own

ELF = TreeFile("\x7fELF", mode=0o755)
PROGRAMS = (
    "busybox", "chroot", "nice", "timeout", "setsid", "sudo", "systemd-run", "xargs", "su", "flock", "taskset",
    "prlimit", "setpriv", "start-stop-daemon", "time", "unshare", "nsenter", "systemd-inhibit", "strace", "nohup",
    "env", "find", "cat", "echo",
)  # fmt: skip
TREE: Entries = {
    **{f"/usr/bin/{name}": ELF for name in PROGRAMS},
    "/usr/local/bin/myswap": TreeLink("/sbin/swapon"),
    "/usr/local/bin/mytouch": TreeLink("/usr/bin/touch"),
    "/etc/commands": "swapon /s\n",
    "/etc/harmless": "touch /s\n",
    "/opt/own/on.sh": script("swapon /s"),
    "/opt/own/touch.sh": script("touch /s"),
    "/usr/local/bin/on.sh": script("swapon /s"),
    "/usr/local/bin/touch.sh": script("touch /s"),
    "/etc/own.d/a": "swapon /s\n",
    "/etc/other.d/a": "A=1\n",
}

TURN_ON = (
    "busybox swapon /s", "chroot / swapon /s", "env X=1 swapon /s", "nice -n 5 swapon /s", "timeout 5 swapon /s",
    "setsid -w swapon /s", "nohup swapon /s &", "sudo -u root swapon /s", "systemd-run swapon /s",
    "systemd-run --unit x -p Type=oneshot --on-active=5 swapon /s", "sh -c \"sh -c 'swapon /s'\"", "command swapon /s",
    "exec swapon /s", "\\swapon /s", "myswap /s", "/usr/local/bin/myswap /s", "flock /run/l swapon /s",
    'flock -n /run/l -c "swapon /s"', "taskset -c 0 swapon /s", "prlimit swapon /s", "setpriv --reuid=0 swapon /s",
    "start-stop-daemon --start --exec /sbin/swapon -- /s", "time -p swapon /s", "/usr/bin/time swapon /s",
    "systemd-inhibit swapon /s", "strace -f swapon /s", "sh < /etc/commands", "F=/s\nsh <<E\nswapon $F\nE",
    "F=/s\ncat <<E | sh\nswapon $F\nE", 'eval "swapon /s"', '. "$(dirname "$0")/on.sh"', '"${0%/*}"/on.sh',
    'D=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)\n"$D/on.sh"', '$(dirname "$(readlink -f "$0")")/on.sh',
)  # fmt: skip
MAY_TURN_ON = (
    'eval "swapon $F"', 'eval "$CMD /s"', '. "$FILE"', 'source "$X"', "bash $X", 'sh "$DIR/gone.sh"', "$BIN/swapon /s",
    '"$SBIN"/swapon /s', '"$DIR/on.sh"', '. "$DIR/own/on.sh"', '. "/etc/own.d/$NAME"', "chroot /mnt swapon /s",
    "unshare -m swapon /s", "nsenter -t 1 -m swapon /s", 'sh -c "swapon $F"', 'echo "swapon $F" | sh',
    "cat <<E | sh\nswapon $F\nE", "echo /s | xargs swapon", 'alias on="swapon"\non /s',
    "select x in a; do swapon /s; done", "coproc swapon /s", "(( x = 1 )) && swapon /s",
)  # fmt: skip
HARMLESS = (
    "busybox touch /s", "chroot / touch /s", "systemd-run touch /s", "flock /run/l touch /s", 'eval "echo $F"',
    'flock -n /run/l -c "touch /s"', "start-stop-daemon --start --exec /bin/touch -- /s", "mytouch /s",
    "start-stop-daemon --stop --exec /sbin/swapon", "sh < /etc/harmless", "F=/s\nsh <<E\ntouch $F\nE",
    "chroot /mnt touch /s", "unshare -m touch /s", '"$D"/echo /s', '"$DIR/touch.sh"', '. "/etc/other.d/$NAME"',
    'eval "$(dircolors)"', "(( x = 1 )) && touch /s", 'alias on="touch"\non /s', "systemd-run swapon --show",
    '. "$(dirname "$0")/touch.sh"', '"$JAVA_HOME/bin/java" -jar /srv/x.jar', '. "$HOME/.bash_aliases"',
    "alias on=swapon", "[ -r /etc/gone ] && (( 1 ))", '. /etc/default/x\ntouch "$F"',
)  # fmt: skip


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        *[(line, "fail") for line in TURN_ON],
        *[(line, "unknown") for line in MAY_TURN_ON],
        *[(line, "pass") for line in HARMLESS],
    ],
)
def test_a_command_that_another_one_runs(tmp_path: Path, line: str, expected: str) -> None:
    assert status(node(tmp_path, {**TREE, **own(*line.split("\n"))}), "swap") == expected


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("/usr/bin/flock /run/l /sbin/swapon /s", "fail"),
        ("/usr/bin/systemd-run /sbin/swapon /s", "fail"),
        ("/usr/local/bin/myswap /s", "fail"),
        ("/usr/local/bin/mytouch /s", "pass"),
        ("/usr/bin/flock /run/l /usr/bin/touch /s", "pass"),
    ],
)
def test_a_unit_that_runs_one(tmp_path: Path, command: str, expected: str) -> None:
    tree: Entries = {**TREE, f"{ETC}/a.service": unit(f"ExecStart={command}"), **enabled("a.service")}

    assert status(node(tmp_path, tree), "swap") == expected


@pytest.mark.parametrize("select", ["sysctl[net.ipv4.ip_forward]", "hostname", "firewall[nftables]"])
@pytest.mark.parametrize(("line", "same"), [('. "$FILE"', False), ('. "$HOME/.bashrc"', True)])
def test_a_script_that_cannot_be_told_may_do_anything(tmp_path: Path, select: str, line: str, same: bool) -> None:
    sysctl: Entries = {"/etc/sysctl.d/k.conf": "net.ipv4.ip_forward = 1\n"}
    root = node(tmp_path, {**sysctl, **own(line)})

    assert ("unknown" not in status(root, select).split("; ")) is same


def test_a_packages_script_is_taken_to_find_its_own_files(tmp_path: Path) -> None:
    tree: Entries = {
        "/usr/lib/systemd/system/a.service": unit("ExecStart=/usr/sbin/packaged"),
        **enabled("a.service", "/usr/lib/systemd/system"),
        "/usr/sbin/packaged": script('. "$FILE"', "swapon --show"),
    }

    assert status(node(tmp_path, tree), "swap") == "pass"
