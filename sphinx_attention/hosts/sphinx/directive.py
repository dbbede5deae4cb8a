"""The directives ``attention-figure`` and ``attention``.

`attention-figure` is always a figure. `attention` is a figure when the author cannot have meant
the admonition of that name, and otherwise is that admonition, run by the class that was registered
before us.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import Directive, directives
from docutils.parsers.rst.directives.admonitions import Attention as DocutilsAttention
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from sphinx_attention.core.author_files import locate
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.options import OPTIONS, Surroundings, convert, parse, unknown_option
from sphinx_attention.core.sources.matrix import (
    fits,
    leading_rows,
    looks_like_rows,
    misplaced_rows,
)
from sphinx_attention.core.sources.matrix import read as read_matrix

from . import myst
from .config import settings_of
from .domain import domain_of
from .messages import placeholder, warn_of
from .nodes import attention_figure, attention_picture

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sphinx.application import Sphinx
    from sphinx.config import Config


def _raw(value: str | None) -> str:
    """Leave the value to the core, which says more when it is wrong."""
    return value or ""


_HOST_OPTIONS = ("caption", "align")
_SHARED_OPTIONS: dict[str, Callable[[str], Any]] = {
    "class": directives.class_option,
    "name": directives.unchanged,
}
_OWN_OPTIONS: dict[str, Callable[[str], Any]] = dict.fromkeys((*OPTIONS, *_HOST_OPTIONS), _raw)
_ALIGNMENTS = ("left", "center", "right")


class _AnyOption(dict[str, Any]):
    """An option spec that lets unknown names through, so that our own warning can place them."""

    def __missing__(self, name: str) -> Callable[[str], Any]:
        return _raw


@dataclass(frozen=True)
class Source:
    """The parts of a directive in the source.

    Attributes:
        text: the sentence.
        body: the lines below it.
        offset: where the body starts, as docutils counts.
    """

    text: str
    body: StringList
    offset: int


def setup_directives(app: Sphinx) -> None:
    """Register `attention-figure` now and `attention` when everybody else is done."""
    app.add_directive("attention-figure", AttentionFigure)
    app.connect("config-inited", take_over_attention, priority=900)
    myst.hold()


def take_over_attention(app: Sphinx, config: Config) -> None:  # noqa: ARG001 - an event handler
    """Put `attention` before the admonition that is registered under that name now."""
    registered = getattr(directives, "_directives", {}).get("attention", DocutilsAttention)
    if isinstance(registered, type) and issubclass(registered, _AttentionMixin):
        return  # a second application in the same process
    app.add_directive("attention", attention_directive(registered), override=True)


class AttentionFigure(SphinxDirective):
    """``attention-figure``: always a figure."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[Any] = _AnyOption({**_SHARED_OPTIONS, **_OWN_OPTIONS})

    def run(self) -> list[nodes.Node]:
        """The figure, or a placeholder where it cannot be."""
        if not self.arguments:
            return make_figure(self, Source("", self.content, self.content_offset))
        if in_markdown(self) or own_line_text(self):
            return make_figure(self, self._split())
        # docutils took the first block below for an argument; it is the body.
        body = StringList(self.arguments[0].splitlines(), self.content.source(0) or "")
        if self.content:
            body += StringList(["", *self.content])
        return make_figure(self, Source("", body, self.lineno))

    def _split(self) -> Source:
        first, *more = self.arguments[0].splitlines()
        text, swallowed = continue_text(first, more)
        if not swallowed:
            return Source(text, self.content, self.content_offset)
        # The body followed without a blank line between.
        body = StringList([*swallowed, *([""] if self.content else []), *self.content])
        return Source(text, body, self.lineno)


class _AttentionMixin:
    """What marks a class as ours."""


def attention_directive(base: type[Directive]) -> type[Directive]:
    """The directive `attention` on top of the admonition registered before.

    Args:
        base: that admonition; it runs, untouched, whenever no figure is meant.
    """

    class Attention(_AttentionMixin, base):  # type: ignore[misc, valid-type]
        option_spec: ClassVar[Any] = {**_OWN_OPTIONS, **(base.option_spec or {})}

        def run(self) -> list[nodes.Node]:
            source = figure_meant(self)
            myst.release(figure=source is not None)
            if source is not None:
                return make_figure(self, source)
            result: list[nodes.Node] = super().run()
            return result

    return Attention


def own_line_text(directive: Directive) -> str:
    """The text on the own line of a directive that takes no argument, in rST and in MyST fences."""
    first = directive.block_text.split("\n", 1)[0]
    # A fence with its name in braces, or two colons after the name.
    found = re.match(r"\s*(?:[`~:]{3,}\s*\{[^}]*\}|.*?::(?=\s|$))(.*)$", first)
    if not in_markdown(directive) or (found and first.lstrip()[:3] in {"```", "~~~", ":::"}):
        return found[1].strip() if found else ""
    # MyST before 5.2 leaves the fence out, and nothing tells own line from body. With an option of
    # ours there is nearly always a text; without one, it stays the admonition.
    own = has_own_options(directive) and bool(directive.content)
    return directive.content[0].strip() if own else ""


def has_own_options(directive: Directive) -> bool:
    """Whether an option is given that the admonition does not know."""
    return any(name in _OWN_OPTIONS for name in directive.options)


def in_markdown(directive: Directive) -> bool:
    """Whether MyST read the directive: there, what follows the own line is always the body."""
    return type(directive.state_machine).__module__.startswith("myst_parser")


def continue_text(first: str, more: Sequence[str]) -> tuple[str, list[str]]:
    """A sentence may go on below its first line, as arguments do, unless those are numbers."""
    if looks_like_rows(more, first.split()):
        return first, list(more)
    return " ".join([first, *(line.strip() for line in more)]), []


def split_content(directive: Directive) -> Source | None:
    """Text and body of a directive that takes no argument; None without text on its own line."""
    own = own_line_text(directive)
    content = directive.content
    if not own or not content or content[0].strip() != own:
        return None
    block = 1
    if not in_markdown(directive):
        while block < len(content) and content[block].strip():
            block += 1
    text, numbers = continue_text(own, list(content[1:block]))
    start = 1 if numbers else block
    return Source(text, content[start:], directive.content_offset + start)


def figure_meant(directive: Directive) -> Source | None:
    """Whether an `attention` directive is a figure, by the three rules that the docs give.

    Returns:
        Its parts if so; None if it is the admonition.
    """
    source = split_content(directive)
    if has_own_options(directive):
        return source or Source("", directive.content, directive.content_offset)
    if source is None:
        return None
    body = "\n".join(source.body)
    if body.strip():
        return source if fits(body, source.text.split()) else None
    env = directive.state.document.settings.env
    settings = settings_of(env.config)
    # Names and classes fit a figure as well; any other option is the admonition's alone.
    shared = all(name in _SHARED_OPTIONS for name in directive.options)
    bare = settings.model is not None and settings.bare == "figure" and shared
    one_line = source.text == own_line_text(directive)
    return source if bare and one_line and is_plain(source.text) else None


_MARKUP = re.compile(
    r"""[*`|\\<>{}$\[\]@~^]     # emphasis, code, substitutions, escapes, links, maths
      | ://                     # addresses
      | (?<!\w)_ | _(?!\w)      # references and targets
      | &\#?\w+;                # entities
    """,
    re.VERBOSE,
)


def is_plain(text: str) -> bool:
    """Whether a line holds nothing that rST or MyST could read as inline markup.

    By its characters rather than by parsing it: parsing would register references twice.
    """
    return _MARKUP.search(text) is None


def make_figure(directive: Directive, source: Source) -> list[nodes.Node]:
    """The figure that a directive asks for, or a placeholder with a warning."""
    env = directive.state.document.settings.env
    location = (env.docname, directive.lineno)
    options = dict(directive.options)
    classes, name = options.pop("class", []), options.pop("name", None)
    options.pop("collapsible", None)  # the admonition's own; a figure does not fold
    try:
        for unknown in sorted(set(options) - set(_OWN_OPTIONS)):
            raise unknown_option(unknown, [*_OWN_OPTIONS, *_SHARED_OPTIONS])
        align = _alignment(options.pop("align", None))
        caption = options.pop("caption", "")
        skipped = _rows(source, options)
        matrix = "\n".join(source.body[:skipped]) if skipped else None
        spec = parse(source.text, options, matrix, _surroundings(env, directive))
        if matrix is not None:
            # Now, while the lines of the body are known: a mistake in one has its own line.
            read_matrix(spec.request.base)
    except AttentionError as error:
        at = directive.lineno
        if error.line is not None:
            at = _body_line(directive, source, error.line)
        place, line = directive.state_machine.get_source_and_line(at)
        warn_of(error, location=_located(place, line, location))
        made: nodes.Element = placeholder(error, source.text)
    else:
        uid = _uid(env)
        made = attention_figure("", spec=spec, uid=uid, alt=spec.alt or "")
        made["align"] = align
        if not name:
            # Addresses point at figures, and hold what is selected in them.
            made["ids"].append(uid)
            directive.state.document.set_id(made)
        made += attention_picture()
        made += _caption(directive, caption, source.body[skipped:], source.offset + skipped)
        place, line = directive.state_machine.get_source_and_line(directive.lineno)
        domain_of(env).note_request(env.docname, spec.request, f"{place}:{line}")
    made["classes"] += classes
    place, line = directive.state_machine.get_source_and_line(directive.lineno)
    made.source, made.line = place, line
    if name:
        directive.options["name"] = name
        directive.add_name(made)
    return [made]


def _rows(source: Source, options: dict[str, str]) -> int:
    """How many lines of the body are a matrix.

    Raises:
        AttentionError: a matrix below a caption, where it is not read.
    """
    body = list(source.body)
    tokens = convert("tokens", options["tokens"]) if "tokens" in options else source.text.split()
    skipped = leading_rows(body, tokens)
    if not skipped and (below := misplaced_rows(body)) is not None:
        raise AttentionError(
            Problem.MATRIX,
            "numbers below the caption are not read: put the matrix first, and the caption below "
            "it; or indent the numbers, if they are no matrix",
            line=below + 1,
        )
    return skipped


def _body_line(directive: Directive, source: Source, line: int) -> int:
    """The line of the document, as docutils counts, of a line of the body."""
    if in_markdown(directive):
        return directive.lineno + max(source.offset, 0) + line
    return source.offset + line


def _located(source: str | None, line: int | None, fallback: tuple[str, int]) -> Any:
    """A place as Sphinx's logging takes it: the file that was read, docstrings included."""
    return f"{source}:{line}" if source and line else fallback


def _alignment(value: str | None) -> str:
    if value is None:
        return "default"
    if value.strip() not in _ALIGNMENTS:
        raise AttentionError(
            Problem.OPTION,
            f"align: {value!r} does not do: it takes one of {', '.join(_ALIGNMENTS)}",
        )
    return value.strip()


def _surroundings(env: Any, directive: Directive) -> Surroundings:
    settings = settings_of(env.config)
    roots = settings.roots(domain_of(env).base, Path(env.srcdir))

    def find_file(declared: str) -> Path:
        relative, absolute = env.relfn2path(declared)
        found = locate(declared, Path(absolute), roots)
        env.note_dependency(relative)
        return found

    return Surroundings(
        settings,
        domain_of(env).base,
        find_file,
        "myst" if in_markdown(directive) else "rst",
    )


def _uid(env: Any) -> str:
    """The same in every build, and different on a page that holds all documents."""
    document = re.sub(r"[^0-9A-Za-z]+", "-", env.docname).strip("-") or "page"
    return f"attention-{document}-{env.new_serialno('attention')}"


def _caption(directive: Directive, option: str, body: StringList, offset: int) -> list[nodes.Node]:
    """Caption and legend, from the option or from the body's prose."""
    made: list[nodes.Node] = []
    if option:
        inline, messages = directive.state.inline_text(option, directive.lineno)
        caption = nodes.caption(option, "", *inline)
        caption.source, caption.line = directive.state_machine.get_source_and_line(directive.lineno)
        made += [caption, *messages]
    if not any(line.strip() for line in body):
        return made
    parsed = nodes.Element()
    directive.state.nested_parse(body, offset, parsed)
    children = list(parsed.children)
    if not option and children and isinstance(first := children[0], nodes.paragraph):
        del children[0]
        caption = nodes.caption(first.rawsource, "", *first.children)
        caption.source, caption.line = first.source, first.line
        made.append(caption)
    if children:
        made.append(nodes.legend("", *children))
    return made
