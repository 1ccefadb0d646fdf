"""Swap that comes back: fstab, units, generators, scripts, a second disk, words of the command line."""

from __future__ import annotations

from tests.vm.plant import Plant

UNITS = "/etc/systemd/system"


def _fstab(name: str, line: str, more: str = "") -> Plant:
    """A line of fstab; ``@`` stands for the area, which is ``/swap/NAME``."""
    return Plant(f"fstab {name}", {"+/etc/fstab": line.replace("@", f"/swap/{name}") + "\n"}, more, swapfiles=(name,))


def _unit(name: str, install: str, more: str = "", folder: str = UNITS) -> Plant:
    text = f"[Swap]\nWhat=/swap/{name}\n[Install]\nWantedBy={install}\n"
    shell = f"systemctl -q enable swap-{name}.swap\n{more}"
    return Plant(f"swap unit {name}", {f"{folder}/swap-{name}.swap": text}, shell, swapfiles=(name,))


def _zram(name: str, text: str, *areas: str) -> Plant:
    return Plant(f"zram {name}", {f"/etc/systemd/zram-generator.conf.d/{name}.conf": text}, areas=areas)


def _oneshot(command: str, before: str = "") -> str:
    start = f"ExecStart={command}\n[Install]\nWantedBy=multi-user.target\n"
    return f"[Unit]\nDescription=planted\n{before}[Service]\nType=oneshot\nRemainAfterExit=yes\n{start}"


_FSTAB = (
    _fstab("plain", "@ none swap sw 0 0"),
    _fstab("noauto", "@ none swap sw,noauto 0 0"),
    _fstab("nofail", "@ none swap nofail 0 0"),
    _fstab("tabs", "@\tnone\tswap"),
    _fstab("comment", "#@ none swap sw 0 0"),
    _fstab("capitals", "@ none SWAP nofail 0 0"),
    _fstab("mountpoint", "@ /foo swap defaults,nofail 0 0"),
    _fstab("masked", "@ none swap nofail 0 0", "systemctl -q mask swap-masked.swap"),
    _fstab("priority", "@ none swap pri=5,nofail 0 0"),
    _fstab("twice", "@ none swap noauto 0 0\n@ none swap nofail 0 0"),
    _fstab("three", "@ none swap noauto,nofail"),
    _fstab("makefs", "@ none swap x-systemd.makefs,nofail 0 0"),
    _fstab("autos", "@ none swap auto,noauto,auto 0 0"),
    _fstab("indented", "  \t@ none swap nofail"),
    _fstab("crlf", "@ none swap nofail 0 0\r"),
    _fstab("discard", "@ none swap discard,nofail 0 0"),
    Plant("fstab blank", {"+/etc/fstab": "/swap/n\\040x none swap nofail 0 0\n"}, swapfiles=("n x",)),
    Plant("fstab absent", {"+/etc/fstab": "/swap/absent none swap nofail 0 0\n"}, areas=("/swap/absent",)),
    Plant(
        "fstab by drop-in",
        {
            "+/etc/fstab": "/swap/dropin none swap noauto 0 0\n",
            f"{UNITS}/multi-user.target.d/10.conf": "[Unit]\nWants=swap-dropin.swap\n",
        },
        swapfiles=("dropin",),
    ),
    # "Requires=" on a masked unit: the whole target fails.
    Plant(
        "fstab masked and required",
        {"+/etc/fstab": "/swap/required none swap sw 0 0\n"},
        "systemctl -q mask swap-required.swap",
        swapfiles=("required",),
        slot="swap.target",
        upsets=True,
    ),
)

_UNITS = (
    _unit("a", "swap.target"),
    _unit("b", "multi-user.target"),
    _unit("c", "rescue.target"),
    _unit("d", "swap.target", "systemctl -q mask swap-d.swap", "/usr/lib/systemd/system"),
    _unit("e", "local-fs.target"),
    _unit("f", "swap.target", "systemctl -q disable swap-f.swap"),
    _unit("g", "default.target", folder="/usr/lib/systemd/system"),
    Plant(
        "swap unit by drop-in",
        {
            f"{UNITS}/swap-h.swap": "[Swap]\nWhat=/swap/h\n",
            f"{UNITS}/swap.target.d/h.conf": "[Unit]\nRequires=swap-h.swap\n",
        },
        swapfiles=("h",),
    ),
    Plant(
        "swap.target masked",
        {"+/etc/fstab": "/swap/i none swap nofail 0 0\n"},
        "systemctl -q mask swap.target",
        swapfiles=("i",),
        slot="swap.target",
        upsets=True,
    ),
)

_GENERATED = (
    _zram("limited", "[zram0]\nzram-size = 64\nhost-memory-limit = 512\n", "/dev/zram0"),
    _zram(
        "sized", "[zram1]\nzram-size = 32\nhost-memory-limit = none\n[zram2]\nzram-size=0\n", "/dev/zram1", "/dev/zram2"
    ),
    _zram("half", "[zram3]\nzram-size = min(ram / 8, 48)\ncompression-algorithm = zstd\n", "/dev/zram3"),
    _zram("mounted", "[zram4]\nzram-size = 32\nmount-point = /run/zram4\n", "/dev/zram4"),
    Plant(
        "dphys-swapfile",
        {"/etc/dphys-swapfile": "CONF_SWAPSIZE=16\nCONF_SWAPFILE=/var/dphys\n"},
        "systemctl -q enable dphys-swapfile",
        areas=("/var/dphys",),
    ),
)

_SCRIPTS = (
    Plant("swap by rc.local", {"x/etc/rc.local": "#!/bin/sh\nswapon /swap/j\n"}, swapfiles=("j",), slot="rc.local"),
    Plant(
        "swap by a service",
        {f"{UNITS}/swapper.service": _oneshot("/sbin/swapon /swap/k")},
        "systemctl -q enable swapper",
        swapfiles=("k",),
    ),
    Plant(
        "swap by a service that is off",
        {f"{UNITS}/idle-swapper.service": _oneshot("/sbin/swapon /swap/l")},
        swapfiles=("l",),
    ),
)

_NAMED = "UUID=11111111-1111-1111-1111-111111111111 none swap sw 0 0\nLABEL=swaplabel none swap nofail,pri=3 0 0\n"
_BY_DEVICE = "/dev/vdb3 none swap nofail\n/dev/vdb5 none swap x-systemd.makefs,nofail\n"
_GONE = "UUID=22222222-1111-1111-1111-111111111111 none swap nofail,x-systemd.device-timeout=1\n"
_LABEL_UNIT = "dev-disk-by\\x2dlabel-four.swap"

DISK = Plant(
    "swap on a second disk",
    {
        "+/etc/fstab": _NAMED + _BY_DEVICE + _GONE,
        f"{UNITS}/{_LABEL_UNIT}": "[Swap]\nWhat=/dev/disk/by-label/four\n[Install]\nWantedBy=swap.target\n",
        f"{UNITS}/dev-vdb6.swap": "[Swap]\nWhat=/dev/vdb6\n[Install]\nWantedBy=dev-vdb6.device\n",
    },
    f"""
printf 'label: gpt\\n,8M\\n,8M\\n,8M\\n,8M\\n,8M\\n,8M\\n' | sfdisk -q /dev/vdb && udevadm settle
mkswap -q -U 11111111-1111-1111-1111-111111111111 /dev/vdb1
mkswap -q -L swaplabel /dev/vdb2; mkswap -q /dev/vdb3; mkswap -q -L four /dev/vdb4; mkswap -q /dev/vdb6
udevadm trigger && udevadm settle
systemctl daemon-reload; systemctl -q mask dev-vdb3.swap
systemctl -q enable '{_LABEL_UNIT}' dev-vdb6.swap
""",
    areas=tuple([f"/dev/vdb{number}" for number in range(1, 7)]),
    second_disk=True,
)

PLANTS = (*_FSTAB, *_UNITS, *_GENERATED, *_SCRIPTS, DISK)
