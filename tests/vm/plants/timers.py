"""What starts units besides targets: timers, paths, udev's rules, sockets; and what writes by itself: tmpfiles.d."""

from __future__ import annotations

from tests.vm.plant import Plant
from tests.vm.plants.wishes import WANTED, oneshot, writes

_ETC, _LIB = "/etc/systemd/system", "/usr/lib/systemd/system"
_RULES = "/etc/udev/rules.d"
_TMPFILES = "/etc/tmpfiles.d"


def _unit(kind: str, lines: str, target: str, unit: str = "") -> str:
    settings = "".join([f"{line}\n" for line in lines.split(";")])
    return f"[Unit]\nDescription=planted\n{unit}[{kind}]\n{settings}[Install]\nWantedBy={target}\n"


def _timer(name: str, lines: str, key: str = "", area: str = "", verb: str = "enable") -> Plant:
    """A timer, and the service of that name, which sets a key or turns an area on."""
    folder = _LIB if verb == "mask" else _ETC
    command = writes(key) if key else f"swapon /swap/{area}"
    files = {
        f"{folder}/timed-{name}.timer": _unit("Timer", lines, "timers.target"),
        f"{_ETC}/timed-{name}.service": oneshot(f"/sbin/{command}", install=""),
    }
    shell = f"systemctl -q {verb} timed-{name}.timer" if verb else ""
    return Plant(f"timer {name}", files, shell, sysctls=(key,) if key else (), swapfiles=(area,) if area else ())


TIMERS = (
    _timer("boot", "OnBootSec=1s", "net.core.busy_read"),
    _timer("startup", "OnStartupSec=1s", area="timed1"),
    _timer("active", "OnActiveSec=1s;AccuracySec=1s", "net.core.tstamp_allow_data"),
    _timer("off", "OnBootSec=1s", area="timed2", verb=""),
    _timer("masked", "OnBootSec=1s", "net.ipv4.inet_peer_threshold", verb="mask"),
    _timer("repeating", "OnBootSec=1s;OnUnitActiveSec=1h", area="timed3"),
    _timer("without-begin", "OnUnitActiveSec=1s", area="timed4"),
    _timer("calendar", "OnCalendar=*-*-* *:*:00/5;Persistent=true;AccuracySec=1s", "net.ipv4.route.mtu_expires"),
    _timer("past", "OnCalendar=2001-01-01", area="timed5"),
    Plant(
        "timer of another unit",
        {
            f"{_ETC}/timed-other.timer": _unit("Timer", "OnBootSec=1s;Unit=timed-named.service", "timers.target"),
            f"{_ETC}/timed-named.service": oneshot(f"/sbin/{writes('net.ipv4.inet_peer_maxttl')}", install=""),
            f"{_ETC}/timed-other.service": oneshot(f"/sbin/{writes('net.ipv4.inet_peer_minttl')}", install=""),
        },
        "systemctl -q enable timed-other.timer",
        sysctls=("net.ipv4.inet_peer_maxttl", "net.ipv4.inet_peer_minttl"),
    ),
    Plant(
        "timer with a condition",
        {
            f"{_ETC}/timed-when.timer": _unit(
                "Timer", "OnBootSec=1s", "timers.target", "ConditionPathExists=/nope\n"
            ),
            f"{_ETC}/timed-when.service": oneshot(f"/sbin/{writes('net.ipv4.tcp_synack_retries')}", install=""),
            f"{_ETC}/timed-then.timer": _unit("Timer", "OnBootSec=1s", "timers.target"),
            f"{_ETC}/timed-then.service": oneshot(
                f"/sbin/{writes('net.ipv4.tcp_syn_retries')}", "ConditionPathExists=/nope\n", install=""
            ),
        },
        "systemctl -q enable timed-when.timer timed-then.timer",
        sysctls=("net.ipv4.tcp_synack_retries", "net.ipv4.tcp_syn_retries"),
    ),
    Plant(
        "timer of a user",
        {
            "/etc/systemd/user/timed-user.timer": _unit("Timer", "OnBootSec=1s", "timers.target"),
            "/etc/systemd/user/timed-user.service": oneshot("/sbin/swapon /swap/timed6", install=""),
        },
        "systemctl -q --global enable timed-user.timer",
        swapfiles=("timed6",),
    ),
)  # fmt: skip


def _path(name: str, lines: str, key: str, verb: str = "enable") -> Plant:
    files = {
        f"{_ETC}/path-{name}.path": _unit("Path", lines, "paths.target"),
        f"{_ETC}/path-{name}.service": oneshot(f"/sbin/{writes(key)}", install=""),
    }
    return Plant(f"path {name}", files, f"systemctl -q {verb} path-{name}.path" if verb else "", sysctls=(key,))


PATHS = (
    _path("there", "PathExists=/etc/passwd", "net.ipv6.auto_flowlabels"),
    _path("off", "PathExists=/etc/passwd", "net.ipv6.bindv6only", verb=""),
    _path("not-there", "PathExists=/nope", "net.ipv6.flowlabel_consistency"),
    _path("glob", "PathExistsGlob=/etc/pass*", "net.ipv6.idgen_retries"),
    _path("full", "DirectoryNotEmpty=/etc", "net.ipv6.ip6frag_time"),
    _path("changed", "PathChanged=/srv/never", "net.ipv6.icmp.ratelimit"),
)


def _rule(name: str, lines: str, *keys: str, areas: tuple[str, ...] = ()) -> Plant:
    for key in keys:
        lines = lines.replace(f"@{key}@", f"/sbin/{writes(key)}").replace(f"%{key}%", WANTED[key])
    return Plant(
        f"udev {name}", {f"{_RULES}/90-{name.replace(' ', '-')}.rules": lines + "\n"}, sysctls=keys, swapfiles=areas
    )


UDEV = (
    _rule("run", 'ACTION=="add", SUBSYSTEM=="net", KERNEL=="lo", RUN+="@net.ipv4.tcp_mtu_probing@"', "net.ipv4.tcp_mtu_probing"),
    _rule("run for the card", 'ACTION=="add", SUBSYSTEM=="net", KERNEL=="eth0", RUN+="@net.ipv4.tcp_keepalive_probes@"', "net.ipv4.tcp_keepalive_probes"),
    _rule("run for no device", 'ACTION=="add", SUBSYSTEM=="net", KERNEL=="eth7", RUN+="@net.ipv4.tcp_keepalive_intvl@"', "net.ipv4.tcp_keepalive_intvl"),
    _rule("run on removal", 'ACTION=="remove", SUBSYSTEM=="net", RUN+="@net.ipv4.tcp_tw_reuse@"', "net.ipv4.tcp_tw_reuse"),
    _rule("sysctl", 'SUBSYSTEM=="net", KERNEL=="lo", SYSCTL{net/ipv4/tcp_slow_start_after_idle}="%net.ipv4.tcp_slow_start_after_idle%"', "net.ipv4.tcp_slow_start_after_idle"),
    _rule("sysctl with dots", 'SUBSYSTEM=="mem", KERNEL=="null", SYSCTL{net.ipv4.tcp_fin_timeout}="%net.ipv4.tcp_fin_timeout%"', "net.ipv4.tcp_fin_timeout"),
    _rule("attribute", 'SUBSYSTEM=="net", KERNEL=="eth0", ATTR{address}=="?*", ATTR{tx_queue_len}="500", RUN+="@net.ipv4.tcp_early_demux@"', "net.ipv4.tcp_early_demux"),
    _rule("shell", 'ACTION=="add|change", SUBSYSTEM=="net", KERNEL=="lo", RUN+="/bin/sh -c \'echo 0 >/proc/sys/net/ipv4/udp_early_demux\'"', "net.ipv4.udp_early_demux"),
    _rule("jump", 'GOTO="planted_end"\nSUBSYSTEM=="net", KERNEL=="lo", RUN+="@net.ipv4.ip_early_demux@"\nLABEL="planted_end"', "net.ipv4.ip_early_demux"),
    _rule("swapon", 'SUBSYSTEM=="net", KERNEL=="lo", RUN+="/sbin/swapon /swap/udev1"', areas=("udev1",)),
    Plant(
        "udev wants",
        {
            f"{_RULES}/91-wants.rules": 'SUBSYSTEM=="net", KERNEL=="lo", TAG+="systemd", ENV{SYSTEMD_WANTS}+="wanted-by-lo.service"\n'
            'SUBSYSTEM=="mem", KERNEL=="null", ENV{SYSTEMD_WANTS}+="wanted-by-null.service"\n'
            'SUBSYSTEM=="block", KERNEL=="vda", ENV{SYSTEMD_WANTS}+="wanted-by-disk.service"\n',
            f"{_ETC}/wanted-by-lo.service": oneshot("/sbin/swapon /swap/udev2", install=""),
            f"{_ETC}/wanted-by-null.service": oneshot("/sbin/swapon /swap/udev3", install=""),
            f"{_ETC}/wanted-by-disk.service": oneshot(f"/sbin/{writes('net.ipv4.ip_no_pmtu_disc')}", install=""),
        },
        sysctls=("net.ipv4.ip_no_pmtu_disc",),
        swapfiles=("udev2", "udev3"),
    ),
)  # fmt: skip


def _tmpfiles(name: str, lines: str, *keys: str) -> Plant:
    """Lines of tmpfiles.d; ``@KEY@`` stands for a key's path and value."""
    for key in keys:
        lines = lines.replace(f"@{key}@", f"/proc/sys/{key.replace('.', '/')} - - - - {WANTED[key]}")
    path = f"{_TMPFILES}/{name.replace(' ', '-')}.conf"
    return Plant(f"tmpfiles {name}", {path: lines + "\n"}, sysctls=keys)


TMPFILES = (
    _tmpfiles(
        "write",
        "w @vm.dirty_expire_centisecs@\nw+ @vm.dirty_writeback_centisecs@\nw! @vm.admin_reserve_kbytes@\n#w @vm.user_reserve_kbytes@",
        "vm.dirty_expire_centisecs", "vm.dirty_writeback_centisecs", "vm.admin_reserve_kbytes", "vm.user_reserve_kbytes",
    ),
    _tmpfiles(
        "others",
        "f @vm.oom_kill_allocating_task@\nf+ @fs.dir-notify-enable@\nF @fs.mount-max@\n"
        "L /proc/sys/fs/inotify/max_queued_events - - - - /etc/hostname\nL+ /proc/sys/kernel/perf_cpu_time_max_percent - - - - /etc/hostname",
        "vm.oom_kill_allocating_task", "fs.dir-notify-enable", "fs.mount-max", "fs.inotify.max_queued_events",
        "kernel.perf_cpu_time_max_percent",
    ),
    _tmpfiles(
        "first line",
        "w /proc/sys/net/ipv4/icmp_errors_use_inbound_ifaddr - - - - 1\nw /proc/sys/net/ipv4/icmp_errors_use_inbound_ifaddr - - - - 0\n"
        'w "/proc/sys/net/ipv4/tcp_max_syn_backlog" - - - - 4096\nw /proc/sys/net/ipv4/ip_default_ttl - - - - 128\\n',
        "net.ipv4.icmp_errors_use_inbound_ifaddr", "net.ipv4.tcp_max_syn_backlog", "net.ipv4.ip_default_ttl",
    ),
    Plant(
        "tmpfiles glob",
        {f"{_TMPFILES}/glob.conf": "w /proc/sys/net/ipv4/conf/d*/arp_filter - - - - 1\nw /proc/sys/net/ipv4/conf/lo/arp_ignore - - - - 1\n"},
        sysctls=("net.ipv4.conf.default.arp_filter", "net.ipv4.conf.lo.arp_ignore"),
    ),
    Plant(
        "tmpfiles masked",
        {"/usr/lib/tmpfiles.d/masked.conf": "w /proc/sys/vm/swappiness - - - - 10\n"},
        f"ln -sf /dev/null {_TMPFILES}/masked.conf",
        sysctls=("vm.swappiness",),
    ),
    Plant(
        "tmpfiles over sysctl.d",
        {
            "/etc/sysctl.d/20-tmp.conf": "kernel.panic = 10\nkernel.panic_on_oops = 1\n",
            f"{_TMPFILES}/over.conf": "w /proc/sys/kernel/panic - - - - 7\nw /proc/sys/kernel/panic_on_oops.no - - - - 0\n",
        },
        sysctls=("kernel.panic", "kernel.panic_on_oops"),
    ),
)  # fmt: skip

PLANTS = (*TIMERS, *PATHS, *UDEV, *TMPFILES)
