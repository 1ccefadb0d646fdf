"""The kernel modules of the running kernel."""

from __future__ import annotations


def module_name(name: str) -> str:
    """The one spelling of a module's name.

    >>> module_name("br-netfilter")
    'br_netfilter'
    """
    return name.replace("-", "_")
