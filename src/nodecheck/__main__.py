"""``python -m nodecheck``: the same as ``nodecheck``, and nothing is imported from the working directory."""

import os
import sys

try:
    here = os.getcwd()
except OSError:  # the working directory was deleted
    here = ""
if sys.path and sys.path[0] in ("", here):
    # ``python -m`` puts the working directory first; nodecheck runs as root and must not import from there.
    del sys.path[0]

from nodecheck.cli import main

if __name__ == "__main__":
    sys.exit(main())
