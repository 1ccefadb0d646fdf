"""Print code as a header of C: ``python frozen.py START LIBRARY MODULE...`` (import.h's ``struct _frozen``)."""

from __future__ import annotations

import marshal
import os
import sys


def main(start: str, library: str, *modules: str) -> None:
    """``start`` is the module ``_nodecheck_start``; the others are of the standard library."""
    table = []
    for name in ("_nodecheck_start", *modules):
        base = os.path.join(library, *name.split("."))
        package = os.path.isdir(base)
        path = start if name == "_nodecheck_start" else f"{base}/__init__.py" if package else f"{base}.py"
        with open(path, "rb") as file:
            raw = marshal.dumps(compile(file.read(), f"<frozen {name}>", "exec", dont_inherit=True, optimize=0))
        symbol = name.replace(".", "__")
        print(f"static const unsigned char {symbol}[] = {{{','.join(map(str, raw))}}};")
        table.append(f'{{"{name}", {symbol}, sizeof {symbol}, {int(package)}}},')
    print(f"static const struct _frozen frozen[] = {{{''.join(table)} {{0, 0, 0, 0}}}};")


if __name__ == "__main__":
    main(*sys.argv[1:])
