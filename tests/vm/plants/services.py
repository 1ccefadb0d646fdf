"""Services: enabled, disabled, masked, aliased, pulled in by others, kept from starting, stand-ins for the kubelet."""

from __future__ import annotations

from tests.vm.plant import Plant

_ETC, _LIB = "/etc/systemd/system", "/lib/systemd/system"


def _text(wanted_by: str = "multi-user.target", unit: str = "", more: str = "", command: str = "/bin/true") -> str:
    start = f"Type=oneshot\nRemainAfterExit=yes\nExecStart={command}\n"
    return f"[Unit]\nDescription=planted\n{unit}[Service]\n{start}[Install]\nWantedBy={wanted_by}\n{more}"


def _service(name: str, text: str, shell: str, folder: str = _ETC) -> Plant:
    return Plant(f"service {name}", {f"{folder}/{name}.service": text}, shell, services=(name,))


def _enabled(name: str, text: str, more: str = "", folder: str = _ETC) -> Plant:
    return _service(name, text, f"systemctl -q enable {name}.service\n{more}", folder)


_LINKS = (
    _enabled("on", _text()),
    _service("off", _text(), "systemctl start off"),
    _service("masked-alone", "", "rm -f /etc/systemd/system/masked-alone.service; systemctl -q mask masked-alone"),
    _enabled("graphical", _text("graphical.target")),
    _enabled("rescue-only", _text("rescue.target")),
    _enabled("basic", _text("sysinit.target", "DefaultDependencies=no\n")),
    _enabled("by-default-target", _text("default.target")),
    _enabled("by-timers", _text("timers.target")),
    _service("until-reboot", _text(), "systemctl -q enable --runtime until-reboot; systemctl start until-reboot"),
    _enabled("masked-vendor", _text(), "systemctl -q mask masked-vendor", _LIB),
    _enabled("masked-until-reboot", _text(), "systemctl -q mask --runtime masked-until-reboot", _LIB),
    _service(
        "required",
        _text(),
        f"mkdir -p {_ETC}/multi-user.target.requires && ln -sf {_LIB}/required.service {_ETC}/multi-user.target.requires/",
        _LIB,
    ),
    Plant(
        "service dangling",
        shell=f"mkdir -p {_ETC}/multi-user.target.wants && ln -sf /nonexistent {_ETC}/multi-user.target.wants/dangling.service",
        services=("dangling",),
    ),
    _enabled("aliased", _text(more="Alias=other-name.service\n"), folder=_LIB)._replace(services=("aliased", "other-name")),
    Plant("service of a template", {f"{_LIB}/tpl@.service": _text()}, "systemctl -q enable tpl@x.service", services=("tpl@x",)),
    Plant("graphical.target by default", shell="systemctl -q set-default graphical.target", slot="default.target", upsets=True),
    Plant("rescue wanted", shell="systemctl -q add-wants rescue.target chrony.service"),
)  # fmt: skip

_PULLED = (
    Plant(
        "service wanted by another",
        {
            f"{_ETC}/puller.service": _text(unit="Wants=pulled.service\n"),
            f"{_ETC}/pulled.service": _text("nothing.target"),
        },
        "systemctl -q enable puller",
        services=("puller", "pulled"),
    ),
    Plant(
        "service wanted by one that is off",
        {
            f"{_ETC}/idle-puller.service": _text(unit="Wants=idle.service\n"),
            f"{_ETC}/idle.service": _text("nothing.target"),
        },
        services=("idle",),
    ),
    Plant(
        "service that requires a masked one",
        {f"{_ETC}/needy.service": _text(unit="Requires=gone.service\nAfter=gone.service\n")},
        "systemctl -q mask gone.service; systemctl -q enable needy",
        services=("needy",),
    ),
    Plant(
        "service by a drop-in of a target",
        {
            f"{_ETC}/dropped-in.service": _text("nothing.target"),
            f"{_ETC}/multi-user.target.d/20.conf": "[Unit]\nWants=dropped-in.service\n",
        },
        services=("dropped-in",),
    ),
    Plant(
        "service of a System V script",
        {
            "x/etc/init.d/old": "#!/bin/sh\n### BEGIN INIT INFO\n# Provides: old\n# Required-Start:\n# Required-Stop:\n"
            "# Default-Start: 2 3 4 5\n# Default-Stop: 0 1 6\n### END INIT INFO\nexit 0\n"
        },
        "ln -sf ../init.d/old /etc/rc3.d/S01old",
        services=("old",),
    ),
)

_STOPPED = (
    _enabled("condition", _text(unit="ConditionPathExists=/nope\n")),
    _enabled("condition-met", _text(unit="ConditionPathExists=/etc/passwd\n")),
    _enabled("condition-not", _text(unit="ConditionPathExists=!/etc/passwd\n")),
    _enabled("condition-cmdline", _text(unit="ConditionKernelCommandLine=planted\n")),
    _enabled("assertion", _text(unit="AssertPathExists=/nope\n")),
    _enabled("no-program", _text(command="/usr/bin/not-there")),
    _enabled("reset", _text(unit="ConditionPathExists=/nope\nConditionPathExists=\n")),
)

_REAL = (
    Plant("chrony on", shell="systemctl -q enable chrony", services=("chronyd",)),
    Plant("chrony off", shell="systemctl start chrony", services=("chronyd",)),
    Plant("chrony masked", shell="systemctl -q mask chrony", services=("chronyd",), slot="chrony"),
    Plant("containerd on", shell="systemctl -q enable containerd", services=("containerd",)),
    Plant(
        "docker on", shell="systemctl -q enable docker", services=("docker", "containerd"), slot="docker", upsets=True
    ),
    Plant(
        "docker by its socket",
        shell="systemctl -q enable docker.socket",
        services=("docker",),
        slot="docker",
        upsets=True,
    ),
    Plant("auditd on", shell="systemctl -q enable auditd", services=("auditd",)),
)

_KUBELET = (
    "#!/bin/sh\n# Stands in for the kubelet, which this distribution does not have: it runs, makes the rule that the kubelet\n"
    "# makes before its first pod (nf_conntrack comes with it), and tells its version.\n"
    'case "$*" in *--version*) echo "Kubernetes v1.28.4"; exit ;; esac\n'
    "iptables -w -N KUBE-FIREWALL\niptables -w -A KUBE-FIREWALL -m conntrack --ctstate INVALID -j DROP\n"
    "exec sleep infinity\n"
)
_KUBELET_UNIT = (
    "[Unit]\nDescription=kubelet: The Kubernetes Node Agent\nWants=network-online.target\nAfter=network-online.target\n"
    "[Service]\nExecStart=/usr/bin/kubelet\nRestart=always\nRestartSec=10\n[Install]\nWantedBy=multi-user.target\n"
)
_DROP_IN = (
    '[Service]\nEnvironment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"\nExecStart=\n'
    "ExecStart=/usr/bin/kubelet $KUBELET_CONFIG_ARGS\n"
)
_JOINED = {
    "/etc/kubernetes/kubelet.conf": "apiVersion: v1\nkind: Config\n",
    "/var/lib/kubelet/config.yaml": "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\ncgroupDriver: systemd\n",
}
_FILES = {"x/usr/bin/kubelet": _KUBELET, f"{_LIB}/kubelet.service": _KUBELET_UNIT, f"{_LIB}/kubelet.service.d/10-kubeadm.conf": _DROP_IN}  # fmt: skip

_KUBELETS = (
    Plant("kubelet on", {**_FILES, **_JOINED}, "systemctl -q enable kubelet", services=("kubelet",), slot="kubelet"),
    Plant("kubelet off", {**_FILES, **_JOINED}, "systemctl start kubelet", services=("kubelet",), slot="kubelet"),
    Plant("kubelet masked", {**_FILES, **_JOINED}, "systemctl -q mask kubelet", services=("kubelet",), slot="kubelet"),
)

PLANTS = (*_LINKS, *_PULLED, *_STOPPED, *_REAL, *_KUBELETS)
