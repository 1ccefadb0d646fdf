"""A real cron daemon runs what ``nodecheck schedule cron --install`` wrote, and mails what changed and nothing else.

Cron knows no less than a minute, so this takes four of them: it runs where ``NODECHECK_SLOW=1``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = r"""
set -eu
for d in /etc/cron.d /run /srv /var/spool/cron /etc/nodecheck; do mkdir -p $d; mount -t tmpfs -o mode=755 tmpfs $d; done
mkdir -p /srv/node/etc /srv/up /srv/work /srv/mail
mount -t overlay overlay -o lowerdir=/usr/sbin,upperdir=/srv/up,workdir=/srv/work /usr/sbin
echo '#!/bin/sh' > /usr/sbin/sendmail; echo 'cat > /srv/mail/$(date +%s)' >> /usr/sbin/sendmail
chmod 755 /usr/sbin/sendmail
PYTHON -m nodecheck schedule cron --every '* * * * *' --install \
    --options '--root /srv/node --state "/srv/100% state"' >&2
cron -f & daemon=$!
minute() { sleep $((62 - $(date +%s) % 60)); }
minute; sleep 20; ls /srv/mail | wc -l
minute; sleep 20; ls /srv/mail | wc -l
echo '/dev/sda2 none swap sw 0 0' > /srv/node/etc/fstab
minute; sleep 20; ls /srv/mail | wc -l
kill $daemon
ls -d '/srv/100% state' /srv/100%*/history*
cat $(ls -d /srv/mail/* | tail -1)
"""


@pytest.mark.skipif(os.environ.get("NODECHECK_SLOW") != "1", reason="takes four minutes: NODECHECK_SLOW=1")
def test_cron_mails_what_changed_and_nothing_else(tmp_path: Path) -> None:
    if os.geteuid() != 0 or shutil.which("cron") is None or shutil.which("unshare") is None:
        pytest.skip("needs root, unshare and cron")
    words = ("unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c")
    done = subprocess.run(
        [*words, SCRIPT.replace("PYTHON", sys.executable)],
        capture_output=True, text=True, timeout=400,
    )  # fmt: skip

    lines = done.stdout.split("\n")
    assert lines[:3] == ["1", "1", "2"], done.stdout + done.stderr
    assert lines[3].startswith("/srv/100% state")
    assert "To: root" in done.stdout
    assert "NEW FAILURE" in done.stdout
    assert "swap[/dev/sda2]@boot" in done.stdout
