"""Make the one small font of the score vector from the fonts that KaTeX ships.

Run from the repository's root, with the packages ``fonttools`` and ``brotli`` at hand::

    npm pack katex@0.19.1 && tar xf katex-0.19.1.tgz
    python scripts/subset_font.py package/dist/fonts

The fonts are under the SIL Open Font License and reserve their names, so what is cut out of them
has another. Upright letters, digits and punctuation come from KaTeX_Main, the alpha of the
vector's name from KaTeX_Math.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

ASSETS = Path(__file__).resolve().parent.parent / "sphinx_attention" / "assets"
FAMILY = "Attention Math"
UPRIGHT = [*range(0x20, 0x7F), *map(ord, "·–—‘’“”…")]
ITALIC = [ord("α")]
NAMES = {
    1: FAMILY,
    2: "Regular",
    3: "sphinx-attention: Attention Math",
    4: FAMILY,
    6: "AttentionMath",
}


def cut(path: Path, characters: list[int]) -> TTFont:
    """The font with only these characters, without hints and layout features."""
    options = Options()
    options.hinting = False
    options.layout_features = []
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.notdef_outline = True
    font = TTFont(path, recalcTimestamp=False)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=characters)
    subsetter.subset(font)
    return font


def join(upright: TTFont, italic: TTFont, characters: list[int]) -> None:
    """Move single characters of the second font into the first."""
    names = upright.getGlyphOrder()
    for character in characters:
        name = italic.getBestCmap()[character]
        upright["glyf"][name] = italic["glyf"][name]
        upright["hmtx"][name] = italic["hmtx"][name]
        for table in upright["cmap"].tables:
            if table.isUnicode():
                table.cmap[character] = name
        names = [*names, name]
    upright.setGlyphOrder(list(dict.fromkeys(names)))


def main() -> None:
    """Write the font beside the other assets."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("fonts", type=Path, help="the folder of KaTeX's fonts")
    folder: Path = parser.parse_args().fonts
    font = cut(folder / "KaTeX_Main-Regular.woff2", UPRIGHT)
    join(font, cut(folder / "KaTeX_Math-Italic.woff2", ITALIC), ITALIC)
    for record in list(font["name"].names):
        if record.nameID in NAMES:
            record.string = NAMES[record.nameID]
    font.flavor = "woff2"
    target = ASSETS / "attention-math.woff2"
    font.save(target)
    print(f"{target.name}: {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
