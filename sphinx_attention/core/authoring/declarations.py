"""The model for a name: a declaration in the configuration, a folder, or an id of the hub."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path, PurePath
from typing import Any

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.host_words import setting
from sphinx_attention.core.request import FunctionSource, ModelSource
from sphinx_attention.core.sources import builtin

WHOLE = ""
"""The name of the `broken` declaration for an ``attention_models`` that is not a dict."""

_BROKEN = "broken"
"""The entry of a broken declaration: its message."""

DTYPES = ("float32", "bfloat16", "float16", "float64", "auto")
"""The precisions that a declaration may name."""

_LOADING: dict[str, tuple[type, ...]] = {
    "id": (str,),
    "path": (str, os.PathLike),
    "revision": (str,),
    "dtype": (str,),
    "device": (str,),
    "device_map": (str,),
    "trust_remote_code": (bool,),
    "pickled_weights": (bool,),
}
_CALLING: dict[str, tuple[type, ...]] = {"function": (str,), "version": (str, int)}
_SHOWN = {str: "a string", bool: "True or False", int: "a whole number", os.PathLike: "a path"}

_HUB_ID = re.compile(r"(?!.*(--|\.\.))\w[\w.-]*(/\w[\w.-]*)?", re.ASCII)
"""The form of an id on the hub: a name, or an owner and a name."""

_LONGEST_ID = 96
"""The most characters of an id, by the rules of the hub."""

_LONGEST_SHOWN = 80

_OF_THE_HUB = (
    r"(albert-(base|large|xlarge|xxlarge)-v[12]|bert-(base|large)-.*|camembert-base|ctrl|"
    r"distilbert-base-.*|distilgpt2|distilroberta-base|gpt2(-medium|-large|-xl)?|openai-gpt|"
    r"roberta-(base|large).*|t5-(small|base|large|3b|11b)|transfo-xl-wt103|xlm-(clm|mlm)-.*|"
    r"xlm-roberta-(base|large).*|xlnet-(base|large)-cased)"
)
"""Models that the hub knows without an owner. No other id without an owner can be created.

This is the text of a pattern, because to compile it takes a while and few projects need it."""

_WEIGHTS = re.compile(r"\.(gguf|ggml|safetensors|bin|pt|pth|ckpt|onnx|h5)", re.IGNORECASE)
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_ADDRESS = re.compile(r"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/(.+)", re.IGNORECASE)


def find_source(name: str, models: Mapping[str, Any], base: Path) -> ModelSource | FunctionSource:
    """The source that a name stands for.

    Args:
        name: a key of ``models``; else ``builtin`` or ``builtin-vision``, the models that come with
            the package; else a folder below ``base``; else an identifier on the hub.
        models: the declarations. A broken declaration keeps its name.
        base: the folder to which relative folders are relative.

    Raises:
        AttentionError: a declaration is wrong, or the name cannot be that of a model.
    """
    if name in models and name != WHOLE:
        return declare(name, models[name], base)
    if name == builtin.NAME:
        return builtin.builtin()
    if name == builtin.VISION:
        return builtin.builtin_vision()
    if WHOLE in models:
        raise AttentionError(
            Problem.CONFIG,
            f"what the model {shown(name)} is cannot be looked up: {models[WHOLE][_BROKEN]}",
        )
    if _is_path(name, base):
        return declare(name, {"path": name}, base)
    _check_id(name, f"the model {shown(name)}")
    if "/" not in name and not re.fullmatch(_OF_THE_HUB, name):
        close = _nearest(name, [*models, builtin.NAME, builtin.VISION])
        if close:
            raise AttentionError(
                Problem.MODEL,
                f"unknown model {name!r}; did you mean {close!r}? Declared in "
                f"{setting('models')}: {', '.join(sorted(models)) or 'none'}",
            )
    return ModelSource(name=name, id=name, near=_near_folder(name, base))


def _near_folder(name: str, base: Path) -> str:
    """The folder of a model with a similar name, in the same parent folder; empty without one."""
    parent = PurePath(name).parent
    try:
        there = [one.name for one in (base / parent).iterdir() if (one / "config.json").is_file()]
    except OSError:
        return ""
    close = get_close_matches(PurePath(name).name, there, n=1)
    return (parent / close[0]).as_posix() if close else ""


def declare(name: str, declared: Any, base: Path) -> ModelSource | FunctionSource:
    """The source of one entry of ``attention_models``.

    Args:
        name: the name for authors.
        declared: ``id``, ``path`` or both, or ``function``, and settings for loading.
        base: the folder to which relative folders are relative.

    Raises:
        AttentionError: an entry is unknown or of the wrong type, or id, path and function are
            missing.
    """
    where = f"{setting('models')}[{name!r}]"
    if isinstance(declared, Mapping) and _BROKEN in declared:
        raise AttentionError(Problem.CONFIG, str(declared[_BROKEN]))
    if not isinstance(name, str) or not name.strip():
        raise AttentionError(
            Problem.CONFIG, f"{where}: the name of a model has to be a string with letters in it"
        )
    if not isinstance(declared, Mapping):
        raise AttentionError(
            Problem.CONFIG,
            f"{where} has to be a dict, such as {_likely(declared)}; it is {shown(declared)}",
        )
    _check_entries(declared, where)
    if "function" in declared:
        version = str(declared.get("version", "1"))
        return FunctionSource(name=name, function=declared["function"], version=version)
    if "id" not in declared and "path" not in declared:
        raise AttentionError(Problem.CONFIG, f'{where} needs "id", "path" or "function"')
    given = dict(declared)
    if "id" in given and "path" not in given:
        what = f"{where}['id'] is {shown(given['id'])}, which"
        _check_id(given["id"], what, Problem.CONFIG)
    if given.get("dtype", "auto") not in DTYPES:
        raise AttentionError(
            Problem.CONFIG,
            f"{where}['dtype'] is {shown(given['dtype'])}; it has to be "
            f"{', '.join(DTYPES[:-1])} or {DTYPES[-1]}",
        )
    folder = None
    if "path" in given:
        given["path"] = _as_text(given["path"])
        folder = _folder(given["path"], base, where)
    return ModelSource(name=name, folder=folder, **given)


def _check_entries(declared: Mapping[str, Any], where: str) -> None:
    """Refuse an unknown entry of a declaration, or one of the wrong type."""
    allowed = _CALLING if "function" in declared else _LOADING
    for key, value in declared.items():
        if key not in allowed:
            raise AttentionError(Problem.CONFIG, f"{where}: {_unknown(str(key), allowed)}")
        if not isinstance(value, allowed[key]) or (
            isinstance(value, bool) and bool not in allowed[key]
        ):
            kinds = " or ".join(_SHOWN[kind] for kind in allowed[key])
            raise AttentionError(
                Problem.CONFIG,
                f"{where}[{key!r}] is {shown(value)}; it has to be {kinds}{_hint(key, value)}",
            )


def broken(message: str) -> dict[str, str]:
    """A declaration that keeps its name and fails with a message wherever the name is used.

    Plain data, unlike what an author may have written in its place.
    """
    return {_BROKEN: message}


def shown(value: Any) -> str:
    """A value of the configuration, short enough for a message."""
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _as_text(path: str | os.PathLike[str]) -> str:
    return path.as_posix() if isinstance(path, PurePath) else str(os.fspath(path))


def _folder(path: str, base: Path, where: str) -> str:
    """The path of a declared folder on this machine. The folder need not exist."""
    if not path.strip():
        raise AttentionError(Problem.CONFIG, f"{where}['path'] is empty; it has to name a folder")
    try:
        return str((base / Path(path).expanduser()).resolve())
    except (OSError, RuntimeError, ValueError) as error:
        raise AttentionError(
            Problem.MODEL, f"{shown(path)} cannot be the path of a model's folder: {error}"
        ) from None


def _is_path(name: str, base: Path) -> bool:
    """Whether a name without a declaration is the path of a folder or a file on this machine."""
    if _ADDRESS.fullmatch(name) or "://" in name:
        return False
    # An id has at most one slash. Such a name is a path on every machine, even without the folder.
    if _looks_like_a_path(name) or name.count("/") > 1:
        return True
    # pathlib raises an exception for names that are longer than the system allows.
    place = os.path.join(base, name)  # noqa: PTH118
    return bool(name) and (os.path.isdir(place) or os.path.isfile(place))  # noqa: PTH112, PTH113


def _looks_like_a_path(name: str) -> bool:
    """Whether a name looks like a path, also like one of Windows: ``C:/models/bert``."""
    return name.startswith((".", "/", "~")) or "\\" in name or bool(_DRIVE.match(name))


def _check_id(name: str, what: str, problem: Problem = Problem.MODEL) -> None:
    """Refuse a name that cannot be an id of the hub. The message says what it looks like."""
    if _HUB_ID.fullmatch(name) and len(name) <= _LONGEST_ID and not name.endswith((".git", ".")):
        if "/" not in name and _WEIGHTS.fullmatch(PurePath(name).suffix):
            raise AttentionError(
                problem,
                f"{what} is the name of a file; name the folder that holds config.json and "
                "model.safetensors, or the model's id on the hub",
            )
        return
    if address := _ADDRESS.fullmatch(name):
        own = "/".join(address[1].split("/")[:2])
        raise AttentionError(problem, f"{what} is an address; write the id alone: {shown(own)}")
    owner, at, revision = name.rpartition("@")
    if at and _HUB_ID.fullmatch(owner):
        raise AttentionError(
            problem,
            f'{what} is an id with a revision; declare it in {setting("models")} as {{"id": '
            f'"{owner}", "revision": "{revision}"}}',
        )
    if _looks_like_a_path(name):
        raise AttentionError(problem, f'{what} is a path; write "path" instead of "id"')
    separators = {**{mark: mark for mark in "|;&+"}, " ": "blank"}
    separator = next((words for mark, words in separators.items() if mark in name.strip()), None)
    if separator and problem is Problem.MODEL:
        raise AttentionError(
            problem,
            f"{what} is not an id of the hub, which has no {separator}; for several models, write "
            "commas between their names",
        )
    raise AttentionError(
        problem,
        f"{what} is not an id of the hub: expected letters, digits, - _ and . with one / between "
        "owner and name, such as openai-community/gpt2",
    )


def _nearest(name: str, known: list[str]) -> str | None:
    """The known name that is nearest to a misspelt one, without regard to capitals."""
    folded = {str(one).casefold(): str(one) for one in known}
    close = get_close_matches(name.casefold(), folded, n=1)
    return folded[close[0]] if close else None


def _likely(declared: Any) -> str:
    """The dict that the author probably meant."""
    if isinstance(declared, os.PathLike):
        return f'{{"path": {_as_text(declared)!r}}}'
    if isinstance(declared, str) and len(declared) < _LONGEST_SHOWN:
        kind = "path" if _looks_like_a_path(declared) or declared.count("/") > 1 else "id"
        return f'{{"{kind}": {declared!r}}}'
    return '{"id": "gpt2"}'


def _hint(key: str, value: Any) -> str:
    if key == "function" and callable(value):
        module, name = getattr(value, "__module__", ""), getattr(value, "__qualname__", "")
        return f", such as {f'{module}:{name}'!r}: a function is imported by its name"
    if key == "dtype":
        return f', such as "{str(value).removeprefix("torch.")}"' if "." in str(value) else ""
    return ""


def _unknown(name: str, allowed: Mapping[str, Any]) -> str:
    close = get_close_matches(name, allowed, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ";"
    return f"unknown entry {shown(name)}{hint} The entries are {', '.join(allowed)}"
