"""One page while Python-Markdown converts it: its fences, its figures and its warnings."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.boundary import guarded
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.phrases import phrases
from sphinx_attention.core.render.description import whole_texts
from sphinx_attention.core.render.html import figure_attributes, figure_class, render_html
from sphinx_attention.core.store.atomic import replace
from sphinx_attention.core.text import quoted
from sphinx_attention.hosts.notes import remarks_of
from sphinx_attention.hosts.page_names import element_id, page_slug

from . import markup
from .fences import Fence, find_fences
from .other_pages import other_figure
from .project import Project, Written, project_of, read_figure
from .search import keep_numbers_out
from .site import Site, site_of
from .unread import unread_fences

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sphinx_attention.core.authoring.reference import Reference
    from sphinx_attention.core.figure.figure import Figure


PLACEHOLDER = '<div class="attention-placeholder"'
"""The beginning of the placeholder of a figure that cannot be drawn."""


@dataclass
class Placed:
    """A figure of the page.

    Attributes:
        fence: its fence. The line of the fence is 0 if it is not known.
        uid: the beginning of the ids of its elements.
        written: the parsed figure; None if it cannot be parsed.
        figure: the figure with its numbers; None before they are computed, or if that fails.
        error: the reason why there is no figure; None if there is one.
        text: the beginning of the sentence, for the placeholder.
    """

    fence: Fence
    uid: str
    written: Written | None = None
    figure: Figure | None = None
    error: AttentionError | None = None
    text: str = ""

    @property
    def id(self) -> str:
        """The id of the element."""
        return element_id(self.name) if self.name else self.uid

    @property
    def name(self) -> str:
        """The name to which the prose refers; empty without one."""
        if self.written is not None:
            return self.written.name
        return self.fence.options.get("name", "")


@dataclass
class Page:
    """A page while it is converted.

    Attributes:
        site: the site of the page.
        project: the settings and numbers of the site.
        lines: the source of the page, without its front matter.
        offset: how many lines of the file come before them.
        fences: the fences of the source that are ours.
        figures: the figures, by the number of their placeholder.
        failed: the warnings that were given.
    """

    site: Site
    project: Project
    lines: list[str]
    offset: int = 0
    fences: list[Fence] = field(default_factory=list)
    figures: dict[int, Placed] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    found_at: dict[str, int] = field(default_factory=dict)
    on_page: set[str] = field(default_factory=set)
    prose: bool = False
    checks: list[tuple[Fence, list[str]]] = field(default_factory=list)

    @classmethod
    def of(cls, md: Any, options: Mapping[str, Any], lines: list[str]) -> Page:
        """The page that an instance of Python-Markdown begins to convert."""
        site = site_of(md)
        page = cls(site, project_of(options, site.base), lines, _front_matter(site.file, lines))
        page.fences = find_fences(lines)
        if site.kind in {"mkdocs", "properdocs"}:
            keep_numbers_out(site.kind, site.config)
        problems, page.project.problems = page.project.problems, []
        for error in problems:
            page.warn(error)
        for line, error in unread_fences(lines):
            page.warn(error, line)
        return page

    def warn(self, error: AttentionError, line: int = 0) -> None:
        """Warn an author of a mistake, with its place.

        Args:
            error: the error.
            line: the line in the page's source without its front matter; 0 if it is not known.
        """
        place = error.setting or self._place(line)
        message = f"{place}: {error.message} [attention.{error.problem}]"
        self.failed.append(message)
        if self.site.kind == "zensical":
            # Zensical has no way to report a warning from Python.
            print(f"Warning: {message}", file=sys.stderr)  # noqa: T201
        else:
            self.site.logger.warning("%s", message)
            if error.trace:
                self.site.logger.debug("%s", error.trace)

    def inform(self, notice: str, line: int) -> None:
        """Inform an author of a fact that is not a mistake, so that no strict build fails."""
        message = f"{self._place(line)}: {notice}"
        if self.site.kind == "zensical":
            print(f"Note: {message}", file=sys.stderr)  # noqa: T201 - as above
        else:
            self.site.logger.info("%s", message)

    def _place(self, line: int) -> str:
        """The place of a line of the page's source, as messages name it."""
        return f"{self.site.shown()}:{line + self.offset}" if line else self.site.shown()

    def line_of(self, raw: str) -> int:
        """The line of the next occurrence of a text in the source; 0 if there is none."""
        start = self.found_at.get(raw, -1) + 1
        text = "\n".join(self.lines)
        place = text.find(raw, start)
        if place < 0:
            return 0
        self.found_at[raw] = place
        return text.count("\n", 0, place) + 1

    def place(self, fence: Fence, body: Sequence[str] | None = None) -> int:
        """Note a figure and return the number of its placeholder. Nothing is computed yet.

        Args:
            fence: the fence of the figure.
            body: the lines of the fence in Python-Markdown's form; None takes the lines of the
                source.
        """
        number = len(self.figures)
        uid = f"attention-{page_slug(self.site.page)}-{number}"
        lines = fence.body if body is None else body
        placed = Placed(fence, uid, text=next((line.strip() for line in lines if line.strip()), ""))
        try:
            with guarded(Problem.OPTION, f"reading the figure of {quoted(placed.text)}"):
                _check_rest(fence)
                placed.written = read_figure(
                    fence.options, lines, self.project.settings, self.site.where
                )
        except AttentionError as error:
            placed.error = error
        self.figures[number] = placed
        return number

    def compute(self, numbers: Sequence[int]) -> None:
        """Compute the figures that are on the page, all of them at once, and warn of mistakes."""
        placed = [self.figures[number] for number in numbers]
        notes = self.project.notes
        requests = [
            request for one in placed if one.written for request in one.written.spec.requests
        ]
        for error in notes.capture(requests):
            self.warn(error)
        taken: set[str] = set()
        for one in placed:
            line = one.fence.line
            if one.written is not None:
                try:
                    one.figure = notes.figure(one.written.spec)
                except AttentionError as error:
                    one.error = error
            if one.error is not None:
                self.warn(one.error, line + (one.error.line or 0) if line else 0)
            elif one.figure is not None:
                for remark in remarks_of(one.figure):
                    self.warn(remark, line)
                for notice in one.figure.notices:
                    self.inform(notice, line)
                if one.id in taken:
                    name = one.written.name if one.written else ""
                    self.warn(
                        AttentionError(
                            Problem.REFERENCE,
                            f"the name {quoted(name)} is taken by a figure above: rename one",
                        ),
                        line,
                    )
                    one.written = one.written and one.written._replace(name="")
                taken.add(one.id)

    def named(self, reference: Reference) -> tuple[Figure, str]:
        """The figure that a reference names, and the address of its element.

        Raises:
            AttentionError: there is no such figure, or it cannot be drawn.
        """
        wanted = element_id(reference.figure)
        for one in self.figures.values():
            if one.name and element_id(one.name) == wanted:
                if one.figure is None:
                    reason = one.error.message if one.error else "it is not on the page"
                    raise AttentionError(
                        Problem.REFERENCE,
                        f"the figure {reference.figure} cannot be drawn: {reason}",
                    )
                return one.figure, f"#{one.id}"
        own = [one.name for one in self.figures.values() if one.name]
        return other_figure(self.site, self.project, reference.figure, own)

    def finish(self) -> None:
        """End a strict build of Zensical if there was a warning."""
        if self.failed and self.site.strict:
            raise AttentionError(Problem.CHECK, "\n".join(self.failed))

    def body(self, one: Placed) -> str:
        """The inside of a figure, before its caption."""
        assert one.figure is not None
        side = None if self.output is None else self._side_file
        made = render_html(one.figure, one.uid, side, None, self.on_page)
        return markup.portable(made)

    @property
    def output(self) -> Path | None:
        """The folder of the built site, if our files are written there."""
        site = self.site
        if self.project.assets == "inline" or not site.target:
            return None
        return site.output

    def _side_file(self, name: str, javascript: str) -> str:
        target = f"{markup.folder()}/{name}"
        self._write(target, javascript.encode())
        return self.site.link(target)

    def _write(self, target: str, content: bytes) -> None:
        assert self.output is not None
        path = self.output / target
        if not path.exists() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{path.name}.tmp")
            temporary.write_bytes(content)
            replace(temporary, path)

    def assets(self) -> str:
        """The elements that load the scripts and the style sheet, once for a page."""
        figures = [one.figure for one in self.figures.values() if one.figure is not None]
        if self.output is None:
            return markup.inlined(figures, self.site.language, prose=self.prose)
        for target, content in markup.files(self.site.language).items():
            self._write(target, content)
        address = self.site.link(markup.folder())
        return markup.linked(address, prose=self.prose, live=bool(figures))

    def placeholder(self, one: Placed) -> str:
        """The placeholder of a figure that cannot be drawn."""
        assert one.error is not None
        word = escape(phrases(self.site.language)("placeholder"))
        text = f"<em>{escape(one.text)}</em> — " if one.text else ""
        return (
            f'{PLACEHOLDER} data-search-exclude="">{markup.BEGIN}<p><strong>'
            f'{word}</strong> {text}<span class="attention-message">{escape(one.error.message)}.'
            f"</span></p>{markup.END}</div>"
        )


def _check_rest(fence: Fence) -> None:
    if fence.rest:
        raise AttentionError(
            Problem.OPTION,
            f"{quoted(fence.rest)} in the first line of the fence is not an option: write options "
            'as in layer="1", and the sentence on the first line within the fence',
        )


def attributes_of(one: Placed) -> dict[str, str]:
    """The attributes of a figure's element."""
    assert one.figure is not None
    own = one.written.classes if one.written else ""
    classes = " ".join(filter(None, (figure_class(one.figure), own)))
    return {"class": classes, "id": one.id, **figure_attributes(one.figure)}


def indexed(one: Placed) -> str:
    """The sentences of a figure for search, which passes over the picture."""
    assert one.figure is not None
    figure = one.figure
    whole = [figure, *(other.figure for other in figure.alternatives if other.figure is not None)]
    return " ".join(dict.fromkeys(text for each in whole for _, text in whole_texts(each)))


def _front_matter(file: Path | None, lines: list[str]) -> int:
    """How many lines of a file come before the source that Python-Markdown is given."""
    if file is None:
        return 0
    try:
        whole = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError):
        return 0
    own = "\n".join(lines).strip().splitlines()
    start = len("\n".join(lines)) - len("\n".join(lines).lstrip("\n"))
    for offset in range(len(whole) - len(own) + 1):
        if whole[offset : offset + len(own)] == own:
            return offset - start
    return 0
