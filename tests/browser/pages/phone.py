"""A row of words that is much wider than a phone; each word looks at the third word behind it."""

from __future__ import annotations

from . import heading

WORDS = [f"w{n:02}" for n in range(20)]

PAGES = {
    "phone.rst": heading("Phone")
    + f".. attention-figure:: {' '.join(WORDS)}\n   :name: wide\n\n"
    + "".join(
        f"   {' '.join('1' if column == (row + 3) % 20 else '0' for column in range(20))}\n"
        for row in range(20)
    )
}
