"""The fonts of the browser tests, independent of the fonts that a machine has.

The font files are packages of npm (`package.json` names them), so that a fresh machine has them
after `npm ci`. Chromium finds them through a configuration of fontconfig that names nothing else.
Arimo and Tinos have the widths of Liberation Sans and Liberation Serif, and so of Arial and Times.

fontconfig is used on Linux. On other systems Chromium ignores it and takes the system's fonts.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_PACKAGES = Path(__file__).parents[2] / "node_modules"
_FILES = {
    "DejaVu Sans": "dejavu-fonts-ttf/ttf/DejaVuSans*.ttf",
    "Arimo": "@expo-google-fonts/arimo/*/*.ttf",
    "Tinos": "@expo-google-fonts/tinos/*/*.ttf",
}
ALL = "all"
"""Every family: sans-serif is Arimo, serif is Tinos, monospace is DejaVu Sans Mono."""

in_every_font = pytest.mark.parametrize("browser", list(_FILES), indirect=True)
"""Runs a test once in each family, with no other family to fall back on.

DejaVu Sans is wide, Arimo is of usual width, Tinos is a narrow serif.
"""

_CONFIGURATION = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
{folders}
  <cachedir>{cache}</cachedir>
{aliases}
</fontconfig>
"""
_ALIAS = """\
  <alias binding="same"><family>{requested}</family><prefer><family>{given}</family></prefer></alias>"""
_ALIASES = {
    "sans-serif": "Arimo",
    "system-ui": "Arimo",
    "Arial": "Arimo",
    "Helvetica": "Arimo",
    "serif": "Tinos",
    "Times New Roman": "Tinos",
    "monospace": "DejaVu Sans Mono",
}


def font_environment(family: str, folder: Path) -> dict[str, str]:
    """The environment of a browser that knows one family, or all of them.

    Args:
        family: a name in `_FILES`, or `ALL`.
        folder: an empty folder for the configuration and its cache.
    """
    families = list(_FILES) if family == ALL else [family]
    fonts = folder / "fonts"
    fonts.mkdir(parents=True)
    for name in families:
        files = sorted(_PACKAGES.glob(_FILES[name]))
        assert files, f"there are no font files of {name}; run `npm ci` first (make test does)"
        for file in files:
            (fonts / file.name).symlink_to(file)
    configuration = folder / "fonts.conf"
    configuration.write_text(
        _CONFIGURATION.format(
            folders=f"  <dir>{fonts}</dir>",
            cache=folder / "cache",
            aliases="\n".join(
                _ALIAS.format(requested=requested, given=given if family == ALL else family)
                for requested, given in _ALIASES.items()
            ),
        ),
        encoding="utf-8",
    )
    return {**os.environ, "FONTCONFIG_FILE": str(configuration)}
