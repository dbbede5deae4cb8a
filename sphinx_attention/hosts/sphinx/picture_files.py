"""Figures in builders that run no scripts and embed files: the picture, in a file of its own."""

from __future__ import annotations

import hashlib
import io
import re
from base64 import b64decode, b64encode
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes
from PIL import Image
from sphinx.builders.epub3 import Epub3Builder

from sphinx_attention.core.render.description import full_description
from sphinx_attention.core.render.files import standalone_svg, typeset
from sphinx_attention.core.store.atomic import replace

from .domain import SIMPLEPDF

if TYPE_CHECKING:
    from typing import Literal

    from sphinx.builders import Builder
    from sphinx.environment import BuildEnvironment

    from sphinx_attention.core.figure.figure import Figure

    Format = Literal["svg", "png"]

_TYPES = {"svg": "image/svg+xml", "png": "image/png"}
_FOLDER = "attention-pictures"

# How many pixels of a file, across and down, show one pixel of an image.
_TIMES = 6
_PIXELATED = re.compile(
    r'(<image [^>]*image-rendering="pixelated"[^>]*xlink:href="data:image/png;base64,)([\w+/=]+)'
)

# The words of a picture are then about as large as those of the text, and no picture is too wide.
_PIXELS_PER_INCH, _WIDEST = 230, 6.2

RST2PDF = "pdf"
"""The name of rst2pdf's builder, which names no format."""


def format_for(builder: Builder) -> Format | None:
    """The format of pictures that a builder embeds; None if it embeds none.

    rst2pdf sets the texts of an SVG in fonts that have few characters, and only if svglib is
    installed. Where Typst is, it draws the picture as PNG.
    """
    if isinstance(builder, Epub3Builder) or builder.name == SIMPLEPDF:
        return "svg"
    if builder.name == RST2PDF and not builder.format:
        return "png" if find_spec("typst") else "svg" if find_spec("svglib") else None
    return None


def picture_of(figure: Figure, env: BuildEnvironment, kind: Format) -> nodes.image:
    """The picture of a figure, as Sphinx embeds the images of an author.

    Raises:
        AttentionError: Typst cannot read the picture.
    """
    svg = standalone_svg(figure)
    content = _sharp(svg).encode() if kind == "svg" else typeset(svg, kind)
    path = Path(env.doctreedir) / _FOLDER / f"{hashlib.sha256(content).hexdigest()[:16]}.{kind}"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp")
        temporary.write_bytes(content)
        replace(temporary, path)
    image = nodes.image(uri=str(path), alt=full_description(figure))
    image["candidates"] = {_TYPES[kind]: str(path)}
    if kind == "png":
        image["width"] = f"{min(_WIDEST, _width(content) / _PIXELS_PER_INCH):.2f}in"
    env.images.add_file(env.docname, str(path))
    return image


def _sharp(svg: str) -> str:
    """A picture whose images have several pixels for a cell.

    Readers of EPUB and WeasyPrint blur enlarged images, also those that have to show their pixels.
    """

    def enlarged(found: re.Match[str]) -> str:
        file = io.BytesIO()
        with Image.open(io.BytesIO(b64decode(found[2]))) as image:
            size = (image.width * _TIMES, image.height * _TIMES)
            image.resize(size, Image.Resampling.NEAREST).save(file, "PNG", optimize=True)
        return f"{found[1]}{b64encode(file.getvalue()).decode('ascii')}"

    return _PIXELATED.sub(enlarged, svg)


def _width(png: bytes) -> int:
    with Image.open(io.BytesIO(png)) as image:
        return image.width
