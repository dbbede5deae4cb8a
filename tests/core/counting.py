"""A source in a module of its own, which writes each import and each call to a file."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from sphinx_attention.core.request import FunctionSource, Request

MODULE = """
import os, time
from pathlib import Path

CALLS = Path(os.environ["ATTENTION_CALLS"])

def note(what):
    with CALLS.open("a") as file:
        file.write(f"{os.getpid()} {what}\\n")

note("import")

def attend(text):
    time.sleep(float(os.environ.get("ATTENTION_SLOW", "0")))
    if text.startswith("die"):
        os.kill(os.getpid(), 9)
    if text.startswith("bad"):
        raise ValueError("bad text")
    words = text.split()
    weights = [[(1 + (i * 7 + k * 3 + len(text)) % 5) for k in range(len(words))] for i in range(len(words))]
    note(text)
    return words, [[w / sum(row) for w in row] for row in weights]
"""


class Counting:
    """The module in a folder, and the imports and calls that it wrote down."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.reported = folder / "calls.txt"
        (folder / "counting_source.py").write_text(MODULE)
        self.source = FunctionSource(name="counting", function="counting_source:attend")

    def environment(self, slow: float = 0.0) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name != "FORCE_COLOR"}
        paths = [str(self.folder), str(Path(__file__).parents[2])]
        return {
            **kept,
            "ATTENTION_CALLS": str(self.reported),
            "ATTENTION_SLOW": str(slow),
            "PYTHONPATH": os.pathsep.join(paths),
        }

    def requests(self, count: int) -> list[Request]:
        # The texts have different lengths, and their words identify them.
        return [Request(self.source, f"t{n} " + "word " * (n % 4) + "end") for n in range(count)]

    def lines(self) -> list[tuple[int, str]]:
        if not self.reported.exists():
            return []
        pairs = [line.split(" ", 1) for line in self.reported.read_text().splitlines()]
        return [(int(pid), what) for pid, what in pairs]

    def calls(self) -> list[str]:
        return [what for _, what in self.lines() if what != "import"]

    def imports(self) -> list[int]:
        return [pid for pid, what in self.lines() if what == "import"]

    def wait_for(self, calls: int, seconds: float = 60.0) -> None:
        until = time.monotonic() + seconds
        while len(self.calls()) < calls:
            assert time.monotonic() < until, "nothing is computed"
            time.sleep(0.02)


def forget() -> None:
    """Make Python import the module again."""
    sys.modules.pop("counting_source", None)
