"""Make the small font of formulas and score vectors from the fonts that KaTeX ships.

Run this in the root of the repository, with the packages ``fonttools`` and ``brotli``::

    npm pack katex@0.19.1 && tar xf katex-0.19.1.tgz
    python scripts/subset_font.py package/dist/fonts

The fonts are under the SIL Open Font License and reserve their names, so the new font has another
name. Upright letters, digits, punctuation and operators come from KaTeX_Main, the sign of a sum
from KaTeX_Size1, and the letters of formulas from KaTeX_Math. Letters that exist upright and italic
have the italic form under the feature ``ss01``, so that the page's text stays plain letters.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fontTools.feaLib.builder import addOpenTypeFeaturesFromString
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

ASSETS = Path(__file__).resolve().parent.parent / "sphinx_attention" / "assets"
FAMILY = "Attention Math"
UPRIGHT = [*range(0x20, 0x7F), 0xA0, 0x2009, 0x200A, *map(ord, "·–—‘’“”…⋯×÷−⋅√∞←‖")]
"""The characters include the spaces of formulas: no-break, thin and hair."""
LARGE = [ord("∑")]
ITALIC = [ord("α")]
SLANTED = [*map(ord, "bcdefjknoqsvx")]
"""Letters that stand in formulas, italic by the feature ``ss01`` alone.

The ``unicode-range`` of the italic face in ``static/css/base.css`` names them, and `ITALIC`."""
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


def join(
    upright: TTFont, other: TTFont, characters: list[int], suffix: str = ""
) -> list[tuple[str, str]]:
    """Move single characters of the second font into the first.

    Args:
        upright: the font that gets the characters.
        other: the font that has the characters.
        characters: the characters to move.
        suffix: the suffix of the new glyphs' names; a glyph with a suffix stands for no character.

    Returns:
        The glyphs of the same characters in the first font before, and those that are new.
    """
    names = upright.getGlyphOrder()
    pairs = []
    for character in characters:
        taken = other.getBestCmap()[character]
        name = taken + suffix
        upright["glyf"][name] = other["glyf"][taken]
        upright["hmtx"][name] = other["hmtx"][taken]
        if suffix:
            pairs.append((upright.getBestCmap()[character], name))
        else:
            for table in upright["cmap"].tables:
                if table.isUnicode():
                    table.cmap[character] = name
        names = [*names, name]
    upright.setGlyphOrder(list(dict.fromkeys(names)))
    return pairs


def main() -> None:
    """Write the font beside the other assets."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("fonts", type=Path, help="the folder of KaTeX's fonts")
    folder: Path = parser.parse_args().fonts
    font = cut(folder / "KaTeX_Main-Regular.woff2", UPRIGHT)
    italic = cut(folder / "KaTeX_Math-Italic.woff2", [*ITALIC, *SLANTED])
    join(font, cut(folder / "KaTeX_Size1-Regular.woff2", LARGE), LARGE)
    join(font, italic, ITALIC)
    pairs = join(font, italic, SLANTED, ".italic")
    rules = "".join(f"sub {one} by {other};" for one, other in pairs)
    addOpenTypeFeaturesFromString(font, f"feature ss01 {{{rules}}} ss01;")
    for record in list(font["name"].names):
        if record.nameID in NAMES:
            record.string = NAMES[record.nameID]
    font.flavor = "woff2"
    target = ASSETS / "attention-math.woff2"
    font.save(target)
    print(f"{target.name}: {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
