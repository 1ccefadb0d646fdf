"""The next boot: boot loaders, the kernel that they start, and its command line."""
