"""SELinux, and packet filters with the files that fill them."""
