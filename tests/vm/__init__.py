"""Proves nodecheck's verdicts on real nodes: Debian in QEMU, with real faults and real reboots (docs/vm.md)."""
