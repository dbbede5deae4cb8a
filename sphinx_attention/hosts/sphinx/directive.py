"""The directives ``attention-figure`` and ``attention``.

`attention-figure` is always a figure. `attention` is a figure if the author cannot have meant the
admonition of that name. Otherwise, the class that was registered before runs the admonition.
"""

from __future__ import annotations

import contextlib
import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import Directive, directives
from docutils.parsers.rst.directives.admonitions import Attention as DocutilsAttention
from sphinx.util.docutils import SphinxDirective

from sphinx_attention.core.authoring.descriptions import undescribed
from sphinx_attention.core.authoring.options import (
    check_characters,
    invalid,
    unknown_option,
)
from sphinx_attention.core.authoring.parsing import HostContext, parse
from sphinx_attention.core.boundary import guarded
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.host_words import option
from sphinx_attention.core.sources.author_files import locate
from sphinx_attention.core.text import broken_character, listed, quoted
from sphinx_attention.hosts.body import GIVES_TEXT, rows_of
from sphinx_attention.hosts.notations import MYST, RST
from sphinx_attention.hosts.paths import relative_path

from . import misread, myst
from .config import settings_of
from .decision import Decision, Reason, decide
from .domain import domain_of
from .ids import new_uid
from .messages import warn, warn_of
from .nodes import attention_figure, attention_picture
from .translations import placeholder_read
from .uses import note_ids, note_use
from .written import (
    CLASSES_EXPECTED,
    OWN_OPTIONS,
    SHARED_OPTIONS,
    Source,
    body_line,
    in_markdown,
    located,
    nearest_is_ours,
    split_argument,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from docutils.statemachine import StringList
    from sphinx.application import Sphinx
    from sphinx.config import Config

    from sphinx_attention.core.figure.spec import FigureSpec


def _raw(value: str | None) -> str:
    """Leave the value to the core, which gives better messages."""
    return value or ""


_OPTION_SPEC: dict[str, Callable[[str], Any]] = {
    "class": _raw,
    "name": directives.unchanged,
    **dict.fromkeys(OWN_OPTIONS, _raw),
}
_ALIGNMENTS = ("left", "center", "right")


class _AnyOption(dict[str, Any]):
    """An option spec that accepts unknown names, so that our own warning can name their line."""

    def __missing__(self, name: str) -> Callable[[str], Any]:
        return _raw


class _NearlyOurs(dict[str, Any]):
    """An option spec that accepts misspelt names if they can only be meant for a figure."""

    def __missing__(self, name: str) -> Callable[[str], Any]:
        if not nearest_is_ours(name, self):
            raise KeyError(name)
        return _raw


def setup_directives(app: Sphinx) -> None:
    """Register `attention-figure` now, and `attention` after all other extensions."""
    app.add_directive("attention-figure", AttentionFigure)
    app.connect("config-inited", take_over_attention, priority=900)
    myst.hold()


def take_over_attention(app: Sphinx, config: Config) -> None:  # noqa: ARG001 - an event handler
    """Register `attention` over the admonition that has the name now."""
    registered = getattr(directives, "_directives", {}).get("attention", DocutilsAttention)
    if isinstance(registered, type) and issubclass(registered, _AttentionMixin):
        return  # This is a second application in the same process.
    app.add_directive("attention", attention_directive(registered), override=True)


class AttentionFigure(SphinxDirective):
    """``attention-figure``: always a figure."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[Any] = _AnyOption(_OPTION_SPEC)

    def run(self) -> list[nodes.Node]:
        """Return the figure, or a placeholder if the figure is impossible."""
        return make_figure(self, split_argument(self))


class _AttentionMixin:
    """Marks a class as ours."""


def attention_directive(base: type[Directive]) -> type[Directive]:
    """The directive `attention`, derived from the admonition that was registered before.

    Args:
        base: the class of the admonition, which runs unchanged when no figure is meant.
    """

    class Attention(_AttentionMixin, base):  # type: ignore[misc, valid-type]
        option_spec: ClassVar[Any] = _NearlyOurs(
            {**dict.fromkeys(OWN_OPTIONS, _raw), **(base.option_spec or {})}
        )

        def run(self) -> list[nodes.Node]:
            env = self.state.document.settings.env
            place = located(self, self.lineno)
            try:
                with guarded(Problem.OPTION, "reading the directive"):
                    decision = decide(self)
            except AttentionError as error:
                warn_of(error, location=place)
                decision = Decision(None, Reason.UNREADABLE)
            myst.release(figure=decision.source is not None)
            note_use(env, _short(env, place), figure=bool(decision.source), why=decision.why)
            if decision.source is not None:
                return make_figure(self, decision.source)
            result: list[nodes.Node] = super().run()
            return result

    return Attention


def make_figure(directive: Directive, source: Source) -> list[nodes.Node]:
    """The figure that a directive asks for, or a placeholder with a warning."""
    env = directive.state.document.settings.env
    options = dict(directive.options)
    classes: list[str] = []
    named, name = options.pop("class", []), options.pop("name", None)
    # This is an option of the admonition. A figure cannot be folded.
    options.pop("collapsible", None)
    whose = f"the figure of {quoted(source.text)}" if source.text else "the figure"
    try:
        with guarded(Problem.OPTION, f"reading {whose}"):
            # A name with half a character (a surrogate) cannot be an attribute of the placeholder
            # either.
            name = _checked_name(name)
            classes = _classes(named)
            misread.check(directive, source)
            align = _alignment(options.pop("align", None))
            caption = options.pop("caption", "")
            check_characters("caption", caption)
            rows = rows_of(list(source.body), source.text, options)
            spec = _spec(directive, source, options, rows)
    except AttentionError as error:
        warn_of(error, location=located(directive, _line_of(error, directive, source)))
        made: nodes.Element = placeholder_read(env, error, _whole(source.text))
        if name and broken_character(name):
            name = None
    else:
        made = _figure(directive, spec, name)
        made["align"] = align
        made += attention_picture()
        made += _caption(directive, caption, source.body[rows:], source.offset + rows)
        place = located(directive, directive.lineno)
        for request in spec.requests:
            domain_of(env).note_request(env.docname, request, place)
        for missing in undescribed(spec, spec.variants):
            warn_of(missing, location=place)
        if source.loses_layout:
            warn(
                Problem.TEXT,
                "the lines of the text are indented differently, and are read as one line: each "
                "line break and the spaces around it become one space; write the text on one line",
                location=place,
            )
    made["classes"] += classes
    made.source, made.line = directive.state_machine.get_source_and_line(directive.lineno)
    if name:
        directive.options["name"] = name
        directive.add_name(made)
    return [made]


def _figure(directive: Directive, spec: FigureSpec, name: str | None) -> nodes.Element:
    """The node of a figure. A figure without a name gets an id."""
    env = directive.state.document.settings.env
    document = directive.state.document
    uid = new_uid(env, document)
    note_ids(env)
    made = attention_figure("", spec=spec, uid=uid, alt=spec.alt or "")
    if not name:
        # Addresses name a figure and its selection.
        made["ids"].append(uid)
        document.set_id(made)
    pictures = (f"{uid}-a", f"{uid}-b") if spec.compare else (uid,)
    for picture in pictures:
        for part in ("title", "desc", "about"):
            # No section that follows may get an id of the picture's elements.
            document.ids.setdefault(f"{picture}-{part}", made)
    return made


def _spec(directive: Directive, source: Source, options: dict[str, str], rows: int) -> FigureSpec:
    """The checked specification of the figure.

    Raises:
        AttentionError: the first mistake.
    """
    for unknown in sorted(set(options) - set(OWN_OPTIONS)):
        raise unknown_option(unknown, [*OWN_OPTIONS, *SHARED_OPTIONS])
    document = directive.state.document
    for name, problem, instead in _FILES:
        if name in options and not document.settings.file_insertion_enabled:
            raise AttentionError(
                problem,
                f"the file {quoted(options[name])} is not read, because file_insertion_enabled is "
                f"off: {instead}",
            )
    if not in_markdown(directive):
        # A value of several lines is joined to one line, as in every directive. In Markdown, the
        # author wrote the line break on purpose.
        options = {name: _folded(value) for name, value in options.items()}
    matrix = "\n".join(source.body[:rows]) if rows else None
    if not (source.text or matrix or not options.keys().isdisjoint(GIVES_TEXT)):
        below = any(line.strip() for line in source.body)
        raise AttentionError(
            Problem.TEXT,
            "the text is missing: write the sentence on the directive's own line, after its name"
            + ("; the text below is the caption" if below else ""),
        )
    env = document.settings.env
    spec = parse(source.text, options, matrix, _context(env, directive))
    if matrix is not None:
        from sphinx_attention.core.sources.matrix import read  # noqa: PLC0415 - few have one

        # The lines of the body are known now, so a mistake in the body can name its own line.
        read(spec.request.base)
    return spec


_FILES = (
    ("matrix", Problem.MATRIX, "write the numbers into the body"),
    ("file", Problem.TEXT, f"write the sentences into {option('also')}"),
    ("image", Problem.PICTURE, "remove the option"),
)
"""The options that name a file, and what an author can do where no file is read."""


def _folded(value: str) -> str:
    return " ".join(line.strip() for line in value.splitlines())


def _whole(text: str) -> str:
    """A text that a page can hold."""
    return text.encode("utf-8", "replace").decode()


def _checked_name(name: str | None) -> str | None:
    if name:
        check_characters("name", name)
    return name


def _line_of(error: AttentionError, directive: Directive, source: Source) -> int:
    """The line of the document for an error."""
    if isinstance(error, misread.MisreadError):
        return error.lineno
    return (
        directive.lineno if error.line is None else body_line(directive, source.offset, error.line)
    )


@lru_cache(64)
def _real_path(path: str) -> str:
    # A document has many directives, and following links takes a look at every folder.
    return os.path.realpath(path)


def _short(env: Any, place: Any) -> str:
    """A place in short form, for a list."""
    file, _, line = str(place).rpartition(":")
    # For an included file, docutils gives the path from the folder in which the build was started.
    whole, folder = _real_path(file), _real_path(str(env.srcdir))
    if whole.startswith(folder + os.sep) and ":docstring of" not in file:
        file = whole[len(folder) + 1 :].replace(os.sep, "/")
    return f"{file}:{line}"


def _classes(value: str | list[str]) -> list[str]:
    """The names of classes; those of the admonition are a list already."""
    if isinstance(value, list):
        return value
    check_characters("class", value)
    with contextlib.suppress(ValueError):
        if found := directives.class_option(value):
            return found
    raise invalid("class", value, CLASSES_EXPECTED)


def _alignment(value: str | None) -> str:
    if value is None:
        return "default"
    if value.strip() not in _ALIGNMENTS:
        raise invalid("align", value, f"expected {listed(_ALIGNMENTS)}")
    return value.strip()


def _context(env: Any, directive: Directive) -> HostContext:
    settings, base = settings_of(env.config), domain_of(env).base

    def find_file(declared: str) -> Path:
        # `relfn2path` is not used, because it follows links before the file can be checked.
        folder = Path(env.doc2path(env.docname)).parent
        path = Path(env.srcdir) / declared[1:] if declared.startswith("/") else folder / declared
        found = locate(declared, path, settings.roots(base, Path(env.srcdir)))
        env.note_dependency(relative_path(os.path.normpath(path), env.srcdir))
        env.note_dependency(relative_path(found, os.path.realpath(env.srcdir)))
        return found

    return HostContext(
        settings,
        base,
        find_file,
        MYST if in_markdown(directive) else RST,
        env.config.language or "en",
    )


def _caption(directive: Directive, option: str, body: StringList, offset: int) -> list[nodes.Node]:
    """The caption and the legend, from the option or from the prose of the body."""
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
