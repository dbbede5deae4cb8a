"""Print the path of mystmd's program, and install it into ``.mystmd`` if it is not there.

mystmd is a program of Node. It has a folder of its own, because it is no part of this package.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
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
        FOLDER.mkdir(exist_ok=True)
        command = [npm, "install", "--no-audit", "--no-fund", "--no-save", "--prefix", str(FOLDER)]
        subprocess.run([*command, f"mystmd@{VERSION}"], check=True, stdout=sys.stderr)
    return program


if __name__ == "__main__":
    print(find())
