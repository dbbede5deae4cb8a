"""The answers to the plugin: the figures of a page, its numbers and its claims."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.authoring.options import OPTIONS
from sphinx_attention.core.authoring.quantities import QUANTITIES
from sphinx_attention.core.authoring.reference import parse_reference
from sphinx_attention.core.authoring.role_text import split_role
from sphinx_attention.core.boundary import guarded
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.render.description import describe
from sphinx_attention.core.render.files import script_text, standalone_svg, style_text
from sphinx_attention.core.render.html import figure_attributes, figure_class, render_html
from sphinx_attention.core.text import quoted
from sphinx_attention.hosts.body import rows_of
from sphinx_attention.hosts.notes import Notes, read_settings, remarks_of
from sphinx_attention.hosts.page_names import element_id, page_slug
from sphinx_attention.hosts.prose import look_up
from sphinx_attention.hosts.toml_settings import FILE, read_toml_settings
from sphinx_attention.hosts.unread_fences import unread_fence

from .collect import name_of, other_figure, read_directive
from .words import HOST_OPTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sphinx_attention.core.authoring.reference import Reference
    from sphinx_attention.core.figure.figure import Figure
    from sphinx_attention.core.figure.spec import FigureSpec

SELECTS = "attention-selects:"
"""The beginning of the class of an element around a link. The selection of the link follows."""

OUTPUT = "_build/attention"
"""The folder of pictures and of the widget, below the folder of the project."""


def answer(question: str, data: Any) -> Any:
    """The answer to a question of the plugin."""
    if question == "spec":
        options = {name: one.help for name, one in OPTIONS.items()}
        return {"options": {**options, **HOST_OPTIONS}, "kinds": ["focus", *QUANTITIES]}
    if question == "rows":
        try:
            return {"rows": rows_of(data["body"], data["text"], _own(data["options"]))}
        except AttentionError:
            # The page reports the error with its line.
            return {"rows": len(data["body"])}
    return Page(data, Path.cwd()).answer()


def _own(options: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in options.items() if name not in HOST_OPTIONS}


class Page:
    """A page of a project.

    Args:
        data: of the plugin.
        base: the folder of the project.
    """

    def __init__(self, data: Mapping[str, Any], base: Path) -> None:
        self.data = data
        self.base = base
        self.file = Path(data["file"] or base / "page.md").resolve()
        self.messages: list[dict[str, Any]] = []
        settings, problems = read_settings(read_toml_settings(base))
        for error in problems:
            self.warn(error, 1)
        self.notes = Notes(settings, base, docs=".")
        self.specs: list[FigureSpec | AttentionError] = []
        self.figures: list[Figure | AttentionError] = []

    def warn(self, error: AttentionError, line: int) -> None:
        """Note a mistake with its line."""
        place = f"{FILE}: " if error.setting else ""
        message = f"{place}{error.message} [attention.{error.problem}]"
        rule = f"attention-{error.problem}"
        self.messages.append({"line": line, "text": message, "rule": rule, "is_error": True})

    def answer(self) -> dict[str, Any]:
        """Draw the figures, and look up the references."""
        requested = self.data["figures"]
        self.specs = [self._read(one) for one in requested]
        requests = [
            r for spec in self.specs if not isinstance(spec, AttentionError) for r in spec.requests
        ]
        for error in self.notes.capture(requests):
            self.warn(error, 1)
        for spec, one in zip(self.specs, requested, strict=True):
            self.figures.append(self._figure(spec, one))
        nodes = [self._node(number) for number in range(len(requested))]
        marks = [self._mark(one) for one in self.data["marks"]]
        for one in self.data["checks"]:
            self._check(one)
        for one in self.data["fences"]:
            if (unread := unread_fence(one["text"])) is not None:
                self.warn(unread, one["line"])
        return {"figures": nodes, "marks": marks, "messages": self.messages}

    def _read(self, one: Mapping[str, Any]) -> FigureSpec | AttentionError:
        places = (self.base, self.file)
        try:
            with guarded(Problem.OPTION, f"reading the figure of {quoted(one['text'])}"):
                settings = self.notes.settings
                return read_directive(one["text"], one["options"], one["rows"], settings, places)
        except AttentionError as error:
            self.warn(error, one["line"] if error.line is None else one["at"] + error.line - 1)
            return error

    def _figure(
        self, spec: FigureSpec | AttentionError, one: Mapping[str, Any]
    ) -> Figure | AttentionError:
        if isinstance(spec, AttentionError):
            return spec
        try:
            figure = self.notes.figure(spec)
        except AttentionError as error:
            self.warn(error, one["line"] if error.line is None else one["at"] + error.line - 1)
            return error
        for remark in remarks_of(figure):
            self.warn(remark, one["line"])
        for notice in figure.notices:
            message = {"text": notice, "rule": "attention-notice", "is_error": False}
            self.messages.append({"line": one["line"], **message})
        return figure

    def _name(self, number: int) -> str:
        return name_of(self.data["figures"][number]["options"])

    def _uid(self, number: int) -> str:
        relative = (
            self.file.relative_to(self.base) if self.file.is_relative_to(self.base) else self.file
        )
        return f"attention-{page_slug(relative.as_posix())}-{number}"

    def _node(self, number: int) -> dict[str, Any]:
        """The node of a figure: a picture, and the widget beside it."""
        figure, one = self.figures[number], self.data["figures"][number]
        if isinstance(figure, AttentionError):
            text = {"type": "text", "value": f"{one['text']}: {figure.message}."}
            return {
                "type": "admonition",
                "kind": "error",
                "children": [{"type": "paragraph", "children": [text]}],
            }
        picture = self._written(".svg", standalone_svg(figure).encode())
        image = {
            "type": "image",
            "url": f"/{OUTPUT}/{picture}",
            "alt": figure.spec.alt or describe(figure),
        }
        children: list[dict[str, Any]] = [image]
        if self.data["widgets"]:
            model = {"html": self._html(figure, self._uid(number)), "picture": Path(picture).stem}
            widget = {
                "type": "anywidget",
                "esm": f"/{OUTPUT}/{self._widget}",
                "model": model,
                "id": self._uid(number),
            }
            children.append({"type": "block", "children": [widget]})
        node: dict[str, Any] = {
            "type": "container",
            "kind": "figure",
            "noSubcontainers": True,
            "children": children,
        }
        if name := self._name(number):
            node |= {"label": name, "identifier": name.lower(), "html_id": element_id(name)}
        if classes := one["options"].get("class"):
            node["class"] = classes
        return node

    def _html(self, figure: Figure, uid: str) -> str:
        from html import escape  # noqa: PLC0415 - for pages with a widget

        attributes = {"class": figure_class(figure), "id": uid, **figure_attributes(figure)}
        written = "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
        return f"<figure{written}>{render_html(figure, uid)}</figure>"

    @cached_property
    def _widget(self) -> str:
        """The name of the file of the widget, which holds the style sheet and all scripts."""
        from sphinx_attention import assets  # noqa: PLC0415 - likewise

        names = [file.name for file in assets.files() if file.suffix == ".js"]
        scripts = [assets.CORE, *(n for n in names if n not in {assets.CORE, assets.SEARCH})]
        source = resources.files(__package__).joinpath("widget.mjs").read_text(encoding="utf-8")
        source = source.replace("STYLE", json.dumps(style_text())).replace(
            "SCRIPT", json.dumps(script_text(scripts)), 1
        )
        return self._written(".mjs", source.encode())

    def _written(self, ending: str, content: bytes) -> str:
        """Write a file, whose name holds a digest of its content, and return the name."""
        digest = hashlib.sha256(content).hexdigest()
        # mystmd keeps twenty characters of a name.
        made = self.base / OUTPUT / f"attention-{digest[:10]}{ending}"
        if not made.exists():
            made.parent.mkdir(parents=True, exist_ok=True)
            made.write_bytes(content)
        return made.name

    def named(self, reference: Reference) -> Figure:
        """The figure that a reference names: of this page, or of another one.

        Raises:
            AttentionError: no figure or several figures have the name, or the figure cannot be
                drawn.
        """
        names = [self._name(number) for number in range(len(self.figures))]
        for name, figure in zip(names, self.figures, strict=True):
            if name and element_id(name) == element_id(reference.figure):
                if isinstance(figure, AttentionError):
                    raise AttentionError(
                        Problem.REFERENCE,
                        f"the figure {reference.figure} cannot be drawn: {figure.message}",
                    )
                return figure
        return other_figure(self.notes, self.file, reference.figure, filter(None, names))

    def _mark(self, one: Mapping[str, Any]) -> dict[str, Any]:
        title, target = split_role(one["text"])
        try:
            with guarded(Problem.REFERENCE, f"looking up {quoted(target)}"):
                found = look_up(one["kind"], target, title, self.named)
        except AttentionError as error:
            self.warn(error, one["line"])
            return {"type": "text", "value": f"{title} [{error.message}]".lstrip()}
        if one["kind"] != "focus":
            return {"type": "text", "value": found.text}
        text = title or parse_reference(target).title
        link = {
            "type": "crossReference",
            "kind": "figure",
            "label": found.figure,
            "identifier": found.figure.lower(),
            "children": [{"type": "text", "value": text}],
        }
        if not self.data["widgets"]:
            return link
        # mystmd passes on no attributes of links. The widget reads the selection from a class.
        return {"type": "span", "class": f"{SELECTS}{found.selection}", "children": [link]}

    def _check(self, one: Mapping[str, Any]) -> None:
        for number, line in enumerate(one["lines"]):
            if not (claim := line.strip()):
                continue
            try:
                with guarded(Problem.CHECK, f"checking {quoted(claim)}"):
                    look_up("check", one["figure"], claim, self.named)
            except AttentionError as error:
                self.warn(error, one["at"] + number)
