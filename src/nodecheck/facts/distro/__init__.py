"""The distribution: its release, whether its files are an image's, and who keeps them."""
