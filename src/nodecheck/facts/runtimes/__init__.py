"""Container runtimes: containerd, CRI-O, docker."""
