"""Facts: one module per kernel file, configuration file or netlink family."""
