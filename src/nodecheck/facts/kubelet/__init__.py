"""The kubelet: how it is started, and what its files and flags make of it."""
