"""Imports and calls the functions of authors, and reports where they fail."""

from __future__ import annotations

import importlib
import inspect
import sys
import sysconfig
import traceback
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.boundary import reason
from sphinx_attention.core.errors import AttentionError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_OURS = Path(__file__).parents[2]
_LIBRARIES = frozenset(
    {"accelerate", "jax", "matplotlib", "numpy", "pandas", "safetensors", "scipy", "sklearn"}
    | {"sphinx", "tensorflow", "tokenizers", "torch", "transformers"}
)
"""Libraries that functions often import. A file of the same name beside the notes hides a
library."""


def find(name: str) -> Callable[..., Any]:
    """Import ``package.module:function``.

    Raises:
        AttentionError: there is no such module or function, or importing it fails.
    """
    module_name, colon, path = name.partition(":")
    if not (module_name and colon and path):
        raise AttentionError(
            Problem.FUNCTION, f"{name!r} is not a function; write package.module:function"
        )
    try:
        found: Any = importlib.import_module(module_name)
        for attribute in path.split("."):
            found = getattr(found, attribute, None)
        known = [] if callable(found) else dir(sys.modules[module_name])
    except KeyboardInterrupt:
        raise
    # The import of a module may do anything. It may also end the program.
    except BaseException as error:
        raise _failed(
            error, f"the module of {name} cannot be imported", importing=module_name
        ) from error
    if not callable(found):
        close = get_close_matches(path, known, n=1) if found is None else []
        hint = f" (did you mean {close[0]}?)" if close else ""
        file = getattr(sys.modules[module_name], "__file__", None)
        where = f", which is {_shown(file)}," if file else ""
        kind = "" if found is None else f"; it is a {type(found).__name__}"
        raise AttentionError(
            Problem.FUNCTION,
            f"the module {module_name}{where} has no function {path!r}{hint}{kind}",
        )
    function: Callable[..., Any] = found
    return function


def call(name: str, function: Callable[..., Any], text: str, options: Mapping[str, Any]) -> Any:
    """The answer of a function.

    Args:
        name: ``package.module:function``, for messages.
        function: the function of that name.
        text: the sentence.
        options: ``pair``, ``target`` and ``part``, where the author gives them.

    Raises:
        AttentionError: the function raised an exception. The message has its file and line.
    """
    _check_parameters(name, function, text, options)
    try:
        return function(text, **options)
    except (AttentionError, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise _failed(error, name) from error


def _check_parameters(
    name: str, function: Callable[..., Any], text: str, options: Mapping[str, Any]
) -> None:
    try:
        signature = inspect.signature(function)
    except Exception:  # noqa: BLE001 - not every callable has a signature, and then the call itself fails
        return
    try:
        signature.bind(text, **options)
    except TypeError as error:
        requested = "".join(f", {option}=…" for option in options)
        raise AttentionError(
            Problem.FUNCTION,
            f"{name} is called as f(text{requested}), and does not take that: {error}",
        ) from None


def _failed(error: BaseException, what: str, *, importing: str = "") -> AttentionError:
    """The error that a function or its module raised, with the line in the author's own code."""
    line = _line(error)
    if isinstance(error, SystemExit):
        mend = (
            "put what runs as a program under `if __name__ == '__main__':`"
            if importing
            else "a function must not call sys.exit, or read the command line with argparse"
        )
        message = f"{what}: it ended the program (SystemExit: {error.code}){line}; {mend}"
    else:
        self_explaining = isinstance(error, RecursionError | MemoryError)
        verb = ": " if importing else " failed: " if self_explaining else " raised "
        message = f"{what}{verb}{reason(error)}{line}"
        if hidden := _hidden(error):
            message += f"; {hidden}"
        elif importing and _is_missing(error, importing):
            message += "; it has to be installed, or its folder on sys.path"
        elif isinstance(error, ModuleNotFoundError) and error.name:
            message += f"; install it, `pip install {error.name.partition('.')[0]}`"
    memory = isinstance(error, MemoryError)
    made = AttentionError(Problem.MEMORY if memory else Problem.FUNCTION, message)
    made.trace = "".join(traceback.format_exception(error))
    return made


def _is_missing(error: BaseException, module: str) -> bool:
    """Whether the module itself is missing, and not another module that it imports."""
    name = getattr(error, "name", None) or ""
    return isinstance(error, ImportError) and (module == name or module.startswith(f"{name}."))


def _frames(error: BaseException) -> Iterator[tuple[str, int]]:
    """The file and the line of each frame outside of this package, the innermost last."""
    for frame, line in traceback.walk_tb(error.__traceback__):
        file = frame.f_code.co_filename
        if not Path(file).is_relative_to(_OURS) and not file.startswith("<frozen"):
            yield file, line


def _line(error: BaseException) -> str:
    """The place of the error: the author's own innermost frame, or else that of a library."""
    frames = list(_frames(error))
    if isinstance(error, SyntaxError) and error.filename:
        frames.append((error.filename, error.lineno or 1))
    own = [frame for frame in frames if not _is_installed(frame[0])]
    if not frames:
        return ""
    file, line = (own or frames)[-1]
    return f" ({_shown(file)}, line {line})"


def _is_installed(file: str) -> bool:
    """Whether a file belongs to Python or to an installed package."""
    path = Path(file)
    folders = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    inside = any(path.is_relative_to(folder) for folder in folders if folder)
    return inside or file.startswith("<") or "site-packages" in path.parts


def _shown(file: str) -> str:
    """A path relative to the folder from which the module was imported."""
    path = Path(file)
    roots = [Path(entry) for entry in (*sys.path, "") if entry] + [Path.cwd()]
    below = [path.relative_to(root).as_posix() for root in roots if path.is_relative_to(root)]
    return min(below, key=len, default=file)


def _hidden(error: BaseException) -> str:
    """A hint about a file of the author that hides a library or a module of Python."""
    files = [file for file, _ in _frames(error)]
    owners = (getattr(error, "obj", None), sys.modules.get(getattr(error, "name", None) or ""))
    files += [getattr(one, "__file__", None) or "" for one in owners if inspect.ismodule(one)]
    files.append(getattr(error, "path", None) or "")
    for file in files:
        path = Path(file)
        name = path.parent.name if path.stem == "__init__" else path.stem
        if file and name in _LIBRARIES | sys.stdlib_module_names and not _is_installed(file):
            what = "a module of Python's own" if name in sys.stdlib_module_names else "the library"
            return f"{_shown(file)} hides {what} {name}: give it another name"
    return ""
