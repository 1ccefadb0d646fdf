"""The container runtime, and its agreement with the kubelet."""
