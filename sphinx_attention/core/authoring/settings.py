"""The settings of a project, which hold for all its figures."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, get_args

from sphinx_attention.core.capture.library import Mode
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.figure.spec import Special
from sphinx_attention.core.host_words import setting
from sphinx_attention.core.text import listed, nearest, quoted
from sphinx_attention.core.views import DEFAULT_VIEW, VIEWS

from .declarations import find_source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sphinx_attention.core.request import FunctionSource, ModelSource
    from sphinx_attention.core.views import View

Pictures = Literal["inline", "files"]
"""The place of the images of large pictures: the page, or files beside the scripts."""


def _setting(default: Any, kind: tuple[type, ...], help_: str) -> Any:
    metadata = {"kind": kind, "help": help_}
    if isinstance(default, dict | list):
        return field(default_factory=type(default), metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Settings:
    """Every setting, with its type and its help in the field's metadata.

    A host may prefix the names: ``model`` is ``attention_model`` in Sphinx.
    """

    model: str | None = _setting(
        None,
        (str,),
        "the model of figures that name none: a name from ``attention_models``, an id, or a path",
    )
    models: Mapping[str, Mapping[str, Any]] = _setting(
        {},
        (dict,),
        "your names for models, each with ``id``, ``path`` or ``function``, and with settings for "
        "loading it",
    )
    models_only: bool = _setting(
        False,
        (bool,),
        "with ``True``, documents may name only models that ``attention_models`` declares, "
        "and ``builtin``; for notes that are built from pull requests of strangers",
    )
    bare: str = _setting(
        "figure",
        (str,),
        'what one plain line after ``.. attention::`` is: ``"figure"`` or ``"admonition"``',
    )
    cache: str = _setting(
        "_attention",
        (str,),
        "the store: a folder beside ``conf.py``, or a URL such as ``s3://course/attention``, which "
        "is shared",
    )
    mode: Mode = _setting(
        "auto",
        (str,),
        '``"auto"`` computes what the store lacks, ``"frozen"`` computes nothing, and '
        '``"refresh"`` computes everything again',
    )
    view: View = _setting(
        DEFAULT_VIEW,
        (str,),
        "the view of figures that name none",
    )
    layer: int | str | None = _setting(
        None,
        (int, str),
        "the first layer of figures that name none",
    )
    head: int | str | None = _setting(
        None,
        (int, str),
        "the first head of figures that name none",
    )
    special: Special = _setting(
        "show",
        (str,),
        'special tokens in figures without the option: ``"show"``, ``"dim"`` or ``"hide"``',
    )
    file_roots: Sequence[str] = _setting(
        [],
        (list, tuple),
        "folders, beside that of the sources, below which authors may name files of numbers",
    )
    page_budget: int = _setting(
        4_000_000,
        (int,),
        "the most bytes of a page's figures; more cause a warning",
    )
    pictures: Pictures = _setting(
        "inline",
        (str,),
        'images of figures of more than 60 tokens: ``"inline"`` in the page, or ``"files"`` beside '
        "the scripts, for pages whose content security policy allows no ``data:``",
    )

    def __post_init__(self) -> None:
        for name in ("model", "cache"):
            if isinstance(path := getattr(self, name), os.PathLike):
                object.__setattr__(self, name, os.fspath(path))
        if self.models is None:
            object.__setattr__(self, "models", {})
        for one in fields(self):
            value = getattr(self, one.name)
            kind = one.metadata["kind"]
            # In Python, True is a whole number. Here it is not one.
            wrong = not isinstance(value, kind) or (isinstance(value, bool) and bool not in kind)
            if (value is not None or one.default is False) and wrong:
                raise _invalid(one.name, value, listed(_KINDS[one] for one in kind))
        for name in ("layer", "head"):
            value = getattr(self, name)
            if value not in {None, "auto"} and (isinstance(value, str) or value < 0):
                raise _invalid(name, value, 'a whole number from 0, or "auto"')
        self._check_roots()
        for name, allowed in (
            ("bare", ("figure", "admonition")),
            ("mode", get_args(Mode)),
            ("view", tuple(VIEWS)),
            ("special", get_args(Special)),
            ("pictures", get_args(Pictures)),
        ):
            if (value := getattr(self, name)) not in allowed:
                hint = nearest(str(value), allowed)
                raise _invalid(name, value, listed(f'"{one}"' for one in allowed) + hint)

    def _check_roots(self) -> None:
        for root in self.file_roots or ():
            if not isinstance(root, str | os.PathLike):
                raise _invalid("file_roots", root, "a list of folders")

    def roots(self, base: Path, sources: Path) -> list[Path]:
        """The folders below which an author may name files.

        Args:
            base: the folder to which relative folders are relative.
            sources: the folder of the documents.
        """
        return [sources, *(base / root for root in self.file_roots or ())]

    def source(self, name: str, base: Path) -> ModelSource | FunctionSource:
        """The source that a name stands for.

        Args:
            name: a key of ``models``; else ``builtin``, the model that comes with the package; else
                a folder below ``base``; else an identifier on the hub.
            base: the folder to which relative folders are relative.

        Raises:
            AttentionError: a declaration is wrong, or the name cannot be that of a model.
        """
        found = self._sources.get((name, base))
        if found is None:
            found = self._sources[name, base] = find_source(name, self.models, base)
        return found

    @cached_property
    def _sources(self) -> dict[tuple[str, Path], ModelSource | FunctionSource]:
        """The sources that were found. All figures of a project name the same few models."""
        return {}


_KINDS: Mapping[type, str] = {
    str: "a string",
    int: "a whole number",
    bool: "True or False",
    dict: "a dict",
    list: "a list",
    tuple: "a tuple",
}


def _invalid(name: str, value: object, expected: str) -> AttentionError:
    return AttentionError(
        Problem.CONFIG,
        f"invalid value {quoted(value)} for {setting(name)}: expected {expected}",
        setting=name,
    )
