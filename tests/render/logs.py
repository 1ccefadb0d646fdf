"""Real logs for tests: a journald in a mount namespace of its own, and an rsyslogd with a socket of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

JOURNALD = next(
    (p for p in ("/usr/lib/systemd/systemd-journald", "/lib/systemd/systemd-journald") if os.path.exists(p)), None
)
RSYSLOGD = shutil.which("rsyslogd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

CONF = "[Journal]\\nStorage=volatile\\nReadKMsg=no\\nRateLimitBurst=0\\nAudit=no\\n"

SCRIPT = f"""
set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/journal /run/log/journal /run/systemd/journald.conf.d
printf '{CONF}' > /run/systemd/journald.conf.d/test.conf
{JOURNALD} 2> /dev/null & pid=$!
trap 'kill $pid' EXIT
for _ in $(seq 100); do [ ! -S /run/systemd/journal/socket ] || break; sleep 0.05; done
"$@" >&2
journalctl --directory=/run/log/journal --sync || true
for _ in $(seq 100); do
    journalctl --directory=/run/log/journal --all --output=json --no-pager SYSLOG_IDENTIFIER=nodecheck > "$OUT"
    [ "$(wc -l < "$OUT")" -lt "$EXPECTED" ] || break
    sleep 0.05
done
"""


def can_have_a_journald() -> bool:
    """Whether this machine lets us: systemd's programs, and a mount namespace."""
    if JOURNALD is None or shutil.which("journalctl") is None or not os.path.exists("/etc/machine-id"):
        return False
    words = ["unshare", "--mount", "--propagation", "private", "mount", "-t", "tmpfs", "tmpfs", "/run"]
    return shutil.which("unshare") is not None and subprocess.run(words, capture_output=True).returncode == 0


def journalled(words: list[str], expected: int, out: Path) -> list[dict[str, Any]]:
    """Run a command beside a journald, and read what nodecheck left in the journal with journalctl."""
    line = ["unshare", "--mount", "--propagation", "private", "bash", "-c", SCRIPT, "bash", *words]
    env = {**os.environ, "OUT": str(out), "EXPECTED": str(expected)}
    done = subprocess.run(line, capture_output=True, env=env, timeout=60, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return [json.loads(line) for line in out.read_text().split("\n") if line]


RSYSLOG = """
global(workDirectory="{folder}" maxMessageSize="8k")
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="{folder}/log" RateLimit.Interval="0")
template(name="json" type="list" option.jsonf="on") {{
  property(outname="facility" name="syslogfacility-text" format="jsonf")
  property(outname="severity" name="syslogseverity" format="jsonf")
  property(outname="program" name="programname" format="jsonf")
  property(outname="message" name="msg" format="jsonf")
}}
*.* action(type="omfile" file="{folder}/messages" template="json")
"""


@contextmanager
def rsyslog(folder: Path) -> Iterator[Path]:
    """A real rsyslogd; gives the path of its socket."""
    (folder / "rsyslog.conf").write_text(RSYSLOG.format(folder=folder))
    words = [str(RSYSLOGD), "-n", "-f", str(folder / "rsyslog.conf"), "-i", str(folder / "pid")]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            if (folder / "log").exists():
                break
            time.sleep(0.05)
        yield folder / "log"
    finally:
        os.kill(process.pid, signal.SIGTERM)
        process.wait(20)


def syslogged(folder: Path, expected: int) -> list[dict[str, str]]:
    """What the rsyslogd wrote."""
    path = folder / "messages"
    for _ in range(200):
        if path.exists() and path.read_bytes().count(b"\n") >= expected:
            break
        time.sleep(0.05)
    return [json.loads(line) for line in path.read_text().split("\n") if line]
