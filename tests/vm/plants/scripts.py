"""Scripts that the boot runs: what of them is reached, and what is not."""

from __future__ import annotations

from collections.abc import Mapping

from tests.vm.plant import Plant
from tests.vm.plants.wishes import oneshot, writes

_ETC, _BIN = "/etc/systemd/system", "/usr/local/sbin"


def _script(name: str, text: str, *keys: str, more: Mapping[str, str] | None = None, shell: str = "") -> Plant:
    """A script that a service of its own runs; ``@KEY@`` stands for the command that sets a key as it is wanted."""
    for key in keys:
        text = text.replace(f"@{key}@", writes(key))
    unit = f"script-{name.replace(' ', '-')}"
    files = {f"x{_BIN}/{unit}": text, f"{_ETC}/{unit}.service": oneshot(f"{_BIN}/{unit} now"), **(more or {})}
    return Plant(f"script with {name}", files, f"{shell}\nsystemctl -q enable {unit}", sysctls=keys)


_FLOW = (
    _script(
        "functions",
        "#!/bin/sh\ntune() {\n    @net.core.dev_weight@\n}\nidle() {\n    @net.core.busy_poll@\n}\n"
        "function_of() { \"$@\"; }\ntune\n",
        "net.core.dev_weight",
        "net.core.busy_poll",
    ),
    _script(
        "here documents",
        "#!/bin/sh\ncat >/dev/null <<EOF\n@vm.laptop_mode@\nEOF\nsysctl -q -p - <<'EOF'\nvm.stat_interval = 2\nEOF\n"
        "sh <<EOF\n@vm.page_lock_unfairness@\nEOF\n",
        "vm.laptop_mode",
        "vm.stat_interval",
        "vm.page_lock_unfairness",
    ),
    _script(
        "an exit",
        "#!/bin/sh\n@net.core.message_cost@\nexit 0\n@net.core.message_burst@\n",
        "net.core.message_cost",
        "net.core.message_burst",
    ),
    _script(
        "chains",
        "#!/bin/sh\ntrue && @net.core.rmem_max@\nfalse && @net.core.wmem_max@\nfalse || @net.core.rmem_default@\n"
        "true || @net.core.wmem_default@\n[ -e /etc/passwd ] && @net.core.netdev_budget@\n"
        "[ -e /nope ] && @net.core.netdev_max_backlog@\ntrue; @net.core.optmem_max@\n",
        "net.core.rmem_max", "net.core.wmem_max", "net.core.rmem_default", "net.core.wmem_default",
        "net.core.netdev_budget", "net.core.netdev_max_backlog", "net.core.optmem_max",
    ),
    _script(
        "branches",
        "#!/bin/sh\nif [ \"$1\" = now ]; then\n    @net.ipv4.tcp_retries1@\nelse\n    @net.ipv4.tcp_retries2@\nfi\n"
        "case $1 in\n    later) @net.ipv4.tcp_orphan_retries@ ;;\n    n*) @net.ipv4.tcp_reordering@ ;;\nesac\n"
        "if false; then @net.ipv4.tcp_rfc1337@; fi\nif grep -q nothing-such /etc/passwd; then\n"
        "    @net.ipv4.tcp_stdurg@\nfi\n",
        "net.ipv4.tcp_retries1", "net.ipv4.tcp_retries2", "net.ipv4.tcp_orphan_retries", "net.ipv4.tcp_reordering",
        "net.ipv4.tcp_rfc1337", "net.ipv4.tcp_stdurg",
    ),
    _script(
        "an error",
        "#!/bin/sh\nset -e\n@net.ipv4.tcp_frto@\nfalse || true\n@net.ipv4.tcp_ecn@\nfalse\n@net.ipv4.tcp_dsack@\n",
        "net.ipv4.tcp_frto", "net.ipv4.tcp_ecn", "net.ipv4.tcp_dsack",
    ),
    _script(
        "an error by its first line",
        "#!/bin/bash -eu\n@net.ipv4.udp_rmem_min@\nmodprobe not-such-a-module\n@net.ipv4.udp_wmem_min@\n",
        "net.ipv4.udp_rmem_min", "net.ipv4.udp_wmem_min",
    ),
    _script(
        "loops",
        "#!/bin/sh\nfor key in net.ipv4.igmp_qrv=3 net.ipv4.igmp_max_msf=20; do\n    sysctl -q -w $key\ndone\n"
        "for key in; do sysctl -q -w net.ipv4.igmp_max_memberships=30; done\n",
        "net.ipv4.igmp_qrv", "net.ipv4.igmp_max_msf", "net.ipv4.igmp_max_memberships",
    ),
    _script(
        "variables",
        "#!/bin/sh\nKEY=net.ipv4.ip_dynaddr\nVALUE=1\nsysctl -q -w \"$KEY=$VALUE\"\nP=/proc/sys/net/ipv4\n"
        "echo 20 >$P/ipfrag_time\necho 1 > \"${P}/ip_nonlocal_bind\"\n",
        "net.ipv4.ip_dynaddr", "net.ipv4.ipfrag_time", "net.ipv4.ip_nonlocal_bind",
    ),
)  # fmt: skip

_CALLS = (
    _script(
        "a trap",
        "#!/bin/sh\ntrap '@fs.lease-break-time@' EXIT\ntrap '@fs.leases-enable@' INT\ntrue\n",
        "fs.lease-break-time",
        "fs.leases-enable",
    ),
    _script(
        "a script of its own",
        f"#!/bin/sh\n. /etc/default/script-own\n{_BIN}/script-called on\n",
        "fs.mqueue.msg_max", "fs.mqueue.queues_max", "fs.mqueue.msgsize_max",
        more={
            "/etc/default/script-own": f"{writes('fs.mqueue.msg_max')}\n",
            f"x{_BIN}/script-called": "#!/bin/sh\n[ \"$1\" = on ] || exit 0\n"
            f"{writes('fs.mqueue.queues_max')}\nexec true\n{writes('fs.mqueue.msgsize_max')}\n",
        },
    ),
    _script(
        "a subshell",
        "#!/bin/sh\n( @kernel.msgmax@ )\n{ @kernel.msgmnb@; }\n( exit 0; @kernel.shmmni@ )\n"
        "@kernel.printk_ratelimit@ &\nwait\nsh -c '@kernel.printk_ratelimit_burst@'\n",
        "kernel.msgmax", "kernel.msgmnb", "kernel.shmmni", "kernel.printk_ratelimit", "kernel.printk_ratelimit_burst",
    ),
    _script(
        "a comment",
        "#!/bin/sh\n# @net.ipv4.icmp_msgs_burst@\necho '@net.ipv4.icmp_msgs_per_sec@' >/dev/null\n: @net.ipv4.icmp_ratelimit@\n"
        "test -e /etc/passwd # yes\n@net.ipv4.fwmark_reflect@ # @net.ipv4.tcp_fwmark_accept@\n",
        "net.ipv4.icmp_msgs_burst", "net.ipv4.icmp_msgs_per_sec", "net.ipv4.icmp_ratelimit",
        "net.ipv4.fwmark_reflect", "net.ipv4.tcp_fwmark_accept",
    ),
    _script(
        "swap",
        "#!/bin/sh\nfor f in /swap/s1 /swap/s2; do swapon $f; done\nif false; then swapon /swap/s3; fi\n"
        "swapon /swap/s4 || true\nexit\nswapon /swap/s5\n",
    )._replace(swapfiles=("s1", "s2", "s3", "s4", "s5")),
    Plant(
        "script that is not executable",
        {
            f"{_BIN}/script-flat": f"#!/bin/sh\n{writes('vm.extfrag_threshold')}\n",
            f"{_ETC}/script-flat.service": oneshot(f"{_BIN}/script-flat"),
            f"{_ETC}/script-read.service": oneshot(f"/bin/sh {_BIN}/script-read"),
            f"{_BIN}/script-read": f"{writes('vm.watermark_scale_factor')}\n",
        },
        "systemctl -q enable script-flat script-read",
        sysctls=("vm.extfrag_threshold", "vm.watermark_scale_factor"),
    ),
    Plant(
        "script in the unit itself",
        {
            f"{_ETC}/inline.service": oneshot(
                f"/bin/sh -c 'for i in 1; do {writes('net.ipv4.tcp_base_mss')}; done; exit 0; "
                f"{writes('net.ipv4.tcp_recovery')}'"
            ),
            f"{_ETC}/inline-env.service": oneshot(
                "/sbin/sysctl -q -w ${KEY}=$VALUE", more="Environment=KEY=net.ipv4.tcp_early_retrans VALUE=2\n"
            ),
            f"{_ETC}/inline-user.service": oneshot(f"/sbin/{writes('net.ipv4.tcp_autocorking')}", more="User=nobody\n"),
            f"{_ETC}/inline-kept.service": oneshot(
                f"/sbin/{writes('net.ipv4.tcp_fastopen')}", more="ProtectKernelTunables=yes\n"
            ),
        },
        "systemctl -q enable inline inline-env inline-user inline-kept",
        sysctls=(
            "net.ipv4.tcp_base_mss", "net.ipv4.tcp_recovery", "net.ipv4.tcp_early_retrans", "net.ipv4.tcp_autocorking",
            "net.ipv4.tcp_fastopen",
        ),
    ),
)  # fmt: skip

_LOCAL = (
    Plant(
        "rc.local that calls scripts",
        {
            "x/etc/rc.local": f"#!/bin/sh -e\n{_BIN}/local-first\nsh {_BIN}/local-second start\n"
            f"if [ -x {_BIN}/local-third ]; then {_BIN}/local-third; fi\nexit 0\n",
            f"x{_BIN}/local-first": f"#!/bin/sh\n{writes('net.ipv4.tcp_min_tso_segs')}\nswapon /swap/local1\n",
            f"{_BIN}/local-second": f"case $1 in\nstart) {writes('net.ipv4.tcp_probe_interval')} ;;\n"
            f"stop) {writes('net.ipv4.tcp_probe_threshold')} ;;\nesac\n",
            f"{_BIN}/local-third": f"#!/bin/sh\n{writes('net.ipv4.tcp_challenge_ack_limit')}\nswapon /swap/local2\n",
        },
        sysctls=(
            "net.ipv4.tcp_min_tso_segs", "net.ipv4.tcp_probe_interval", "net.ipv4.tcp_probe_threshold",
            "net.ipv4.tcp_challenge_ack_limit",
        ),
        swapfiles=("local1", "local2"),
        slot="rc.local",
    ),
    Plant(
        "rc.local that is not executable",
        {"/etc/rc.local": f"#!/bin/sh -e\n{writes('net.ipv4.tcp_min_tso_segs')}\nswapon /swap/local3\nexit 0\n"},
        "chmod 644 /etc/rc.local",
        sysctls=("net.ipv4.tcp_min_tso_segs",),
        swapfiles=("local3",),
        slot="rc.local",
    ),
    Plant(
        "rc.local that fails on its way",
        {
            "x/etc/rc.local": f"#!/bin/sh -e\n{writes('net.ipv4.tcp_limit_output_bytes')}\nswapon /swap/not-there\n"
            f"{writes('net.ipv4.tcp_max_reordering')}\n"
        },
        sysctls=("net.ipv4.tcp_limit_output_bytes", "net.ipv4.tcp_max_reordering"),
        slot="rc.local",
    ),
    Plant(
        "System V scripts",
        {
            "x/etc/init.d/tuner": "#!/bin/sh\n### BEGIN INIT INFO\n# Provides: tuner\n# Required-Start:\n# Required-Stop:\n"
            "# Default-Start: 2 3 4 5\n# Default-Stop: 0 1 6\n### END INIT INFO\ncase \"$1\" in\n"
            f"start) {writes('net.ipv4.tcp_thin_linear_timeouts')} ;;\n"
            f"stop) {writes('net.ipv4.tcp_workaround_signed_windows')} ;;\nesac\n",
            "x/etc/init.d/unlinked": "#!/bin/sh\n### BEGIN INIT INFO\n# Provides: unlinked\n# Required-Start:\n"
            "# Required-Stop:\n# Default-Start: 2 3 4 5\n# Default-Stop: 0 1 6\n### END INIT INFO\n"
            f"{writes('net.ipv4.tcp_no_metrics_save')}\n",
            "x/etc/init.d/overridden": "#!/bin/sh\n### BEGIN INIT INFO\n# Provides: overridden\n# Required-Start:\n"
            "# Required-Stop:\n# Default-Start: 2 3 4 5\n# Default-Stop: 0 1 6\n### END INIT INFO\n"
            f"{writes('net.ipv4.tcp_abort_on_overflow')}\n",
            f"{_ETC}/overridden.service": oneshot("/bin/true"),
        },
        "for f in tuner overridden; do ln -sf ../init.d/$f /etc/rc3.d/S01$f; ln -sf ../init.d/$f /etc/rc5.d/S01$f; done\n"
        "systemctl -q enable overridden.service",
        sysctls=(
            "net.ipv4.tcp_thin_linear_timeouts", "net.ipv4.tcp_workaround_signed_windows",
            "net.ipv4.tcp_no_metrics_save", "net.ipv4.tcp_abort_on_overflow",
        ),
        services=("tuner", "unlinked", "overridden"),
    ),
)  # fmt: skip

PLANTS = (*_FLOW, *_CALLS, *_LOCAL)
