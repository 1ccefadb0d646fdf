"""What runs late in the boot and undoes, or does, what files say: scripts, drop-ins, units that only a text names."""

from __future__ import annotations

from tests.vm.plant import Plant

_ETC, _LIB = "/etc/systemd/system", "/lib/systemd/system"


def _unit(command: str, unit: str = "", install: str = "[Install]\nWantedBy=multi-user.target\n") -> str:
    return (
        f"[Unit]\nDescription=planted\nAfter=network.target\n{unit}"
        f"[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart={command}\n{install}"
    )


PLANTS = (
    Plant(
        "late redirections",
        {
            "x/etc/rc.local": "#!/bin/sh\necho 1 > /proc/sys/vm/overcommit_memory\n"
            'echo "10" | tee /proc/sys/kernel/panic >/dev/null\nexit 0\necho 2 > /proc/sys/vm/overcommit_memory\n'
        },
        sysctls=("vm.overcommit_memory", "kernel.panic"),
        slot="rc.local",
    ),
    Plant(
        "late swapoff",
        {"x/etc/rc.local": "#!/bin/sh -e\nswapoff -a\nexit 0\n", "+/etc/fstab": "/swap/late none swap sw 0 0\n"},
        swapfiles=("late",),
        slot="rc.local",
        upsets=True,
    ),
    Plant(
        "late end of a script",
        {
            "x/etc/rc.local": "#!/bin/sh -e\nmodprobe ip_vs_nq || true\nmodprobe ip_vs_fo\nmodprobe ip_vs_nq\nmodprobe dummy\n",
            "/etc/modprobe.d/late.conf": "install ip_vs_nq /bin/false\n",
        },
        modules=("ip_vs_fo", "ip_vs_nq", "dummy"),
        slot="rc.local",
    ),
    Plant(
        "late script of a service",
        {
            "x/usr/local/sbin/tune": "#!/bin/bash\n# sysctl -w kernel.panic_on_oops=0\nsysctl -q -w kernel.panic_on_oops=1\n"
            "echo 0 > /proc/sys/vm/swappiness\n",
            f"{_ETC}/tune.service": _unit("/usr/local/sbin/tune now"),
        },
        "systemctl -q enable tune",
        sysctls=("kernel.panic_on_oops", "vm.swappiness"),
    ),
    Plant(
        "late drop-in",
        {
            f"{_LIB}/late.service": _unit("/bin/true"),
            f"{_ETC}/late.service.d/x.conf": "[Service]\nExecStartPost=/sbin/sysctl -q -w vm.panic_on_oom=1\n",
        },
        "systemctl -q enable late",
        sysctls=("vm.panic_on_oom",),
        services=("late",),
    ),
    Plant(
        "late units that a text names",
        {
            f"{_ETC}/first.service": _unit("/bin/true", "Requires=own.target\n"),
            f"{_ETC}/own.target": "[Unit]\nDescription=planted\n",
            f"{_ETC}/second.service": _unit("/sbin/sysctl -q -w vm.dirty_ratio=33", install=""),
            f"{_ETC}/third.service": _unit("/sbin/modprobe macvlan", install=""),
        },
        "systemctl -q enable first; systemctl -q add-wants own.target second.service third.service",
        sysctls=("vm.dirty_ratio",),
        modules=("macvlan",),
        services=("first", "second", "third"),
    ),
)
