"""Programs that make swap by a configuration of their own: the Azure agent, rpi-swap, cloud-init, swapspace.

WALinuxAgent's daemon/resourcedisk/default.py and common/conf.py; rpi-swap's swap.conf(5) and rpi-swap-generator(8);
cloud-init's cc_mounts.py; swapspace(8).
"""

from __future__ import annotations

from collections.abc import Iterator

from nodecheck.errors import Absent, FactError, Unsupported
from nodecheck.facts.acts.model import LATE, ON, STAYS, SWAP, SYSINIT, UNTOLD, Act, Effect, by_start
from nodecheck.facts.boot.next_boot import BootCmdline
from nodecheck.facts.files.conf_dirs import conf_files
from nodecheck.facts.services.generators import Generators
from nodecheck.facts.services.starts import BootStarts
from nodecheck.facts.services.unit_command import arguments
from nodecheck.facts.services.unit_files import Assignment, load_unit, parse_unit
from nodecheck.formats.shell_settings import Assigned
from nodecheck.host import Host, exists, names_in
from nodecheck.host.base import text, text_or_none, texts
from nodecheck.model.evidence import seen
from nodecheck.model.needs import Lazy

WAAGENT, RPI_SWAP, CLOUD_INIT, SWAPSPACE = "waagent", "rpi-swap", "cloud-init", "swapspace"
"""The actors."""

WAAGENT_CONF = "/etc/waagent.conf"
WAAGENT_UNITS = ("waagent.service", "walinuxagent.service")
"""The unit's name upstream and on the RHEL family; on Debian and Ubuntu."""

RPI_CONF = "swap.conf"
RPI_DIRS = ("/etc/rpi", "/usr/local/lib/rpi", "/usr/lib/rpi")
RPI_GENERATOR = "rpi-swap-generator"

CLOUD_CONF = "/etc/cloud/cloud.cfg"
CLOUD_DIR = "/etc/cloud/cloud.cfg.d"
CLOUD_DISABLED = "/etc/cloud/cloud-init.disabled"
CLOUD_INSTANCE = "/var/lib/cloud/instance"
"""A link to what cloud-init keeps of an instance that it has set up once."""
CLOUD_UNITS = ("cloud-init-network.service", "cloud-init.service")
"""The stage that sets up mounts: its name since 24.3, and before."""
CLOUD_TARGET = "cloud-init.target"
CLOUD_GENERATOR = "cloud-init-generator"

SWAPSPACE_UNIT = "swapspace.service"


def waagent_acts(host: Host, starts: BootStarts) -> Iterator[Act]:
    """The swap file that the agent makes on Azure's resource disk at each start, where it formats that disk too."""
    conf = _waagent_conf(host, starts)
    try:
        settings = waagent_settings(text(host, conf))
    except Absent:
        return
    except FactError as error:
        effect = Effect(SWAP, "/mnt/resource/swapfile", ON)
        act = Act(WAAGENT, conf, None, "", (effect,), LATE, UNTOLD, error)
    else:
        swap, size = settings.get("ResourceDisk.EnableSwap"), settings.get("ResourceDisk.SwapSizeMB")
        if swap is None or swap.value.lower() != "y" or size is None or not size.value.strip("0"):
            return
        act = _waagent(settings, swap, conf)
    unit = next((name for name in WAAGENT_UNITS if starts.of(name).acts), WAAGENT_UNITS[0])
    yield by_start(act, starts.of(unit))


def _waagent_conf(host: Host, starts: BootStarts) -> str:
    """The agent's file: the one that its unit names (Flatcar's lies in ``/usr/share/oem``), else the usual one."""
    for unit in WAAGENT_UNITS:
        loaded = load_unit(host, starts.index, unit)
        for word in () if loaded is None else arguments(loaded):
            option, _, path = word.text.lstrip("-/").partition(":")
            if option == "configuration-path" and path.startswith("/"):
                return path
    return WAAGENT_CONF


def _waagent(settings: dict[str, Assigned], swap: Assigned, conf: str) -> Act:
    point, formats = settings.get("ResourceDisk.MountPoint"), settings.get("ResourceDisk.Format")
    folder = (point.value if point is not None else "") or "/mnt/resource"
    effect = Effect(SWAP, f"{folder.rstrip('/')}/swapfile", ON)
    act = Act(WAAGENT, conf, swap.line, swap.text, (effect,), LATE)
    if formats is not None and formats.value.lower() == "y":
        return act
    stop = seen(conf, formats and formats.text, line=formats and formats.line)
    return act._replace(state=STAYS, stops=(stop,), why="the agent makes swap only where it formats the disk")


def waagent_settings(source: str) -> dict[str, Assigned]:
    """The lines of waagent.conf, the last of a key counting, as the agent's ConfigurationProvider reads them.

    >>> waagent_settings("# x\\nResourceDisk.EnableSwap=y # on\\n")["ResourceDisk.EnableSwap"][:2]
    ('y', 2)
    """
    found = {}
    for number, line in enumerate(source.split("\n"), 1):
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            plain = value.partition("#")[0].strip('" \t\r').strip(" \t\r")
            found[key.strip(" \t")] = Assigned(plain, number, line)
    return found


def rpi_swap_acts(host: Host, generators: Generators) -> Iterator[Act]:
    """What Raspberry Pi OS's generator makes swap of: ``/dev/zram0``, or a file."""
    path = generators.path(RPI_GENERATOR)
    if path is None:
        return
    items = list(_rpi_settings(host))
    said = [item for item in items if (item.section, item.key) == ("Main", "Mechanism")]
    mechanism = said[-1].value if said else "auto"
    if mechanism == "none" or (mechanism == "swapfile" and _last(items, "FixedSizeMiB") == "0"):
        return
    what = (_last(items, "Path") or "/var/swap") if mechanism == "swapfile" else "/dev/zram0"
    effects = (Effect(SWAP, what, ON),)
    if said:
        act = Act(RPI_SWAP, said[-1].path, said[-1].line, f"Mechanism={mechanism}", effects, SYSINIT)
    else:
        act = Act(RPI_SWAP, path, None, "there", effects, SYSINIT)
    if path in generators.masks:
        act = act._replace(state=STAYS, stops=(seen(path, "masked"),), why=f"{RPI_GENERATOR} is masked")
    yield act


def _last(items: list[Assignment], key: str) -> str:
    """The value of a key of ``[File]``; the empty one where none is set."""
    return next((item.value for item in reversed(items) if (item.section, item.key) == ("File", key)), "")


def _rpi_settings(host: Host) -> Iterator[Assignment]:
    for path, source in texts(host, [f"{folder}/{RPI_CONF}" for folder in RPI_DIRS]):
        yield from parse_unit(source, path)
        break
    for file in conf_files(host, tuple([f"{folder}/{RPI_CONF}.d" for folder in RPI_DIRS])):
        if not file.masked:
            yield from parse_unit(text(host, file.path), file.path)


def cloud_init_acts(
    host: Host, starts: BootStarts, generators: Lazy[Generators], cmdline: Lazy[BootCmdline]
) -> Iterator[Act]:
    """``swap:``, which cloud-init sets up on the first boot of an instance; it writes the line of fstab then."""
    if host.link(CLOUD_INSTANCE) is not None or exists(host, CLOUD_INSTANCE):
        return  # this instance is set up; what swap that made stands in fstab
    try:
        found = _cloud_swap(host)
    except FactError as error:
        act = Act(CLOUD_INIT, error.source, None, "", (Effect(SWAP, "/swap.img", ON),), LATE, UNTOLD, error)
    else:
        if found is None:
            return
        path, line, name = found
        act = Act(CLOUD_INIT, path, line, "swap:", (Effect(SWAP, name, ON),), LATE)
    yield _of_cloud_init(act, host, starts, generators, cmdline)


def _of_cloud_init(
    act: Act, host: Host, starts: BootStarts, generators: Lazy[Generators], cmdline: Lazy[BootCmdline]
) -> Act:
    """The act with what keeps cloud-init from it: its generator links its target to the boot, unless told not to."""
    if "cloud-init=disabled" in cmdline().words:
        stop = seen(cmdline().source or "command line", "cloud-init=disabled", line=cmdline().line)
        return act._replace(state=STAYS, stops=(stop,), why="the command line turns cloud-init off")
    if exists(host, CLOUD_DISABLED):
        return act._replace(state=STAYS, stops=(seen(CLOUD_DISABLED, "there"),), why="cloud-init is turned off")
    unit = next((name for name in CLOUD_UNITS if starts.index.exists(name) or starts.index.pulls(name)), None)
    if unit is None:
        return act._replace(state=STAYS, why="cloud-init is not installed as a service")
    masks = starts.masks(unit) or starts.masks(CLOUD_TARGET)
    if masks:
        return act._replace(state=STAYS, stops=masks[0].evidence, why=masks[0].message)
    found = starts.of(unit)
    if found.acts:
        return by_start(act, found)
    wanted = any(owner == CLOUD_TARGET for owner, _ in starts.index.pulls(unit))
    if wanted and generators().runs(CLOUD_GENERATOR) and starts.halted(unit) is None:
        return act
    return by_start(act, found)


def _cloud_swap(host: Host) -> tuple[str, int, str] | None:
    """File, line and swap file of the ``swap:`` that counts; None where there is none, or one of no size."""
    files = [path for path in _cloud_files(host) if "\nswap:" in "\n" + (text_or_none(host, path) or "")]
    if not files or "mounts" not in (text_or_none(host, CLOUD_CONF) or "mounts"):
        return None
    from nodecheck.formats.structured import load
    from nodecheck.formats.tree import Malformation

    place: tuple[str, int] | None = None
    settings: dict[str, object] = {}
    for path in files:
        try:
            root = load(host.read(path), path).root.value
        except Malformation:
            continue  # cloud-init passes a file over that is no YAML
        swap = root.get("swap") if isinstance(root, dict) else None
        if swap is not None and isinstance(swap.value, dict):
            place = (path, swap.line)
            settings.update({key: node.value for key, node in swap.value.items()})
    size, name = settings.get("size"), settings.get("filename", "/swap.img")
    sized = str(getattr(size, "text", size) or "0").strip("0") != ""
    return (*place, str(name)) if place is not None and sized and name else None


def _cloud_files(host: Host) -> Iterator[str]:
    if exists(host, CLOUD_CONF):
        yield CLOUD_CONF
    for name in names_in(host, CLOUD_DIR):
        if name.endswith(".cfg"):
            yield f"{CLOUD_DIR}/{name}"


def swapspace_acts(starts: BootStarts) -> Iterator[Act]:
    """swapspace makes swap files when memory runs short, which no file tells."""
    found = starts.of(SWAPSPACE_UNIT)
    if found.acts and found.pull is not None:
        doubt = Unsupported(found.pull.source, "swapspace makes swap files when memory runs short")
        effect = Effect(SWAP, "/var/lib/swapspace", ON)
        yield by_start(Act(SWAPSPACE, found.pull.source, None, SWAPSPACE_UNIT, (effect,), LATE, UNTOLD, doubt), found)
