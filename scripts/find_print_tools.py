"""Check that the programs of the tests of print are there. Install those that are missing.

On Debian and Ubuntu they are packages (some 150 MB to download). Elsewhere, TeX Live or MacTeX has
the LaTeX programs, poppler has ``pdftotext``, and epubcheck runs in any Java. Everything goes to
standard error.
"""

from __future__ import annotations

import shutil
import subprocess
import sys

from scripts.find_chromium import install_packages, say

PROGRAMS = ("latexmk", "pdflatex", "xelatex", "lualatex", "makeindex", "pdftotext", "java")

FILES = ("tikz.sty", "tgtermes.sty", "fncychap.sty", "fontspec.sty", "luaotfload.sty", "ulem.sty")
"""Files of the packages that documents of Sphinx and nbconvert load, one of each Debian package."""

PACKAGES = (
    "latexmk",
    "texlive-latex-recommended",
    "texlive-latex-extra",
    "texlive-fonts-recommended",
    "texlive-xetex",
    "texlive-luatex",
    "texlive-plain-generic",
    "tex-gyre",
    "fonts-freefont-otf",
    "poppler-utils",
    "default-jre-headless",
)

HELP = """\
error: the tests of print need {missing}, and nothing could be installed here.
On Debian and Ubuntu: apt-get install {packages}
Elsewhere, install TeX Live or MacTeX, poppler and Java."""


def main() -> int:
    """Install what is missing, or say what to do."""
    if not missing():
        return 0
    say(f"==> {', '.join(missing())} not found. Installing by apt-get (about 150 MB)")
    install_packages(PACKAGES)
    if still := missing():
        say(HELP.format(missing=", ".join(still), packages=" ".join(PACKAGES)))
        return 1
    return 0


def missing() -> list[str]:
    """The programs and files that are not there."""
    programs = [name for name in PROGRAMS if shutil.which(name) is None]
    if shutil.which("kpsewhich") is None:
        return [*programs, *FILES]
    return programs + [
        name
        for name in FILES
        if subprocess.run(["kpsewhich", name], capture_output=True, check=False).returncode
    ]


if __name__ == "__main__":
    sys.exit(main())
