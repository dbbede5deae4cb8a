"""Reference pages made from the code: options, settings, warnings, commands and formats.

Each directive here writes standard Sphinx objects, so that every option, setting, warning and
command has an address, an index entry, and an entry that intersphinx finds.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any

import click
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.docutils import SphinxDirective

from sphinx_attention.core.authoring.options import OPTIONS
from sphinx_attention.core.authoring.settings import Settings
from sphinx_attention.core.errors import Problem
from sphinx_attention.core.figure import payload
from sphinx_attention.core.figure.selection import EVERYWHERE
from sphinx_attention.core.figure.spec import AXES
from sphinx_attention.core.render import html
from sphinx_attention.core.store import entry_header
from sphinx_attention.core.views import VIEWS
from sphinx_attention.hosts.cli import main
from sphinx_attention.hosts.sphinx.written import HOST_OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sphinx.application import Sphinx


def _sentence(text: str) -> str:
    """A help text as a sentence with a capital and a full stop."""
    text = " ".join(text.split())
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


class _Generated(SphinxDirective):
    """A directive whose lines come from the code."""

    @abstractmethod
    def lines(self) -> Iterator[str]:
        """The reStructuredText that replaces this directive."""

    def run(self) -> list[nodes.Node]:
        source = f"<{self.name}>"
        text = list(self.lines())
        parsed = nodes.Element()
        self.state.nested_parse(StringList(text, source), 0, parsed)
        return list(parsed.children)


class OptionList(_Generated):
    """Every option of the directive, from `OPTIONS`."""

    def lines(self) -> Iterator[str]:
        yield from (".. rst:directive:: attention-figure", "")
        for name, help_ in _options():
            yield from (f"   .. rst:directive:option:: {name}", "", f"      {_sentence(help_)}", "")


def _options() -> Iterator[tuple[str, str]]:
    yield from ((name, option.help) for name, option in OPTIONS.items())
    yield from HOST_OPTIONS.items()


class SettingList(_Generated):
    """Every setting of a project, from the fields of `Settings`."""

    def lines(self) -> Iterator[str]:
        for setting in fields(Settings):
            made = setting.default_factory
            default: Any = setting.default if made is MISSING else made()
            kinds = " or ".join(f"``{kind.__name__}``" for kind in setting.metadata["kind"])
            yield from (
                f".. confval:: attention_{setting.name}",
                f"   :type: {kinds}",
                f"   :default: ``{default!r}``",
                "",
                f"   {_sentence(setting.metadata['help'])}",
                "",
            )


class WarningList(_Generated):
    """Every kind of warning, from `Problem`."""

    def lines(self) -> Iterator[str]:
        module = Problem.__module__
        documented = ModuleAnalyzer.for_module(module).find_attr_docs()
        for problem in Problem:
            text = documented[Problem.__name__, problem.name]
            yield f".. attention-warning:: attention.{problem}"
            yield ""
            yield from (f"   {line}" for line in text)
            yield ""


class CommandList(_Generated):
    """Every command and its options, from click."""

    def lines(self) -> Iterator[str]:
        for path, command in _commands(("sphinx-attention",), main):
            yield from (f".. program:: {' '.join(path)}", "", f".. rubric:: {' '.join(path)}", "")
            context = click.Context(command, info_name=path[-1])
            for line in (command.help or "").replace("\b", "").splitlines():
                yield line.strip()
            yield ""
            for parameter in command.get_params(context):
                if not isinstance(parameter, click.Option) or parameter.hidden:
                    continue
                names, help_ = parameter.get_help_record(context) or ("", "")
                yield from (f".. option:: {_signature(names)}", "", f"   {_sentence(help_)}", "")


class FormatTable(_Generated):
    """A table of the content of files or pages, by its name in `TABLES`."""

    required_arguments = 1

    def lines(self) -> Iterator[str]:
        heads, rows = TABLES[self.arguments[0]]
        widths = "34 66" if len(heads) == _COLUMNS else "20 50 30"
        yield from (".. list-table::", "   :header-rows: 1", f"   :widths: {widths}", "")
        for row in (heads, *rows):
            for place, cell in enumerate(row):
                yield f"   {'*' if place == 0 else ' '} - {cell}"


_COLUMNS = 2


def _literal(meant: Mapping[str, str]) -> list[tuple[str, ...]]:
    return [(f"``{name}``", _sentence(text)) for name, text in meant.items()]


def _encodings() -> list[tuple[str, ...]]:
    return [(f"``{name}``", f"``{how}``") for name, how in entry_header.ENCODINGS.items()]


def _address() -> Iterator[tuple[str, ...]]:
    """Every name in an address, its values, and the views that know the name."""
    everywhere = "all"
    yield "``layer``, ``head``", "the name of a layer or a head", everywhere
    for name, word in EVERYWHERE.items():
        yield f"``{name}``", word.expected, everywhere
    several = ", ".join(kind.name for kind in VIEWS.values() if kind.several_heads)
    yield "``heads``", "the names of the heads that are drawn together", several
    for axis in AXES:
        yield f"``{axis}``", "the value of the selector of that name", "figures that have it"
    views: dict[tuple[str, str], list[str]] = {}
    for kind in VIEWS.values():
        for name, word in kind.words.items():
            views.setdefault((name, word.expected), []).append(kind.name)
    for (name, expected), names in views.items():
        yield f"``{name}``", expected, ", ".join(names)


TABLES: dict[str, tuple[tuple[str, ...], list[tuple[str, ...]]]] = {
    "entry-fields": (("field", "what it holds"), _literal(entry_header.FIELDS)),
    "entry-arrays": (("array", "encoding"), _encodings()),
    "payload-fields": (("field", "what it holds"), _literal(payload.FIELDS)),
    "attributes": (("attribute", "what it says"), _literal(html.ATTRIBUTES)),
    "classes": (("class", "what it is"), _literal(html.CLASSES)),
    "address": (("name", "value", "views"), list(_address())),
}


def _commands(
    path: tuple[str, ...], command: click.Command
) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from _commands((*path, name), inner)
    else:
        yield path, command


def _signature(names: str) -> str:
    """Click writes ``-o, --output FILE``, and Sphinx needs the value after each name."""
    parts = names.split(", ")
    _, _, value = parts[-1].partition(" ")
    return ", ".join(f"{part.partition(' ')[0]} <{value}>" if value else part for part in parts)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives, and the object type of warnings."""
    app.add_object_type(
        "attention-warning", "attention-warning", "pair: %s; warning", objname="warning"
    )
    for name, directive in (
        ("attention-options", OptionList),
        ("attention-settings", SettingList),
        ("attention-warnings", WarningList),
        ("attention-commands", CommandList),
        ("attention-format", FormatTable),
    ):
        app.add_directive(name, directive)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
