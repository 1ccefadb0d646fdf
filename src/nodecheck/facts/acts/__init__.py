"""What acts at boot: who does something, whether it really runs, and what it sets, loads or turns on."""
