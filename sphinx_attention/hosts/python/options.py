"""Options from Python programs, in the written form of the directive."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from numbers import Real
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from sphinx_attention.core.authoring import converters
from sphinx_attention.core.authoring.options import OPTIONS, invalid, unknown_option
from sphinx_attention.core.figure.spec import SEVERAL
from sphinx_attention.core.host_words import HostWords

if TYPE_CHECKING:
    from sphinx_attention.core.errors import AttentionError

WORDS = HostWords(
    option="the argument {}",
    noun="argument",
    numbers="give the numbers as weights, or name a file of them in the argument matrix",
    flag="expected True or False",
)
"""The names of options in messages for a program."""

_BETWEEN = {"also": SEVERAL, "focus": SEVERAL}
"""The separators between several values of an option. The default is a comma."""


def as_written(options: Mapping[str, Any]) -> dict[str, str]:
    """Options by name, with values in the written form of a directive.

    Args:
        options: values are text as in a directive, numbers, a list of these, a mapping for
            ``selection``, and True or False for a flag. None is the same as no option.

    Raises:
        AttentionError: an unknown option, or a value of another type.
    """
    written = {}
    for name, value in options.items():
        if name not in OPTIONS:
            raise unknown_option(name, OPTIONS)
        if OPTIONS[name].convert is converters.flag and isinstance(value, bool):
            if value:
                written[name] = ""
        elif value is not None:
            written[name] = _written(name, value)
    return written


def _written(name: str, value: Any) -> str:
    if callable(plain := getattr(value, "tolist", None)):
        value = plain()  # This is an array or a tensor, of any number of dimensions.
    if isinstance(value, str):
        return value
    if isinstance(value, PathLike):
        return str(fspath(value))
    if _is_number(value):
        return str(value)
    if isinstance(value, Mapping) and name == "selection":
        return urlencode(value)
    if isinstance(value, Iterable) and not isinstance(value, Mapping | bytes):
        return _joined(name, list(value), value)
    raise _wrong(name, value)


def _joined(name: str, values: list[Any], given: Any) -> str:
    if not values or not all(isinstance(one, str) or _is_number(one) for one in values):
        raise _wrong(name, given)
    texts = [str(one) for one in values]
    if name == "tokens":
        return json.dumps(texts, ensure_ascii=False)
    between = _BETWEEN.get(name, ",")
    if broken := next((text for text in texts if between.strip() in text), None):
        raise invalid(name, broken, f"expected values without {between.strip()!r} in a list")
    return between.join(texts)


def _is_number(value: Any) -> bool:
    # NumPy's numbers are registered as numbers. In Python, True is a number, too, which is not
    # wanted here.
    return isinstance(value, Real) and not isinstance(value, bool)


def _wrong(name: str, value: Any) -> AttentionError:
    return invalid(name, value, "expected text, a number, or a list of these")
