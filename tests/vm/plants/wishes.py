"""Sysctls that nothing of a fresh Debian sets, with two harmless values each.

Each of the plants of what acts at boot has keys of its own, so that a value tells who wrote it.
"""

from __future__ import annotations

from tests.vm.plant import Plant

_KEYS = {
    "fs.dir-notify-enable": ("0", "1"),
    "fs.inotify.max_queued_events": ("32768", "16384"),
    "fs.lease-break-time": ("50", "45"),
    "fs.leases-enable": ("0", "1"),
    "fs.mount-max": ("90000", "100000"),
    "fs.mqueue.msg_max": ("20", "10"),
    "fs.mqueue.msgsize_max": ("16384", "8192"),
    "fs.mqueue.queues_max": ("300", "256"),
    "kernel.msgmax": ("16384", "8192"),
    "kernel.msgmnb": ("32768", "16384"),
    "kernel.perf_cpu_time_max_percent": ("20", "25"),
    "kernel.printk_ratelimit": ("6", "5"),
    "kernel.printk_ratelimit_burst": ("20", "10"),
    "kernel.shmmni": ("8192", "4096"),
    "net.core.busy_poll": ("50", "0"),
    "net.core.busy_read": ("50", "0"),
    "net.core.dev_weight": ("70", "64"),
    "net.core.message_burst": ("20", "10"),
    "net.core.message_cost": ("10", "5"),
    "net.core.netdev_budget": ("400", "300"),
    "net.core.netdev_max_backlog": ("2000", "1000"),
    "net.core.optmem_max": ("40960", "131072"),
    "net.core.rmem_default": ("300000", "212992"),
    "net.core.rmem_max": ("400000", "4194304"),
    "net.core.tstamp_allow_data": ("0", "1"),
    "net.core.wmem_default": ("300000", "212992"),
    "net.core.wmem_max": ("400000", "4194304"),
    "net.ipv4.fwmark_reflect": ("1", "0"),
    "net.ipv4.icmp_errors_use_inbound_ifaddr": ("1", "0"),
    "net.ipv4.icmp_msgs_burst": ("60", "50"),
    "net.ipv4.icmp_msgs_per_sec": ("2000", "1000"),
    "net.ipv4.icmp_ratelimit": ("500", "1000"),
    "net.ipv4.igmp_max_memberships": ("30", "20"),
    "net.ipv4.igmp_max_msf": ("20", "10"),
    "net.ipv4.igmp_qrv": ("3", "2"),
    "net.ipv4.inet_peer_maxttl": ("500", "600"),
    "net.ipv4.inet_peer_minttl": ("100", "120"),
    "net.ipv4.inet_peer_threshold": ("60000", "65664"),
    "net.ipv4.ip_default_ttl": ("128", "64"),
    "net.ipv4.ip_dynaddr": ("1", "0"),
    "net.ipv4.ip_early_demux": ("0", "1"),
    "net.ipv4.ip_no_pmtu_disc": ("1", "0"),
    "net.ipv4.ip_nonlocal_bind": ("1", "0"),
    "net.ipv4.ipfrag_time": ("20", "30"),
    "net.ipv4.route.mtu_expires": ("500", "600"),
    "net.ipv4.tcp_abort_on_overflow": ("1", "0"),
    "net.ipv4.tcp_autocorking": ("0", "1"),
    "net.ipv4.tcp_base_mss": ("1200", "1024"),
    "net.ipv4.tcp_challenge_ack_limit": ("5000", "2147483647"),
    "net.ipv4.tcp_dsack": ("0", "1"),
    "net.ipv4.tcp_early_demux": ("0", "1"),
    "net.ipv4.tcp_early_retrans": ("2", "3"),
    "net.ipv4.tcp_ecn": ("1", "2"),
    "net.ipv4.tcp_fastopen": ("3", "1"),
    "net.ipv4.tcp_fin_timeout": ("30", "60"),
    "net.ipv4.tcp_frto": ("1", "2"),
    "net.ipv4.tcp_fwmark_accept": ("1", "0"),
    "net.ipv4.tcp_keepalive_intvl": ("60", "75"),
    "net.ipv4.tcp_keepalive_probes": ("7", "9"),
    "net.ipv4.tcp_limit_output_bytes": ("2097152", "4194304"),
    "net.ipv4.tcp_max_reordering": ("200", "300"),
    "net.ipv4.tcp_max_syn_backlog": ("4096", "2048"),
    "net.ipv4.tcp_min_tso_segs": ("3", "2"),
    "net.ipv4.tcp_mtu_probing": ("1", "0"),
    "net.ipv4.tcp_no_metrics_save": ("1", "0"),
    "net.ipv4.tcp_orphan_retries": ("3", "0"),
    "net.ipv4.tcp_probe_interval": ("500", "600"),
    "net.ipv4.tcp_probe_threshold": ("10", "8"),
    "net.ipv4.tcp_recovery": ("3", "1"),
    "net.ipv4.tcp_reordering": ("5", "3"),
    "net.ipv4.tcp_retries1": ("4", "3"),
    "net.ipv4.tcp_retries2": ("10", "15"),
    "net.ipv4.tcp_rfc1337": ("1", "0"),
    "net.ipv4.tcp_slow_start_after_idle": ("0", "1"),
    "net.ipv4.tcp_stdurg": ("1", "0"),
    "net.ipv4.tcp_syn_retries": ("5", "6"),
    "net.ipv4.tcp_synack_retries": ("4", "5"),
    "net.ipv4.tcp_thin_linear_timeouts": ("1", "0"),
    "net.ipv4.tcp_tw_reuse": ("1", "2"),
    "net.ipv4.tcp_workaround_signed_windows": ("1", "0"),
    "net.ipv4.udp_early_demux": ("0", "1"),
    "net.ipv4.udp_rmem_min": ("8192", "4096"),
    "net.ipv4.udp_wmem_min": ("8192", "4096"),
    "net.ipv6.auto_flowlabels": ("0", "1"),
    "net.ipv6.bindv6only": ("1", "0"),
    "net.ipv6.flowlabel_consistency": ("0", "1"),
    "net.ipv6.icmp.ratelimit": ("500", "100"),
    "net.ipv6.idgen_retries": ("5", "3"),
    "net.ipv6.ip6frag_time": ("50", "60"),
    "vm.admin_reserve_kbytes": ("8000", "8192"),
    "vm.dirty_expire_centisecs": ("2000", "3000"),
    "vm.dirty_writeback_centisecs": ("600", "500"),
    "vm.extfrag_threshold": ("400", "500"),
    "vm.laptop_mode": ("1", "0"),
    "vm.oom_kill_allocating_task": ("1", "0"),
    "vm.page_lock_unfairness": ("6", "5"),
    "vm.stat_interval": ("2", "1"),
    "vm.user_reserve_kbytes": ("30000", "100438"),
    "vm.watermark_scale_factor": ("20", "10"),
}
"""Key to the value that the profile asks for, and the one of a file of sysctl.d, which comes first."""

WANTED = {key: values[0] for key, values in _KEYS.items()}


def below(plant: Plant) -> Plant:
    """The plant over a file of sysctl.d that gives its keys their other values, so that these are known."""
    text = "".join([f"{key} = {_KEYS[key][1]}\n" for key in plant.sysctls if key in _KEYS])
    return plant._replace(files={**plant.files, "+/etc/sysctl.d/05-planted.conf": text}) if text else plant


def writes(key: str, value: str = "") -> str:
    """The command that gives a key its value."""
    return f"sysctl -q -w {key}={value or WANTED[key]}"


def oneshot(command: str, unit: str = "", more: str = "", install: str = "multi-user.target") -> str:
    """A service that runs one command; ``more`` stands in its section, ``unit`` in that of the unit."""
    begin = f"[Unit]\nDescription=planted\n{unit}[Service]\nType=oneshot\nRemainAfterExit=yes\n{more}"
    end = f"[Install]\nWantedBy={install}\n" if install else ""
    return f"{begin}ExecStart={command}\n{end}"
