"""A cluster's installer that asks nodecheck before it touches a node: 60 lines, and mypy --strict passes.

    python installer.py [--root DIR] [--role worker] [--out DIR]

It judges the node by a profile of its own, writes a page for people and a script for what is wrong, and runs neither.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import nodecheck

ROLES: dict[str, nodecheck.Role] = {"control-plane": "control-plane", "worker": "worker"}
WANTED = nodecheck.Profile(
    extends="kubernetes",
    name="our-cluster",
    kubernetes="1.34",
    proxy_mode="nftables",
    checks={"sysctl": {"require": {"vm.max_map_count": ">=262144", "net.ipv4.ip_forward": "1"}}},
    severity={"time-sync": "error"},
)


def shown(step: nodecheck.Progress) -> None:
    """One line that is written over."""
    print(f"\r{step.done + 1:>3}/{step.total} {step.check:<20}", end="", file=sys.stderr, flush=True)


def judged(root: str | None, role: nodecheck.Role) -> nodecheck.Report:
    """The report on this machine, or on the file system below ``root``."""
    try:
        return nodecheck.run(root=root, profile=WANTED, role=role, timeout=60, progress=shown)
    finally:
        print(file=sys.stderr)


def main() -> int:
    parser = argparse.ArgumentParser(description="Install a node, if it is fit for it.")
    parser.add_argument("--root")
    parser.add_argument("--role", choices=ROLES, default="worker")
    parser.add_argument("--out", type=Path, default=Path())
    args = parser.parse_args()
    try:
        report = judged(args.root, ROLES[args.role])
    except nodecheck.NodecheckError as error:
        print(f"installer: {error}", file=sys.stderr)
        return 2
    (args.out / "node.html").write_text(report.render("html"))
    plan = nodecheck.plan(report)
    (args.out / "fix.sh").write_text(plan.to_script(keep_going=True))
    for result in report.failures:
        print(f"{result.severity.value}: {result.id}: {result.message}")
    print(f"{report.summary.verdict}; {len(plan.steps)} steps in fix.sh, {len(plan.not_fixed)} left to you")
    return report.exit_code


if __name__ == "__main__":
    sys.exit(main())
