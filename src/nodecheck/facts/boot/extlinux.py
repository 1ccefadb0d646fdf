"""extlinux and syslinux configuration (also what U-Boot reads as ``extlinux.conf``)."""

from __future__ import annotations

from nodecheck.record import NamedTuple


class Label(NamedTuple):
    """One ``LABEL``."""

    name: str
    kernel: str = ""
    append: str = ""
    line: int | None = None
    """1-based line of its ``APPEND``."""


def default_label(source: str) -> Label | None:
    r"""The label that boots by default: ``DEFAULT``, a ``MENU DEFAULT``, else the first; None without a kernel.

    >>> default_label("default b\nlabel a\n kernel /a\nlabel b\n kernel /vmlinuz-5\n append ro quiet\n")
    Label(name='b', kernel='/vmlinuz-5', append='ro quiet', line=6)
    """
    labels, default, common = _labels(source)
    for label in labels:
        if label.name == default:
            break
    else:
        if not labels:
            return None
        label = labels[0]
    if not label.kernel:
        return None
    if label.line is None:
        return label._replace(append=common)
    return label._replace(append="") if label.append == "-" else label


def _labels(source: str) -> tuple[list[Label], str, str]:
    """All labels, the name of the default one, and the ``APPEND`` before all labels."""
    labels: list[Label] = []
    default = common = ""
    for number, line in enumerate(source.split("\n"), 1):
        key, _, value = line.strip(" \t\r").replace("\t", " ", 1).partition(" ")
        key, value = key.lower(), value.strip(" \t")
        if key == "label":
            labels.append(Label(value))
        elif key in ("default", "ontimeout") and not (key == "default" and default):
            default = value
        elif key == "append" and not labels:
            common = value
        elif not labels:
            continue
        elif key in ("kernel", "linux", "fit"):
            labels[-1] = labels[-1]._replace(kernel=value.split(" ")[0])
        elif key == "append":
            labels[-1] = labels[-1]._replace(append=value, line=number)
        elif key == "menu" and value.lower() == "default":
            default = labels[-1].name
    return labels, default, common
