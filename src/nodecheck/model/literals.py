"""The words that some arguments take, for type checkers: a test holds them to what is accepted."""

from __future__ import annotations

from typing import Literal

Role = Literal["control-plane", "worker"]
ProxyMode = Literal["ipvs", "iptables", "nftables", "none"]
Runtime = Literal["embedded"]
Phase = Literal["image", "install", "join", "upgrade", "steady"]
View = Literal["now", "boot"]
FailOn = Literal["error", "warning", "info"]
"""A severity: the least that makes a report fail."""
