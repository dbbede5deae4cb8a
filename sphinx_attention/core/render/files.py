"""A figure in a file of its own: a self-contained page, or its picture."""

from __future__ import annotations

import importlib
import re
import tempfile
from base64 import b64encode
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from PIL import Image

from sphinx_attention import assets
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.text import clean_line
from sphinx_attention.core.views import VIEWS

from .comparison import panes_of
from .description import default_title
from .drawing import templates
from .html import figure_attributes, figure_class, render_html
from .svg import render_svg, write_both

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sphinx_attention.core.figure.figure import Figure

FORMATS = ("html", "svg", "png", "pdf", "tex")
"""The file extensions that are supported."""

INSTALL = 'pip install "sphinx-attention[render]"'

_UID = "attention"
_PIXELS_PER_INCH = 192
_MARGIN = 8
_COLOURS = 256
"""The colours of a PNG with a palette."""


_FONT = re.compile(r"""src:\s*url\(["']?(?P<file>[\w.-]+\.woff2)["']?\)""")
_FACE_ITALIC = re.compile(r"@font-face\s*\{[^}]*font-style:\s*italic[^}]*\}")
_SLANTS = "font-style:oblique 0deg 20deg;"
"""The slants of the letters of a font: upright and italic, none of them made by the browser."""


def write_file(figure: Figure, path: Path) -> None:
    """Write a figure to a file. The file's extension decides the format.

    Raises:
        AttentionError: the extension is none of `FORMATS`, or a package is missing.
        OSError: the file cannot be written.
    """
    kind = check_ending(path)
    if kind == "html":
        path.write_text(standalone_page(figure), encoding="utf-8", newline="\n")
    elif kind == "svg":
        path.write_text(standalone_svg(figure), encoding="utf-8", newline="\n")
    elif kind == "tex":
        # Most programs need no LaTeX.
        from .latex.files import write_tex  # noqa: PLC0415

        write_tex(figure, path)
    else:
        path.write_bytes(typeset(standalone_svg(figure), kind))


def check_ending(path: Path) -> str:
    """The format of a file by its extension: one of `FORMATS`.

    Raises:
        AttentionError: another extension.
    """
    kind = path.suffix.lstrip(".").lower()
    if kind not in FORMATS:
        raise AttentionError(
            Problem.OPTION, f"{path.name}: its ending has to be one of {', '.join(FORMATS)}"
        )
    return kind


def check_file(path: Path) -> None:
    """Check that a file can be written in its format, before anything is computed.

    Raises:
        AttentionError: a package for the format is missing.
        OSError: the file cannot be written.
    """
    kind = path.suffix.lstrip(".").lower()
    if kind in {"png", "pdf"}:
        _typst(kind)
    if path.exists():
        with path.open("ab"):
            return
    with tempfile.TemporaryFile(dir=path.parent):
        return


def standalone_svg(figure: Figure) -> str:
    """The static picture as an SVG document."""
    panes = panes_of(figure, _UID)
    picture = write_both(panes) if panes else render_svg(figure, _UID, standalone=True)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{picture}\n'


def standalone_page(figure: Figure) -> str:
    """An HTML page that needs no other file: it contains script, style, font and numbers."""
    return _with_figure("templates/page.html.jinja", figure, _UID, title=_title(figure))


def _title(figure: Figure) -> str:
    return clean_line(figure.spec.alt or "") or default_title(figure)


def fragment(figure: Figure, uid: str) -> str:
    """A live figure as a part of a page, with its own style, scripts, font and numbers.

    A page can hold several. Each has the style and the scripts, which run only once. The scripts
    come before the figure, so that its view is loaded when the figure is found.

    Some hosts remove styles and scripts from a part of a page, such as JupyterLab from a notebook
    that is not trusted. The style sheet hides the picture and shows the figure; without the style
    sheet, the picture is shown, and the figure is hidden, because its controls would do nothing.

    Args:
        figure: the figure.
        uid: the prefix of ids in the fragment, unique in the page and valid in an HTML id.
    """
    picture = b64encode(standalone_svg(figure).encode("utf-8")).decode("ascii")
    return _with_figure(
        "templates/fragment.html.jinja",
        figure,
        uid,
        title=_title(figure),
        picture=f"data:image/svg+xml;base64,{picture}",
    )


def _with_figure(template: str, figure: Figure, uid: str, **more: str) -> str:
    """A template with a figure, its style and its scripts."""
    return (
        templates()
        .get_template(template)
        .render(
            figure=figure,
            uid=uid,
            attributes=figure_attributes(figure),
            body=Markup(render_html(figure, uid)),  # noqa: S704 - made and escaped by us
            style=Markup(style_text()),  # noqa: S704 - shipped with the package
            script=Markup(script_text(scripts_of([figure]))),  # noqa: S704
            **{"class": figure_class(figure)},
            **more,
        )
    )


def style_text() -> str:
    """The style sheet with its font inside, once.

    The style sheet names the file of the font for upright and for italic letters. One face with a
    range of slants stands for both here, because a browser would be sent the font twice.
    """

    def embedded(found: re.Match[str]) -> str:
        font = b64encode((assets.FOLDER / found["file"]).read_bytes()).decode("ascii")
        return f"{_SLANTS}src:url(data:font/woff2;base64,{font})"

    return _FONT.sub(embedded, _FACE_ITALIC.sub("", assets.text(assets.STYLE)))


def scripts_of(figures: Iterable[Figure]) -> list[str]:
    """The names of all scripts that some figures may need."""
    names = [assets.CORE, assets.PICTURES]
    for figure in figures:
        view = figure.spec.view
        kind = VIEWS[view]
        names += [assets.script_of(one) for one in (*kind.scripts, view, *kind.beside)]
        names += [assets.GENERATE] if figure.step else []
        names += [assets.VARIANTS] if figure.alternatives else []
        names += [assets.LINK] if figure.spec.link or figure.spec.compare else []
    return list(dict.fromkeys(names))


def script_text(names: Iterable[str]) -> str:
    """Some scripts for an element of a page, without text that could end the element.

    Such text occurs only in strings and patterns, where the escaped form has the same meaning.
    """
    script = "\n".join(assets.text(name) for name in names)
    return re.sub(r"<(?=!--|/?script)", r"\\x3c", script, flags=re.IGNORECASE)


def typeset(svg: str, kind: str) -> bytes:
    """Convert a picture to PNG or PDF by Typst.

    Args:
        svg: the document.
        kind: ``png`` or ``pdf``.

    Raises:
        AttentionError: Typst is not installed, or cannot read the picture.
    """
    typst = _typst(kind)
    with tempfile.TemporaryDirectory() as folder:
        # Typst knows only this keyword, which is that of SVG 1.1.
        crisp = svg.replace('image-rendering="pixelated"', 'image-rendering="optimizeSpeed"')
        (Path(folder) / "picture.svg").write_text(crisp, encoding="utf-8", newline="\n")
        page = Path(folder) / "page.typ"
        page.write_text(
            f"#set page(width: auto, height: auto, margin: {_MARGIN}pt, fill: white)\n"
            "#set document(date: none)\n"
            '#image("picture.svg", alt: "attention")\n',
            encoding="utf-8",
            newline="\n",
        )
        options = {"ppi": _PIXELS_PER_INCH} if kind == "png" else {}
        try:
            made: bytes = typst.compile(str(page), format=kind, **options)
        except typst.TypstError as error:
            reason = str(error).strip().splitlines()[0]
            raise AttentionError(
                Problem.OPTION, f"Typst cannot make {kind.upper()} of the picture: {reason}"
            ) from error
        return made


def small_png(png: bytes) -> bytes:
    """A PNG with a palette, which has a half of the size or less.

    A picture has few colours, and no transparency.
    """
    with Image.open(BytesIO(png)) as image:
        few = image.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
    out = BytesIO()
    few.save(out, "PNG", optimize=True, dpi=(_PIXELS_PER_INCH, _PIXELS_PER_INCH))
    return out.getvalue()


def can_typeset() -> bool:
    """Whether PNG and PDF can be made here."""
    try:
        _typst("pdf")
    except AttentionError:
        return False
    return True


def _typst(kind: str) -> Any:
    try:
        return importlib.import_module("typst")
    except ModuleNotFoundError:
        raise AttentionError(
            Problem.INSTALL, f"{kind.upper()} needs typst, which is not installed: {INSTALL}"
        ) from None
    except Exception as error:
        raise AttentionError(
            Problem.INSTALL, f"{kind.upper()} needs typst, which cannot be imported: {error}"
        ) from error
