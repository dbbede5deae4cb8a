"""Print the path of mystmd's program, and install it into ``.mystmd`` if it is not there.

mystmd is a program of Node. It has a folder of its own, because it is no part of this package.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

VERSION = "1.8.3"
FOLDER = Path(__file__).parents[1] / ".mystmd"


def find() -> Path:
    """The path of the program."""
    program = FOLDER / "node_modules" / "mystmd" / "dist" / "myst.cjs"
    if not program.is_file():
        npm = shutil.which("npm")
        if npm is None:
            sys.exit("mystmd needs Node.js with npm")
        # Several processes may install at once, and the first that is ready moves its folder.
        with tempfile.TemporaryDirectory(dir=FOLDER.parent, prefix=".mystmd-") as folder:
            command = [npm, "install", "--no-audit", "--no-fund", "--no-save", "--prefix", folder]
            subprocess.run([*command, f"mystmd@{VERSION}"], check=True, stdout=sys.stderr)
            with contextlib.suppress(OSError):
                (Path(folder) / "node_modules").rename(_made(FOLDER) / "node_modules")
    return program


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


if __name__ == "__main__":
    print(find())
