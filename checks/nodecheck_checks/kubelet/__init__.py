"""The kubelet, and what it is given."""
