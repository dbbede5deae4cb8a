"""What a project sets, once, for all its figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from . import builtin
from .capture import Mode
from .errors import AttentionError, Problem
from .figure import Special, View
from .request import FunctionSource, ModelSource


def _setting(default: Any, kind: tuple[type, ...], help_: str) -> Any:
    metadata = {"kind": kind, "help": help_}
    if isinstance(default, dict):
        return field(default_factory=dict, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Settings:
    """Every setting, with its type and its help in the field's metadata.

    A host prefixes the names: ``model`` is ``attention_model`` in conf.py.
    """

    model: str | None = _setting(
        None, (str,), "the model of figures that name none; a name from `models`, an id, or a path"
    )
    models: Mapping[str, Mapping[str, Any]] = _setting(
        {}, (dict,), "name → what it is: id, path or function, and how to load it"
    )
    bare: str = _setting(
        "figure", (str,), 'what one plain line after `.. attention::` is: "figure" or "admonition"'
    )
    cache: str = _setting(
        "_attention", (str,), "the store: a folder beside conf.py, or a URL of fsspec's"
    )
    mode: Mode = _setting(
        "auto", (str,), '"auto" computes what is missing, "frozen" nothing, "refresh" everything'
    )
    view: View = _setting("arcs", (str,), "the view of figures that name none")
    layer: int | str | None = _setting(
        None, (int, str), "the first layer of figures that name none"
    )
    head: int | str | None = _setting(None, (int, str), "the first head of figures that name none")
    special: Special = _setting(
        "show", (str,), 'special tokens of figures that do not say: "show", "dim" or "hide"'
    )
    page_budget: int = _setting(
        4_000_000, (int,), "bytes a page may carry for figures; a warning past it"
    )

    def __post_init__(self) -> None:
        for setting in fields(self):
            value = getattr(self, setting.name)
            kind = setting.metadata["kind"]
            if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
                names = " or ".join(k.__name__ for k in kind)
                raise AttentionError(
                    Problem.CONFIG, f"attention_{setting.name} is {value!r}; it has to be {names}"
                )
        for name in ("layer", "head"):
            value = getattr(self, name)
            if value not in {None, "auto"} and (isinstance(value, str) or value < 0):
                raise AttentionError(
                    Problem.CONFIG,
                    f'attention_{name} is {value!r}; it has to be a whole number from 0, or "auto"',
                )
        for name, allowed in (
            ("bare", ("figure", "admonition")),
            ("mode", get_args(Mode)),
            ("view", get_args(View)),
            ("special", get_args(Special)),
        ):
            if getattr(self, name) not in allowed:
                raise AttentionError(
                    Problem.CONFIG,
                    f"attention_{name} is {getattr(self, name)!r}; {_choose(allowed)}",
                )

    def source(self, name: str, base: Path) -> ModelSource | FunctionSource:
        """The source that a name stands for.

        Args:
            name: a key of ``models``; else ``builtin``, the model that comes with the package; else
                a folder below ``base``; else an identifier on the hub.
            base: what relative folders are relative to.

        Raises:
            AttentionError: a declaration that cannot be understood.
        """
        declared = self.models.get(name)
        if declared is not None:
            return declare(name, declared, base)
        if name == builtin.NAME:
            return builtin.builtin()
        looks_like_path = name.startswith((".", "/", "~")) or (base / name).is_dir()
        if looks_like_path:
            return declare(name, {"path": name}, base)
        close = get_close_matches(name, self.models, n=1)
        if close:
            raise AttentionError(
                Problem.MODEL,
                f"unknown model {name!r}; did you mean {close[0]!r}? Declared in attention_models: "
                f"{', '.join(sorted(self.models))}",
            )
        return ModelSource(name=name, id=name)


_LOADING: dict[str, tuple[type, ...]] = {
    "id": (str,),
    "path": (str,),
    "revision": (str,),
    "dtype": (str,),
    "device": (str,),
    "device_map": (str,),
    "trust_remote_code": (bool,),
    "pickled_weights": (bool,),
}
_CALLING: dict[str, tuple[type, ...]] = {"function": (str,), "version": (str, int)}


def declare(name: str, declared: Mapping[str, Any], base: Path) -> ModelSource | FunctionSource:
    """The source of one entry of ``attention_models``.

    Args:
        name: what authors call it.
        declared: ``id``, ``path`` or both, or ``function``; and how to load it.
        base: what relative folders are relative to.

    Raises:
        AttentionError: an unknown entry, one of the wrong type, or none that says what it is.
    """
    if not isinstance(declared, Mapping):
        raise AttentionError(
            Problem.CONFIG, f'attention_models["{name}"] has to be a dict, such as {{"id": "gpt2"}}'
        )
    allowed = _CALLING if "function" in declared else _LOADING
    for key, value in declared.items():
        where = f'attention_models["{name}"]'
        if key not in allowed:
            raise AttentionError(Problem.CONFIG, f"{where}: {_unknown(str(key), allowed)}")
        if not isinstance(value, allowed[key]):
            kinds = " or ".join(k.__name__ for k in allowed[key])
            raise AttentionError(
                Problem.CONFIG, f'{where}["{key}"] is {value!r}; it has to be {kinds}'
            )
    if "function" in declared:
        version = str(declared.get("version", "1"))
        return FunctionSource(name=name, function=declared["function"], version=version)
    if "id" not in declared and "path" not in declared:
        raise AttentionError(
            Problem.CONFIG, f'attention_models["{name}"] needs "id", "path" or "function"'
        )
    path = declared.get("path")
    folder = None if path is None else str((base / Path(path).expanduser()).resolve())
    return ModelSource(name=name, folder=folder, **declared)


def _choose(allowed: tuple[str, ...]) -> str:
    return "it has to be " + " or ".join(repr(a) for a in allowed)


def _unknown(name: str, allowed: Mapping[str, Any]) -> str:
    close = get_close_matches(name, allowed, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"unknown entry {name!r}{hint} The entries are {', '.join(allowed)}"
