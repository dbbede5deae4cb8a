"""A figure as SVG: the frame that all views share, around the content of a view."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markupsafe import Markup

from sphinx_attention.core.text import clean_line

from .common.edges import num
from .common.markup import attribute, escape
from .description import about, default_title, detail
from .drawing import templates, write_template
from .registry import draw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sphinx_attention.core.figure.figure import Figure

    from .comparison import Pane
    from .description import Pair
    from .drawing import Drawing

_TEXT = re.compile(r"<(text|tspan|title|desc)(?: ([^>]*?)class=\"([^\"]*)\")?(?=[ >])")


def render_svg(figure: Figure, uid: str, *, standalone: bool = False) -> str:
    """Write a figure's picture as an SVG element.

    Args:
        figure: the figure.
        uid: the prefix of ids in the picture, unique in the page.
        standalone: whether the picture is a file of its own, without the page's style sheet. Such a
            file has its own font and colours.

    Returns:
        The element, without an XML declaration. Equal figures give equal elements.
    """
    return write_svg(draw(figure), figure, uid, standalone=standalone)


def write_svg(
    drawing: Drawing,
    figure: Figure,
    uid: str,
    *,
    standalone: bool = False,
    named_by: str = "",
    pairs: Sequence[Pair] | None = None,
) -> str:
    """Write the drawing of a view as an SVG element.

    Args:
        drawing: the drawing of the view.
        figure: what is drawn.
        uid: as for `render_svg`.
        standalone: as for `render_svg`.
        named_by: the ids of elements that name the picture; without them, the picture has a title
            and a description of its own.
        pairs: the strongest pairs, if they are known already.
    """
    width, height = num(drawing.width), num(drawing.height)
    named = named_by or f"{uid}-title {uid}-about {uid}-desc"
    reading = "rtl" if drawing.right_to_left else "ltr"
    style = _STANDALONE if standalone else ""
    if drawing.write is not None:
        content = drawing.write(figure, drawing.content, standalone=standalone)
    else:
        content = write_template(drawing.template, drawing, figure, uid, standalone=standalone)
    # Two classes keep MathJax from setting tokens such as $x$; `translate` keeps translators off.
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" '
        'class="attention-picture mathjax_ignore tex2jax_ignore" '
        f'width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" '
        f'translate="no" aria-labelledby="{escape(named)}" direction="{reading}"{style}>\n'
        f"{'' if named_by else _described(figure, uid, pairs)}{content}</svg>"
    )
    return svg if standalone else _kept_from_highlighting(svg)


_STANDALONE = ' font-family="Helvetica, Arial, \'Liberation Sans\', sans-serif" color="#222"'


def _described(figure: Figure, uid: str, pairs: Sequence[Pair] | None) -> str:
    """The title and the description of a picture, for those who do not see it."""
    uid = escape(uid)
    lang = attribute("lang", figure.foreign, given=bool(figure.foreign))
    own = "" if figure.spec.alt else lang
    title = clean_line(figure.spec.alt or "") or default_title(figure)
    return (
        f'<title id="{uid}-title"{own}>{escape(title)}</title>'
        f'<desc id="{uid}-about"{lang}>{escape(about(figure))}</desc>'
        f'<desc id="{uid}-desc"{lang}>{escape(detail(figure, pairs))}</desc>\n'
    )


# The px between two pictures, and the px above them for their names.
_BETWEEN, _NAME = 40.0, 36.0


def write_both(panes: Sequence[Pane]) -> str:
    """Write the pictures of a comparison as one picture, for a file of its own."""
    drawings = [draw(pane.figure) for pane in panes]
    high = max(drawing.height for drawing in drawings)
    pictures = []
    left = 0.0
    for pane, drawing in zip(panes, drawings, strict=True):
        svg = write_svg(drawing, pane.figure, pane.uid, standalone=True)
        pictures.append(
            {
                "x": left,
                "y": _NAME + high - drawing.height,
                "middle": left + drawing.width / 2,
                "name": pane.name,
                "svg": Markup(svg),  # noqa: S704 - made and escaped by our templates
            }
        )
        left += drawing.width + _BETWEEN
    return (
        templates()
        .get_template("templates/comparison.svg.jinja")
        .render(pictures=pictures, width=left - _BETWEEN, height=_NAME + high)
    )


def _kept_from_highlighting(svg: str) -> str:
    """The picture, with a class on every element that holds text.

    Sphinx's script marks the words of a search in all text of a page, except in elements with the
    class ``nohighlight``. In a picture the script would add its own elements between the elements
    of the view. At a title it fails, because a title has no ``getBBox`` (`sphinx_highlight.js`,
    since https://github.com/sphinx-doc/sphinx/issues/4108).
    """

    def marked(found: re.Match[str]) -> str:
        name, before, classes = found.groups()
        both = f"{classes} nohighlight" if classes else "nohighlight"
        return f'<{name} {before or ""}class="{both}"'

    return _TEXT.sub(marked, svg)
