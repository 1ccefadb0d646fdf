"""Units that systemd starts, and their likes that it does not: refused settings, missing files, unmet conditions.

Those that start stand beside those that do not, so that a name tells nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.vm.plant import Plant
from tests.vm.plants.wishes import oneshot

_ETC = "/etc/systemd/system"


def _services(
    name: str, texts: Mapping[str, str], shell: str = "", off: tuple[str, ...] = (), aside: tuple[str, ...] = ()
) -> Plant:
    """Services, enabled but for ``off``; each but for ``aside`` is what a result tells of."""
    files = {f"{_ETC}/{service}.service": text for service, text in texts.items()}
    names = " ".join([f"{service}.service" for service in texts if service not in off])
    told = tuple([service for service in texts if service not in aside])
    return Plant(f"refused {name}", files, f"{shell}\nsystemctl -q enable {names}", services=told)


def _of(unit: str = "", more: str = "", command: str = "/bin/true") -> str:
    return oneshot(command, "".join([f"{line}\n" for line in unit.split(";") if line]), more)


_SETTINGS = _services(
    "settings",
    {
        "two-commands": _of(more="ExecStart=/bin/true\n"),
        "two-commands-simple": "[Service]\nExecStart=/bin/sleep inf\nExecStart=/bin/sleep inf\n[Install]\nWantedBy=multi-user.target\n",
        "reset-command": "[Service]\nExecStart=/bin/sleep 1\nExecStart=\nExecStart=/bin/sleep inf\n[Install]\nWantedBy=multi-user.target\n",
        "no-command": "[Service]\nType=simple\n[Install]\nWantedBy=multi-user.target\n",
        "no-command-oneshot": "[Service]\nType=oneshot\nRemainAfterExit=yes\n[Install]\nWantedBy=multi-user.target\n",
        "only-stop": "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStop=/bin/true\n[Install]\nWantedBy=multi-user.target\n",
        "open-quote": _of(command='/bin/sh -c "true'),
        "open-quote-second": _of(more='ExecStartPre=-/bin/sh -c "true\n'),
        "relative-program": _of(command="bin/true"),
        "named-program": _of(command="true"),
        "restart-oneshot": _of(more="Restart=always\n"),
        "dbus-nameless": "[Service]\nType=dbus\nExecStart=/bin/sleep inf\n[Install]\nWantedBy=multi-user.target\n",
        "odd-type": "[Service]\nType=wrong\nExecStart=/bin/sleep inf\n[Install]\nWantedBy=multi-user.target\n",
        "odd-key": _of(unit="Wrong=yes", more="Wronger=yes\n"),
        "no-section": "[Unit]\nDescription=planted\n[Install]\nWantedBy=multi-user.target\n",
    },
)

_FILES = _services(
    "files",
    {
        "no-environment": _of(more="EnvironmentFile=/etc/planted.env\n"),
        "maybe-environment": _of(more="EnvironmentFile=-/etc/planted.env\n"),
        "some-environment": _of(more="EnvironmentFile=/etc/os-release\n"),
        "glob-environment": _of(more="EnvironmentFile=/etc/planted.d/*.env\n"),
        "no-user": _of(more="User=planted\n"),
        "some-user": _of(more="User=nobody\n"),
        "number-user": _of(more="User=12345\n"),
        "dynamic-user": _of(more="User=planted-dynamic\nDynamicUser=yes\n"),
        "no-group": _of(more="Group=planted\n"),
        "some-group": _of(more="Group=nogroup\n"),
        "no-folder": _of(more="WorkingDirectory=/srv/planted\n"),
        "maybe-folder": _of(more="WorkingDirectory=-/srv/planted\n"),
        "state-folder": _of(more="StateDirectory=planted\nWorkingDirectory=/var/lib/planted\n"),
        "home-folder": _of(more="WorkingDirectory=~\n"),
        "no-root": _of(more="RootDirectory=/srv/planted\n"),
        "no-path": _of(more="ReadWritePaths=/srv/planted\n"),
        "no-bind": _of(more="BindPaths=/srv/planted\n"),
        "dash-command": _of(command="-/usr/bin/not-there"),
        "pre-fails": _of(more="ExecStartPre=/bin/false\n"),
        "pre-may-fail": _of(more="ExecStartPre=-/bin/false\n"),
        "pre-missing": _of(more="ExecStartPre=/usr/bin/not-there\n"),
        "condition-fails": _of(more="ExecCondition=/bin/false\n"),
        "no-interpreter": _of(command="/usr/local/bin/no-interpreter"),
        "not-executable": _of(command="/etc/hosts"),
    },
    "printf '#!/usr/bin/not-there\\ntrue\\n' >/usr/local/bin/no-interpreter; chmod 755 /usr/local/bin/no-interpreter",
)

_CONDITIONS = _services(
    "conditions",
    {
        "when-virtual": _of("ConditionVirtualization=vm"),
        "when-container": _of("ConditionVirtualization=container"),
        "when-bare": _of("ConditionVirtualization=no"),
        "when-x86": _of("ConditionArchitecture=x86-64"),
        "when-arm": _of("ConditionArchitecture=!x86-64"),
        "when-kernel-5": _of("ConditionKernelVersion=>=5.4"),
        "when-kernel-9": _of("ConditionKernelVersion=>=9"),
        "when-ram": _of("ConditionMemory=>=1M"),
        "when-much-ram": _of("ConditionMemory=>=1T"),
        "when-cpus": _of("ConditionCPUs=>=64"),
        "when-first-boot": _of("ConditionFirstBoot=yes"),
        "when-host": _of("ConditionHost=node1"),
        "when-other-host": _of("ConditionHost=node2"),
        "when-controller": _of("ConditionControlGroupController=memory"),
        "when-apparmor": _of("ConditionSecurity=tomoyo"),
        "when-executable": _of("ConditionFileIsExecutable=/bin/sh"),
        "when-not-executable": _of("ConditionFileIsExecutable=/etc/passwd"),
        "when-full": _of("ConditionDirectoryNotEmpty=/etc"),
        "when-empty": _of("ConditionDirectoryNotEmpty=/srv/empty"),
        "when-filled": _of("ConditionFileNotEmpty=/etc/passwd"),
        "when-link": _of("ConditionPathIsSymbolicLink=/etc/os-release"),
        "when-glob": _of("ConditionPathExistsGlob=/etc/pass*"),
        "when-no-glob": _of("ConditionPathExistsGlob=/etc/planted*"),
        "when-mounted": _of("ConditionPathIsMountPoint=/proc"),
        "when-not-mounted": _of("ConditionPathIsMountPoint=/srv"),
        "when-either": _of("ConditionPathExists=|/nope;ConditionPathExists=|/etc/passwd"),
        "when-neither": _of("ConditionPathExists=|/nope;ConditionPathExists=|/nope-either"),
        "when-both": _of("ConditionPathExists=/etc/passwd;ConditionPathIsDirectory=/etc"),
        "when-one": _of("ConditionPathExists=/etc/passwd;ConditionPathIsDirectory=/etc/passwd"),
        "when-debian": _of("ConditionOSRelease=ID=debian"),
        "when-fedora": _of("ConditionOSRelease=ID=fedora"),
        "when-user": _of("ConditionUser=root"),
        "when-writable": _of("ConditionPathIsReadWrite=/etc"),
        "assert-ok": _of("AssertPathExists=/etc/passwd"),
        "assert-not": _of("AssertFileIsExecutable=/etc/passwd"),
    },
    "mkdir -p /srv/empty",
)

_NEEDS = _services(
    "needs",
    {
        "base-ok": _of(),
        "base-fails": _of(command="/bin/false"),
        "base-unmet": _of("ConditionPathExists=/nope"),
        "requires-ok": _of("Requires=base-ok.service;After=base-ok.service"),
        "requires-unmet": _of("Requires=base-unmet.service;After=base-unmet.service"),
        "requires-missing": _of("Requires=not-there.service;After=not-there.service"),
        "wants-missing": _of("Wants=not-there.service;After=not-there.service"),
        "requisite-off": _of("Requisite=base-off.service;After=base-off.service"),
        "requisite-ok": _of("Requisite=base-ok.service;After=base-ok.service"),
        "binds-unmet": _of("BindsTo=base-unmet.service;After=base-unmet.service"),
        "part-of-off": _of("PartOf=base-off.service"),
        "conflicts-off": _of("Conflicts=other-off.service"),
        "mounts-needed": _of("RequiresMountsFor=/srv/not-mounted"),
        "needs-a-mount": _of("RequiresMountsFor=/srv/gone"),
        "base-off": _of(),
        "other-off": _of(),
        "upheld": _of(),
        "upholder": _of("Upholds=upheld.service"),
        "after-success": _of(),
        "success": oneshot("/bin/true", "OnSuccess=after-success.service\n").replace("RemainAfterExit=yes\n", ""),
        "after-failure": _of(),
        "failure": _of("OnFailure=after-failure.service", command="/bin/false"),
    },
    "printf '[Mount]\\nWhat=/dev/disk/by-label/gone\\nWhere=/srv/gone\\n[Unit]\\nJobTimeoutSec=1\\n' "
    ">/etc/systemd/system/srv-gone.mount",
    off=("base-off", "other-off", "upheld", "after-success", "after-failure"),
    aside=("success",),
)

PLANTS = (_SETTINGS, _FILES, _CONDITIONS, _NEEDS)
