"""The figures, numbers and claims of a document of Quarto or pandoc."""

from __future__ import annotations

import hashlib
import os
import re
from html import escape
from typing import TYPE_CHECKING, Any

from sphinx_attention import assets
from sphinx_attention.core.authoring.reference import parse_reference
from sphinx_attention.core.authoring.role_text import split_role
from sphinx_attention.core.boundary import guarded
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.host_words import HostWords
from sphinx_attention.core.phrases import phrases
from sphinx_attention.core.render.description import describe
from sphinx_attention.core.render.files import (
    script_text,
    scripts_of,
    standalone_svg,
    style_text,
    typeset,
)
from sphinx_attention.core.render.html import figure_attributes, figure_class, render_html
from sphinx_attention.core.text import quoted
from sphinx_attention.hosts.markdown.fences import CHECK, FIGURE, Fence, find_fences
from sphinx_attention.hosts.markdown.project import Where, Written, read_figure
from sphinx_attention.hosts.markdown.unread import unread_fences
from sphinx_attention.hosts.notations import PANDOC
from sphinx_attention.hosts.notes import Notes, read_settings, remarks_of
from sphinx_attention.hosts.page_names import element_id, page_slug
from sphinx_attention.hosts.paths import relative_path
from sphinx_attention.hosts.prose import look_up
from sphinx_attention.hosts.toml_settings import FILE, read_toml_settings

from .others import other_figure, same_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sphinx_attention.core.authoring.reference import Reference
    from sphinx_attention.core.figure.figure import Figure

WORDS = HostWords(
    file=FILE,
    numbers="write the numbers below the sentence, or name a file of them in the option matrix",
)
"""The names of options and settings in messages about a document."""

CONFIG = "_quarto.yml"
_FOLDER = "attention_files"


_MARK = re.compile(r"\{attn:([a-z]+)\}`([^`\n]+)`|`([^`\n]+)`\{\.attn[-:]([a-z]+)\}")


def project_of(file: Path, fallback: Path) -> Path:
    """The folder with the configuration of a document: that of `_quarto.yml`, or its own."""
    start = file.parent if file.name else fallback
    for folder in (start, *start.parents):
        if (folder / CONFIG).is_file() or (folder / FILE).is_file():
            return folder
    return start


class Document:
    """A document.

    Args:
        data: of the filter.
        here: the folder in which the filter runs.
    """

    def __init__(self, data: Mapping[str, Any], here: Path) -> None:
        self.data = data
        self.file = (here / data["file"]).resolve() if data["file"] else here / "document.qmd"
        self.base = project_of(self.file, here)
        self.messages: list[str] = []
        self.notices: list[str] = []
        settings, problems = read_settings(read_toml_settings(self.base))
        self.notes = Notes(settings, self.base, docs=".")
        self.source = self._source()
        fences = find_fences(self.source)
        self._fences = [fence for fence in fences if fence.name == FIGURE]
        self._checks = [fence for fence in fences if fence.name == CHECK]
        self.written: list[Written | AttentionError] = []
        self.figures: list[Figure | AttentionError] = []
        self._taken: dict[str, int] = {}
        for error in problems:
            self.warn(error)
        for line, error in unread_fences(self.source):
            self.warn(error, line)

    def _source(self) -> list[str]:
        try:
            return self.file.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, ValueError):
            return []

    def warn(self, error: AttentionError, line: int = 0) -> None:
        """Note a mistake with its place."""
        place = FILE if error.setting else self._place(line)
        self.messages.append(f"{place}: {error.message} [attention.{error.problem}]")

    def _place(self, line: int) -> str:
        """The place of a line of the document, as messages name it."""
        return f"{self._shown()}:{line}" if line else self._shown()

    def _shown(self) -> str:
        inside = self.file.is_relative_to(self.base)
        return self.file.relative_to(self.base).as_posix() if inside else self.file.name

    def answer(self) -> dict[str, Any]:
        """Draw the figures, and look up the references."""
        requested = self.data["figures"]
        self.written = [self._read(number, one) for number, one in enumerate(requested)]
        requests = [
            request
            for one in self.written
            if not isinstance(one, AttentionError)
            for request in one.spec.requests
        ]
        for error in self.notes.capture(requests):
            self.warn(error)
        self.figures = [self._figure(number) for number in range(len(requested))]
        made = [self._made(number) for number in range(len(requested))]
        marks = [self._mark(one) for one in self.data["marks"]]
        for number, one in enumerate(self.data["checks"]):
            self._check(number, one)
        prose = any("href" in one for one in marks)
        drawn = [figure for figure in self.figures if not isinstance(figure, AttentionError)]
        page = _assets(drawn, prose=prose) if self.data["html"] and (drawn or prose) else ""
        return {
            "figures": made,
            "marks": marks,
            "messages": self.messages,
            "notices": self.notices,
            "assets": page,
        }

    def _line(self, number: int) -> int:
        return self._fences[number].line if number < len(self._fences) else 0

    def _read(self, number: int, one: Mapping[str, Any]) -> Written | AttentionError:
        body = str(one["body"]).split("\n")
        page = relative_path(self.file, self.base).replace(os.sep, "/")
        where = Where(self.base, self.base, page, notation=PANDOC)
        try:
            with guarded(Problem.OPTION, "reading the figure"):
                return read_figure(dict(one["options"]), body, self.notes.settings, where)
        except AttentionError as error:
            line = self._line(number)
            self.warn(error, line + (error.line or 0) if line else 0)
            return error

    def _figure(self, number: int) -> Figure | AttentionError:
        written, line = self.written[number], self._line(number)
        if isinstance(written, AttentionError):
            return written
        try:
            figure = self.notes.figure(written.spec)
        except AttentionError as error:
            self.warn(error, line + (error.line or 0) if line else 0)
            return error
        for remark in remarks_of(figure):
            self.warn(remark, line)
        self.notices += [f"{self._place(line)}: {notice}" for notice in figure.notices]
        return figure

    def _name(self, number: int) -> str:
        return str(dict(self.data["figures"][number]["options"]).get("name", ""))

    def _uid(self, number: int) -> str:
        return f"attention-{page_slug(self._shown())}-{number}"

    def _id(self, number: int) -> str:
        """The id of the figure's element. Quarto gives a name that begins with fig- to a block."""
        name = self._name(number)
        return self._uid(number) if not name or name.startswith("fig-") else element_id(name)

    def _made(self, number: int) -> dict[str, Any]:
        figure, written = self.figures[number], self.written[number]
        text = next(iter(str(self.data["figures"][number]["body"]).split("\n")), "")
        made: dict[str, Any] = {"name": self._name(number), "caption": "", "text": text}
        if isinstance(figure, AttentionError) or isinstance(written, AttentionError):
            assert isinstance(figure, AttentionError)
            return {**made, "error": f"{phrases()('placeholder')} {figure.message}."}
        made["caption"] = _MARK.sub(self._in_caption, written.caption)
        if not self.data["html"]:
            return {
                **made,
                "picture": self._picture(figure),
                "alt": figure.spec.alt or describe(figure),
            }
        tag = "div" if made["name"].startswith("fig-") else "figure"
        classes = " ".join(filter(None, (figure_class(figure), written.classes)))
        attributes = {"class": classes, "id": self._id(number), **figure_attributes(figure)}
        opened = "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
        body = render_html(figure, self._uid(number))
        return {**made, "before": f"<{tag}{opened}>{body}", "after": f"</{tag}>"}

    def _picture(self, figure: Figure) -> str:
        """Write the picture of a figure, in a format for print, and return its path."""
        svg = standalone_svg(figure)
        content, ending = svg.encode(), ".svg"
        kinds = {
            "latex": "pdf",
            "beamer": "pdf",
            "pdf": "pdf",
            "docx": "png",
            "pptx": "png",
            "odt": "png",
        }
        if kind := kinds.get(self.data["format"]):
            try:
                content, ending = typeset(svg, kind), f".{kind}"
            except AttentionError as error:
                self.warn(error)
        name = f"attention-{hashlib.sha256(svg.encode()).hexdigest()[:12]}{ending}"
        path = self.file.parent / _FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return f"{_FOLDER}/{name}"

    def named(self, reference: Reference) -> tuple[Figure, str]:
        """The figure that a reference names, of this document or another one, and its address.

        Raises:
            AttentionError: no figure or several figures have the name, or the figure cannot be
                drawn.
        """
        wanted = reference.figure
        names = [self._name(number) for number in range(len(self.figures))]
        for number, (name, figure) in enumerate(zip(names, self.figures, strict=True)):
            if name and same_name(name, wanted):
                if isinstance(figure, AttentionError):
                    raise AttentionError(
                        Problem.REFERENCE, f"the figure {wanted} cannot be drawn: {figure.message}"
                    )
                return figure, f"#{self._id(number) if self.data['html'] else name}"
        return other_figure(self.notes, self.file, wanted, filter(None, names))

    def _mark(self, one: Mapping[str, Any]) -> dict[str, Any]:
        title, target = split_role(one["text"])
        href = ""

        def figure_of(reference: Reference) -> Figure:
            nonlocal href
            figure, href = self.named(reference)
            return figure

        try:
            with guarded(Problem.REFERENCE, f"looking up {quoted(target)}"):
                found = look_up(one["kind"], target, title, figure_of)
        except AttentionError as error:
            self.warn(error, self._line_of(one["text"]))
            return {"error": True, "text": f"{title} [{error.message}]".lstrip()}
        if one["kind"] != "focus":
            return {"text": found.text}
        text = title or parse_reference(target).title
        return {"text": text, "href": href, "selection": found.selection}

    def _in_caption(self, found: re.Match[str]) -> str:
        """A reference within a caption, in Markdown."""
        kind, text = (found[1], found[2]) if found[1] else (found[4], found[3])
        made = self._mark({"kind": kind, "text": text})
        if "href" not in made:
            return str(made["text"])
        attributes = f' data-selection="{made["selection"]}"' if self.data["html"] else ""
        return f"[{made['text']}]({made['href']}){{.attention-focus{attributes}}}"

    def _line_of(self, text: str) -> int:
        """The line of the next occurrence of a text in the source; 0 if there is none."""
        start = self._taken.get(text, 0)
        for number in range(start, len(self.source)):
            if text in self.source[number]:
                self._taken[text] = number + 1
                return number + 1
        return 0

    def _check(self, number: int, one: Mapping[str, Any]) -> None:
        fence = self._checks[number] if number < len(self._checks) else Fence(0, 0, CHECK)
        for at, line in enumerate(str(one["body"]).split("\n"), 1):
            if not (claim := line.strip()):
                continue
            try:
                with guarded(Problem.CHECK, f"checking {quoted(claim)}"):
                    look_up("check", one["figure"], claim, lambda named: self.named(named)[0])
            except AttentionError as error:
                self.warn(error, fence.line + at if fence.line else 0)


def _assets(figures: list[Figure], *, prose: bool) -> str:
    """The style sheet and the scripts of a document, once."""
    names = [*(scripts_of(figures) if figures else []), *([assets.PROSE] if prose else [])]
    return f"<style>{style_text()}</style><script>{script_text(names)}</script>"
