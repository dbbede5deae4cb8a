"""Print the paths of Firefox, of WebKitGTK's driver and of Xvfb. Install those that are missing.

The tests of `make test-browsers` run in Firefox and in WebKit. On Debian and Ubuntu, all three are
packages. Elsewhere, the environment variables ``ATTENTION_FIREFOX``,
``ATTENTION_WEBKIT`` and ``ATTENTION_XVFB`` name them.
Standard output gets a line ``NAME=path`` for each, as an environment variable for the tests.
Everything else goes to standard error.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass

from scripts.find_chromium import install_packages, say

HELP = """\
error: {variable} is not set, none of {names} was found, and none could be installed here.
On Debian and Ubuntu: apt-get install {packages}
Elsewhere, name one that is there: {variable}=/path/to/it make test-browsers"""


@dataclass(frozen=True)
class Wanted:
    """A program that the tests need.

    Attributes:
        variable: the environment variable with its path.
        names: its names in the search path.
        packages: the Debian packages that provide it; the first that can be installed is used.
    """

    variable: str
    names: tuple[str, ...]
    packages: tuple[str, ...]


WANTED = (
    Wanted("ATTENTION_FIREFOX", ("firefox-esr", "firefox"), ("firefox-esr", "firefox")),
    Wanted("ATTENTION_WEBKIT", ("WebKitWebDriver",), ("webkit2gtk-driver",)),
    Wanted("ATTENTION_XVFB", ("Xvfb",), ("xvfb",)),
)


def main() -> int:
    """Print the paths, or say what to do."""
    code = 0
    for wanted in WANTED:
        path = find(wanted) or next(filter(None, map(_installed(wanted), wanted.packages)), None)
        if path is None:
            packages = " or ".join(wanted.packages)
            names = ", ".join(wanted.names)
            say(HELP.format(variable=wanted.variable, names=names, packages=packages))
            code = 1
        else:
            print(f"{wanted.variable}={path}")
    return code


def find(wanted: Wanted) -> str | None:
    """The path of a program, or None."""
    named = os.environ.get(wanted.variable)
    names = (named,) if named else wanted.names
    return next((path for name in names if (path := shutil.which(name))), None)


def _installed(wanted: Wanted):  # noqa: ANN202 - a function for `map`
    return lambda package: install_packages([package]) and find(wanted)


if __name__ == "__main__":
    sys.exit(main())
