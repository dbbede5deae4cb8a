"""The extension of Python-Markdown: fences, the prose, and captions in the tree of a page."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary
from xml.etree import ElementTree as ET

from markdown import util
from markdown.extensions import Extension
from markdown.inlinepatterns import InlineProcessor
from markdown.postprocessors import Postprocessor
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor

from sphinx_attention.core.authoring.quantities import QUANTITIES
from sphinx_attention.core.authoring.reference import parse_reference
from sphinx_attention.core.authoring.role_text import split_role
from sphinx_attention.core.boundary import guarded
from sphinx_attention.core.errors import AttentionError, Problem, in_words_of
from sphinx_attention.core.text import listed, nearest, quoted
from sphinx_attention.hosts.prose import look_up

from .fences import CHECK, NAMES, Fence, find_fences
from .page import PLACEHOLDER, Page, attributes_of, indexed
from .project import WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markdown import Markdown

    from sphinx_attention.core.authoring.reference import Reference
    from sphinx_attention.core.figure.figure import Figure
    from sphinx_attention.hosts.prose import MarkKind

    from .page import Placed

_KINDS = ("focus", *QUANTITIES)
_ROLE = r"\{attn:([a-z-]+)\}(`+)(?!`)(.+?)(?<!`)\2(?!`)"
_NUMBER = "attention-fence"
_STUB = re.compile(r"<!--attention-(figure|check):(\d+)-->")
_PLACEHOLDER = re.compile(util.HTML_PLACEHOLDER % r"([0-9]+)")

# Before all other preprocessors, which change lines.
_FIRST = 1000
# Just before fences are read (25), and before their text is (20).
_BEFORE_FENCES, _BEFORE_INLINE = 25.5, 25
# Before code in backticks (190).
_BEFORE_CODE = 195

_NEED_FILES = frozenset(
    {
        "attention-figure",
        "attention-comparison",
        "attention-focus",
        "attention-problem",
    }
)
"""Classes of elements for which a page needs our scripts or our style sheet."""

_pages: WeakKeyDictionary[Any, Page] = WeakKeyDictionary()
_options: WeakKeyDictionary[Any, Mapping[str, Any]] = WeakKeyDictionary()


class AttentionExtension(Extension):
    """Figures of attention in Markdown. The options are the settings of the project."""

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self._options = options

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - the interface
        """Register the processors."""
        md.registerExtension(self)
        install(md, self._options)

    def reset(self) -> None:
        """Forget the page that was converted last."""


def install(md: Markdown, options: Mapping[str, Any]) -> None:
    """Register the processors with an instance of Python-Markdown."""
    _options[md] = options
    md.preprocessors.register(_Begin(md), "attention_begin", _FIRST)
    md.preprocessors.register(_Fences(md), "attention_fences", _BEFORE_FENCES)
    md.inlinePatterns.register(_Role(_ROLE, md), "attention_role", _BEFORE_CODE)
    md.treeprocessors.register(_Figures(md), "attention_figures", _BEFORE_INLINE)
    md.treeprocessors.register(_Assets(md), "attention_assets", -1)
    md.postprocessors.register(_End(md), "attention_end", -1)


def page_of(md: Markdown) -> Page:
    """The page that an instance of Python-Markdown converts."""
    if md not in _options:
        # The fence alone is configured, without the extension.
        install(md, {})
    if md not in _pages:
        _pages[md] = Page.of(md, _options[md], list(getattr(md, "lines", [])))
    return _pages[md]


class _Begin(Preprocessor):
    """Begins a page: finds its fences and numbers them."""

    @in_words_of(WORDS)
    def run(self, lines: list[str]) -> list[str]:
        """Return the lines, with the number of each fence in its first line."""
        page = _pages[self.md] = Page.of(self.md, _options[self.md], list(lines))
        numbered = list(lines)
        for number, fence in enumerate(page.fences):
            line = numbered[fence.line - 1]
            start = line[len(fence.indent) :]
            ticks = start[: len(start) - len(start.lstrip("`~"))]
            numbered[fence.line - 1] = f'{fence.indent}{ticks}{fence.name} fence="{number}"'
        return numbered


class _Fences(Preprocessor):
    """Makes the fences known to ``pymdownx.superfences``, or reads them itself without it."""

    def run(self, lines: list[str]) -> list[str]:
        """Return the lines, with a placeholder for each fence that is read here."""
        registry = self.md.preprocessors
        fenced = registry["fenced_code_block"] if "fenced_code_block" in registry else None  # noqa: SIM401 - no dict
        extension: Any = getattr(fenced, "extension", None)
        if hasattr(extension, "superfences"):
            known = {entry["name"] for entry in extension.superfences}
            for name in NAMES:
                if name not in known:
                    extension.extend_super_fences(name, note_fence, accept_options, None)
            return lines
        return self._read(lines)

    def _read(self, lines: list[str]) -> list[str]:
        made, last = [], 0
        for fence in find_fences(lines):
            if fence.indent:
                continue
            stub = self.md.htmlStash.store(noted(self.md, fence.name, fence.options, fence.body))
            made += [*lines[last : fence.line - 1], "", stub, ""]
            last = fence.end
        return [*made, *lines[last:]]


def noted(md: Markdown, name: str, options: Mapping[str, str], body: Any) -> str:
    """Note a fence, and return its placeholder until the page is a tree."""
    page = page_of(md)
    number = options.get("fence", "")
    lines = body.split("\n") if isinstance(body, str) else list(body)
    if number.isdecimal() and int(number) < len(page.fences):
        fence = page.fences[int(number)]
        # Python-Markdown has replaced the tabs in its own lines.
        lines = list(fence.body)
    else:
        fence = Fence(0, 0, name, "", dict(options), tuple(lines))
    if name == CHECK:
        page.checks.append((fence, lines))
        return f"<!--attention-check:{len(page.checks) - 1}-->"
    with in_words_of(WORDS):
        return f"<!--attention-figure:{page.place(fence, lines)}-->"


def accept_options(
    language: str,  # noqa: ARG001 - the interface
    inputs: Any,
    options: Any,
    attrs: Any,  # noqa: ARG001
    md: Markdown,  # noqa: ARG001
) -> bool:
    """Take all options of a fence, which are checked later."""
    options.update(inputs)
    return True


def note_fence(
    src: str = "", language: str = "", options: Any = None, md: Any = None, **kwargs: Any
) -> str:
    """Note a fence that ``pymdownx.superfences`` has read."""
    given = dict(options or {})
    if kwargs.get("id_value"):
        given.setdefault("name", kwargs["id_value"])
    if kwargs.get("classes"):
        given["class"] = " ".join([*kwargs["classes"], given.get("class", "")]).strip()
    return noted(md, language, given, src)


class _Figures(Treeprocessor):
    """Puts figures and their captions into the tree, before the text of captions is read."""

    @in_words_of(WORDS)
    def run(self, root: ET.Element) -> None:
        """Replace the placeholders of fences."""
        page = page_of(self.md)
        found = list(_stubs(self.md, root))
        page.compute([number for kind, number, *_ in found if kind == "figure"])
        for kind, number, index, element in found:
            if kind == "figure":
                self._put(page, page.figures[number], index, element)
            else:
                self.md.htmlStash.rawHtmlBlocks[index] = ""
                element.text = ""
        for kind, number, *_ in found:
            if kind == "check":
                _check(page, *page.checks[number])

    def _put(self, page: Page, one: Placed, index: int, element: ET.Element) -> None:
        if one.figure is not None:
            try:
                with guarded(Problem.MODEL, "drawing the figure"):
                    body = page.body(one)
            except AttentionError as error:
                one.figure, one.error = None, error
                page.warn(error, one.fence.line)
        stash = self.md.htmlStash
        if one.figure is None:
            stash.rawHtmlBlocks[index] = page.placeholder(one)
            return
        caption = one.written.caption if one.written else ""
        figure = element
        if element.tag == "p":
            element.tag = "figure"
        else:
            element.text = None
            figure = ET.Element("figure")
            element.insert(0, figure)
        for name, value in attributes_of(one).items():
            figure.set(name, value)
        stash.rawHtmlBlocks[index] = (
            f'{body}<span class="attention-indexed" hidden>{escape(indexed(one))}</span>'
        )
        figure.text = stash.get_placeholder(index)
        if caption:
            below = ET.SubElement(figure, "figcaption")
            self.md.parser.parseChunk(below, caption)


def _stubs(md: Markdown, root: ET.Element) -> Any:
    """The placeholders of our fences in a tree: kind, number, place in the stash, and element."""
    blocks = md.htmlStash.rawHtmlBlocks
    for element in list(root.iter()):
        text = element.text
        match = _PLACEHOLDER.fullmatch(text.strip()) if isinstance(text, str) else None
        if match is None or int(match[1]) >= len(blocks):
            continue
        block = blocks[int(match[1])]
        stub = _STUB.fullmatch(block) if isinstance(block, str) else None
        if stub is not None:
            yield stub[1], int(stub[2]), int(match[1]), element


def _check(page: Page, fence: Fence, lines: list[str]) -> None:
    """Check the claims of a fence."""
    figure = fence.options.get("figure", fence.rest)
    claims = [(at, line.strip()) for at, line in enumerate(lines, 1) if line.strip()]
    if not figure or not claims:
        what = (
            'name the figure in the first line of the fence, as in figure="fox"'
            if not figure
            else "write one claim on each line within the fence, such as 1.3: brown -> quick > 0.5"
        )
        page.warn(AttentionError(Problem.CHECK, f"there is nothing to check: {what}"), fence.line)
        return
    for at, claim in claims:
        try:
            with guarded(Problem.CHECK, f"checking {quoted(claim)}"):
                look_up("check", figure, claim, lambda reference: page.named(reference)[0])
        except AttentionError as error:
            page.warn(error, fence.line + at if fence.line else 0)


def _kind(name: str) -> MarkKind:
    """The kind of a role.

    Raises:
        AttentionError: there is no role of that name.
    """
    if name not in _KINDS:
        raise AttentionError(
            Problem.REFERENCE,
            f"invalid name attn:{name}{nearest(name, _KINDS)}: expected "
            f"{listed(f'attn:{one}' for one in _KINDS)}",
        )
    return cast("MarkKind", name)


class _Role(InlineProcessor):
    """Links to figures and numbers of them: ``{attn:weight}`fox 1.3 brown -> quick```."""

    @in_words_of(WORDS)
    def handleMatch(self, m: re.Match[str], data: str) -> tuple[ET.Element, int, int]:  # noqa: ARG002, N802
        """Return the link or the number."""
        page = page_of(self.md)
        kind, text = m[1], self.unescape(m[3]).strip()
        line = page.line_of(m[0])
        title, target = split_role(text)
        address = ""

        def figure_of(reference: Reference) -> Figure:
            nonlocal address
            figure, address = page.named(reference)
            return figure

        try:
            with guarded(Problem.REFERENCE, f"looking up {quoted(target)}"):
                found = look_up(_kind(kind), target, title, figure_of)
        except AttentionError as error:
            page.warn(error, line)
            problem = ET.Element("span", {"class": "attention-problem"})
            problem.text = util.AtomicString(f"{title} [{error.message}]".lstrip())
            return problem, m.start(0), m.end(0)
        if kind == "focus":
            page.prose = True
            attributes = {"class": "attention-focus", "href": address}
            element = ET.Element("a", {**attributes, "data-selection": found.selection})
            element.text = title or util.AtomicString(parse_reference(target).title)
        else:
            element = ET.Element("span", {"class": "attention-number"})
            element.text = util.AtomicString(found.text)
        return element, m.start(0), m.end(0)


class _Assets(Treeprocessor):
    """Puts the scripts and the style sheet before the first figure of a page."""

    def run(self, root: ET.Element) -> None:
        """Add one element, if the page needs it."""
        page = page_of(self.md)
        page.finish()
        place = _first_use(self.md, root)
        if place is None:
            return
        element = ET.Element("div", {"class": "attention-assets", "hidden": "hidden"})
        element.set("data-search-exclude", "")
        element.text = self.md.htmlStash.store(page.assets())
        root.insert(place, element)


def _first_use(md: Markdown, root: ET.Element) -> int | None:
    """The place of the first child of the page that holds a figure or a link to one."""
    for place, child in enumerate(root):
        for element in child.iter():
            classes = str(element.get("class", "")).split()
            if _NEED_FILES.intersection(classes) or _is_placeholder(md, element):
                # The title of a page is its first element.
                return place + (place == 0 and child.tag == "h1")
    return None


def _is_placeholder(md: Markdown, element: ET.Element) -> bool:
    """Whether an element holds the placeholder of a figure that cannot be drawn."""
    match = _PLACEHOLDER.fullmatch((element.text or "").strip())
    blocks = md.htmlStash.rawHtmlBlocks
    if match is None or int(match[1]) >= len(blocks):
        return False
    return str(blocks[int(match[1])]).startswith(PLACEHOLDER)


class _End(Postprocessor):
    """Ends a page."""

    def run(self, text: str) -> str:
        """Return the page with the original first line of a fence that is shown as code."""
        # The extension toc calls this for each heading, too.
        page = page_of(self.md)
        for number, fence in enumerate(page.fences):
            shown = f'{fence.name} fence="{number}"'
            for form in (shown, escape(shown), escape(shown, quote=False)):
                if form in text:
                    original = page.lines[fence.line - 1][len(fence.indent) :].lstrip("`~")
                    text = text.replace(form, escape(original, quote=False))
        return text
