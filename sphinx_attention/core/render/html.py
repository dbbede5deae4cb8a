"""A figure as HTML: everything inside ``<figure>`` before its caption."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from sphinx_attention.core.figure.selection import written
from sphinx_attention.core.figure.spec import DIFFERENCE
from sphinx_attention.core.text import clean_line, to_json

from .body import Numbers, write_body
from .comparison import WIDEST, Pane, is_comparison, panes_of
from .drawing import templates
from .registry import draw, page_figure
from .registry import files as files_of

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from sphinx_attention.core.figure.figure import Alternative, Figure
    from sphinx_attention.core.figure.spec import Notation
    from sphinx_attention.core.phrases import Phrases

SideFile = Callable[[str, str], str]
"""A function that writes JavaScript to a file of some name, and returns its URL from the page."""

ImageFile = Callable[[str, bytes], str]
"""A function that writes bytes to a file of some name, and returns its URL from the page."""

LATER = "attention-later-"
"""The beginning of the names of side files that a page loads only when a reader asks for them."""

LARGEST_INLINE = 48 * 1024
"""The most characters of a payload in the page. Larger payloads are written to a side file."""


ATTRIBUTES = {
    "data-view": "the view",
    "data-layer": "the name of the layer that is shown",
    "data-head": "the name of the head that is shown",
    "data-heads": "the names of the heads that are drawn together first, where there are several",
    "data-aggregate": "the option ``aggregate``, where it is given",
    "data-measure": "``written``, where the numbers are shares of what the head writes",
    "data-phrases": "the words of such a figure, where they are other ones",
    "data-cutoff": "the share of a row that is drawn as edges",
    "data-rest": "the option ``rest``",
    "data-special": "``dim``, where special tokens are drawn fainter",
    "data-selection": "what is selected first beside layer, head and focus, as in an address",
    "data-link": "the option ``link``, where it is given",
    "data-compare": "of a comparison, what its two figures differ in; beside it there are only "
    "``lang`` and ``dir``",
    "lang": "the language of the figure's own words, where it is the page's and not English",
    "dir": "``rtl`` on pages that are read from right to left; the picture follows its sentence",
}
"""The attributes of the ``<figure>`` element, for the docs."""

CLASSES = {
    "attention-figure": "the ``<figure>`` element of a figure",
    "attention-figure--live": "the script has taken the figure over",
    "attention-comparison": "the ``<figure>`` element of a comparison, which holds two figures",
    "attention-stage": "the box of a picture, which scrolls where the picture is wide",
    "attention-picture": "the ``<svg>`` element of a picture",
    "attention-token": "a token in the picture; ``data-token`` is its index, and ``data-side`` is "
    "``query`` or ``key`` where both sides are drawn",
    "attention-token--focus": "a token in focus",
    "attention-token--special": "a special token",
    "attention-edge": "an edge; ``data-query`` and ``data-key`` are the indices of its tokens",
    "attention-footer": "the controls and notes under the picture",
    "attention-choice": "the label of a selector; the ``name`` of its ``<select>`` is that of "
    "addresses",
    "attention-vector": "the table with the weights of the pinned tokens",
    "attention-pairs": "the table of the strongest pairs",
    "attention-placeholder": "the placeholder of a figure that cannot be drawn",
    "attention-focus": "a link of the prose to a figure; ``data-selection`` is what it selects "
    "there, as addresses write it",
    "attention-number": "a weight in the prose, or in a table",
    "attention-problem": "the placeholder of a number or a link that is not available",
}
"""Classes that a theme or a test may rely on, for the docs. All others may change at any time."""


def figure_class(figure: Figure) -> str:
    """The class of the ``<figure>`` element."""
    return "attention-comparison" if is_comparison(figure) else "attention-figure"


def figure_attributes(figure: Figure) -> dict[str, str]:
    """The data attributes of the ``<figure>`` element."""
    if is_comparison(figure):
        return {"data-compare": str(figure.spec.compare), **_reading(figure)}
    spec, names = figure.spec, figure.attention.head_names
    attributes = {"data-compare": DIFFERENCE} if figure.attention.signed else {}
    attributes |= {
        "data-view": spec.view,
        "data-layer": clean_line(figure.layer_name),
        "data-head": clean_line(figure.head_name),
        "data-cutoff": _shortest(figure.cutoff),
        "data-rest": spec.rest,
    }
    if len(figure.shown_heads) > 1:
        attributes["data-heads"] = ",".join(clean_line(names[head]) for head in figure.shown_heads)
    if spec.request.aggregate:
        attributes["data-aggregate"] = spec.request.aggregate
    if figure.attention.written:
        attributes["data-measure"] = "written"
        attributes["data-phrases"] = _words_of_written(figure)
    attributes |= _reading(figure)
    if spec.special == "dim":
        attributes["data-special"] = "dim"
    if spec.selection:
        attributes["data-selection"] = written(spec.selection)
    if spec.link:
        attributes["data-link"] = clean_line(spec.link)
    return attributes


def _words_of_written(figure: Figure) -> str:
    """The phrases of the browser part that differ in this figure, as JSON."""
    return to_json(figure.say.browser_words_of_written())


def _reading(figure: Figure) -> dict[str, str]:
    """The attributes for the language and the direction of the figure's own words."""
    attributes = {}
    if figure.spec.language != "en" and not figure.foreign:
        attributes["lang"] = figure.say.language
    if figure.right_to_left:
        # The theme may not set the direction.
        attributes["dir"] = "rtl"
    return attributes


def _shortest(number: float) -> str:
    """The shortest text that is parsed to this number."""
    return repr(number).removesuffix(".0")


def render_html(
    figure: Figure,
    uid: str,
    side_file: SideFile | None = None,
    image_file: ImageFile | None = None,
    on_page: set[str] | None = None,
    *,
    seen_file: ImageFile | None = None,
) -> str:
    """Write everything inside ``<figure>`` before the caption.

    The other attentions that readers can choose are drawn as well, and `side_file` writes them.

    Args:
        figure: what is shown.
        uid: prefix of the ids within, unique in the page; fit for an HTML id.
        side_file: takes payloads past `LARGEST_INLINE`, and the attentions that are not shown
            first; None keeps all of them in the page.
        image_file: takes the images of pictures, for pages whose policy allows no ``data:``; None
            leaves them in the page.
        on_page: the keys of the payloads that the page has already. Those of this figure are added,
            so that a page carries equal payloads once. None repeats equal payloads.
        seen_file: takes the pictures that models saw, so that a project has one file of each; None
            leaves them in the page.

    Returns:
        HTML, the same for the same arguments.
    """
    files = _Images(image_file, seen_file)
    panes = panes_of(figure, uid)
    if panes:
        return _side_by_side(panes, side_file, files, on_page)
    return _with_alternatives(figure, uid, side_file, files, on_page)


@dataclass(frozen=True)
class _Images:
    """The functions that take the images of a figure.

    Attributes:
        cells: takes the images of cells; None leaves them in the page.
        seen: takes the pictures that models saw; None leaves them in the page.
    """

    cells: ImageFile | None
    seen: ImageFile | None

    def moved(self, markup: str) -> str:
        """The markup with its images in files."""
        if self.seen is not None:
            markup = images_as_files(markup, _with_script(self.seen), _SEEN)
        return markup if self.cells is None else images_as_files(markup, self.cells)


def _side_by_side(
    panes: Sequence[Pane],
    side_file: SideFile | None,
    files: _Images,
    on_page: set[str] | None,
) -> str:
    """The two attentions of a comparison."""
    drawings = [draw(pane.figure) for pane in panes]
    wide = sum(drawing.width for drawing in drawings) > WIDEST
    return (
        templates()
        .get_template("templates/comparison.html.jinja")
        .render(
            wide=wide or any(drawing.beside for drawing in drawings),
            panes=[
                {
                    "attributes": figure_attributes(pane.figure),
                    "markup": _markup(
                        _with_alternatives(pane.figure, pane.uid, side_file, files, on_page)
                    ),
                }
                for pane in panes
            ],
        )
    )


def _with_alternatives(
    figure: Figure,
    uid: str,
    side_file: SideFile | None,
    files: _Images,
    on_page: set[str] | None,
) -> str:
    """The markup of an attention and of its alternatives (see `render_html`)."""
    variants = [_variant(figure, one, uid, side_file, files) for one in figure.alternatives]
    numbers = _numbers(
        figure, side_file, frozenset() if on_page is None else on_page, variants=variants
    )
    markup = write_body(page_figure(figure), figure, uid, numbers)
    if on_page is not None and numbers.text:
        on_page.add(numbers.key)
    return files.moved(markup)


def _variant(
    whole: Figure,
    one: Alternative,
    uid: str,
    side_file: SideFile | None,
    files: _Images,
) -> str:
    """An attention that is not shown first, as JSON for the page."""
    fields: dict[str, Any] = {"at": dict(one.variant.at)}
    if one.figure is None:
        fields["reason"] = clean_line(one.reason)
        return _json(fields)
    numbers = _numbers(one.figure, None, files_to=side_file)
    markup = files.moved(write_body(page_figure(one.figure), whole, uid, numbers))
    content = _json({"attributes": figure_attributes(one.figure), "markup": markup})
    key = hashlib.sha256(content.encode()).hexdigest()[:16]
    if side_file is None:
        fields["content"] = json.loads(content)
        return _json(fields)
    script = f'(globalThis.attentionVariants??={{}})["{key}"]={content};\n'
    fields |= {"key": key, "src": side_file(f"attention-{key}.js", script)}
    return _json(fields)


def _json(value: Any) -> str:
    """JSON without the characters that would begin or end an element of HTML."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")


def _with_script(write: ImageFile) -> ImageFile:
    """Writes each image, and beside it a script with its bytes.

    A page that was opened from a disk shows its images, and may not read them. The menu that saves
    a picture reads the script.
    """

    def both(name: str, image: bytes) -> str:
        stem, text = name.removesuffix(".png"), b64encode(image).decode("ascii")
        script = f'(globalThis.attentionImages??={{}})["{stem}"]="{text}";\n'
        write(f"{stem}.js", script.encode())
        return write(name, image)

    return both


_IMAGE_START = 'xlink:href="data:image/png;base64,'
_IMAGE = re.compile(r'()(?<=xlink:href=")data:image/png;base64,([A-Za-z0-9+/=]+)(?=")')
_SEEN = re.compile(
    r'(<image class="attention-seen"[^>]* xlink:href=")data:image/png;base64,([A-Za-z0-9+/=]+)'
    r'(?=")'
)
"""The picture that a model saw."""


def images_as_files(markup: str, write: ImageFile, pattern: re.Pattern[str] = _IMAGE) -> str:
    """Move the images of a picture into files, for pages whose policy allows no ``data:``.

    Args:
        markup: of `render_html`. Text of an author's holds no quotes there, and so no image.
        write: takes each image; its name tells its content.
        pattern: finds the images: the markup before, and the bytes in base 64.
    """
    if _IMAGE_START not in markup:
        return markup

    def moved(found: re.Match[str]) -> str:
        image = b64decode(found[2])
        name = f"attention-{hashlib.sha256(image).hexdigest()[:16]}.png"
        return found[1] + write(name, image)

    return pattern.sub(moved, markup)


def _markup(svg: str) -> Markup:
    return Markup(svg)  # noqa: S704 - made and escaped by our templates


def _numbers(
    figure: Figure,
    side_file: SideFile | None,
    on_page: AbstractSet[str] = frozenset(),
    *,
    variants: Sequence[str] = (),
    files_to: SideFile | None = None,
) -> Numbers:
    """The part of the markup that holds, or names, the numbers of an attention.

    Args:
        figure: whose numbers.
        side_file: as for `render_html`.
        on_page: the keys of the payloads that the page has already.
        variants: what the page says of each other attention, as JSON.
        files_to: takes the files of a view where the payload stays in the page.
    """
    payload, text = page_figure(figure).payload
    key = hashlib.sha256(payload).hexdigest()[:16]
    url = ""
    if side_file is not None and len(text) > LARGEST_INLINE:
        # A classic script: fetch and modules fail on pages that are opened from a disk.
        script = f'(globalThis.attentionPayloads??={{}})["{key}"]="{text}";\n'
        url = side_file(f"attention-{key}.js", script)
    if url or key in on_page:
        text = ""
    directive, at = _directive(figure), _json(dict(figure.spec.at))
    view_files = _files(figure, files_to or side_file)
    return Numbers(key, text, url, directive=directive, at=at, variants=variants, files=view_files)


def _files(figure: Figure, side_file: SideFile | None) -> str:
    """The files of a view, as JSON: of each its name and its content, or the script that has it."""
    found: dict[str, Any] = {}
    for name, text in files_of(figure).items():
        key = hashlib.sha256(text.encode()).hexdigest()[:16]
        if side_file is None or len(text) <= _SMALLEST_FILE:
            found[name] = {"text": text}
            continue
        script = f'(globalThis.attentionPayloads??={{}})["{key}"]="{text}";\n'
        found[name] = {"key": key, "src": side_file(f"{LATER}{key}.js", script)}
    return _json(found) if found else ""


_SMALLEST_FILE = 2 * 1024
"""The most characters of a view's file that stands in the page."""


def _notation(notation: Notation, words: Phrases) -> dict[str, str]:
    """The templates of an author's language, with the text of the button."""
    fields = {"figure": notation.figure, "option": notation.option, "label": words(notation.label)}
    fields |= {"quote": notation.quote} if notation.quote else {}
    return fields | ({"indent": notation.indent} if notation.indent else {})


def _directive(figure: Figure) -> str:
    """The author's directive as JSON; empty where none was written."""
    if (written := figure.spec.written) is None:
        return ""
    fields: dict[str, Any] = {
        "text": written.text,
        "options": dict(written.options),
        "body": written.body,
        "notation": _notation(written.notation, figure.say),
    }
    if own := figure.spec.kind.options:
        fields["own"] = list(own)
    return to_json(fields)
