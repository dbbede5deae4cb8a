"""Importing and calling functions of authors, and saying where they fail."""

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
"""Libraries that functions import. A file of that name beside the notes hides them."""


def find(name: str) -> Callable[..., Any]:
    """Import ``package.module:function``.

    Raises:
        AttentionError: there is no such module or function, or importing it fails.
    """
    module_name, colon, path = name.partition(":")
    if not (module_name and colon and path):
        raise AttentionError(
            Problem.FUNCTION, f"{name!r} is no function; write package.module:function"
        )
    try:
        found: Any = importlib.import_module(module_name)
        for attribute in path.split("."):
            found = getattr(found, attribute, None)
        known = [] if callable(found) else dir(sys.modules[module_name])
    except KeyboardInterrupt:
        raise
    # A module may do anything while it is imported, ending the program included.
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
        function: what that is.
        text: the sentence.
        options: ``pair``, ``target`` and ``part``, where the author gives them.

    Raises:
        AttentionError: whatever it raises, with the file and the line.
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
    except Exception:  # noqa: BLE001 - not every callable tells; then the call itself does
        return
    try:
        signature.bind(text, **options)
    except TypeError as error:
        asked = "".join(f", {option}=…" for option in options)
        raise AttentionError(
            Problem.FUNCTION,
            f"{name} is called as f(text{asked}), and does not take that: {error}",
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
        said = f"{what}: it ended the program (SystemExit: {error.code}){line}; {mend}"
    else:
        told = isinstance(error, RecursionError | MemoryError)
        verb = ": " if importing else " failed: " if told else " raised "
        said = f"{what}{verb}{reason(error)}{line}"
        if hidden := _hidden(error):
            said += f"; {hidden}"
        elif importing and _is_missing(error, importing):
            said += "; it has to be installed, or its folder on sys.path"
        elif isinstance(error, ModuleNotFoundError) and error.name:
            said += f"; install it, `pip install {error.name.partition('.')[0]}`"
    memory = isinstance(error, MemoryError)
    made = AttentionError(Problem.MEMORY if memory else Problem.FUNCTION, said)
    made.trace = "".join(traceback.format_exception(error))
    return made


def _is_missing(error: BaseException, module: str) -> bool:
    """Whether it is the module itself that is not there, and not one that it imports."""
    name = getattr(error, "name", None) or ""
    return isinstance(error, ImportError) and (module == name or module.startswith(f"{name}."))


def _frames(error: BaseException) -> Iterator[tuple[str, int]]:
    """File and line of each frame below ours, the innermost last."""
    for frame, line in traceback.walk_tb(error.__traceback__):
        file = frame.f_code.co_filename
        if not Path(file).is_relative_to(_OURS) and not file.startswith("<frozen"):
            yield file, line


def _line(error: BaseException) -> str:
    """The place of the error: the author's own innermost frame, rather than one of a library."""
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
    """A path as short as it can be: below the folder that it was imported from."""
    path = Path(file)
    roots = [Path(entry) for entry in (*sys.path, "") if entry] + [Path.cwd()]
    below = [str(path.relative_to(root)) for root in roots if path.is_relative_to(root)]
    return min(below, key=len, default=file)


def _hidden(error: BaseException) -> str:
    """A hint for a file of the author's that hides a library or a module of Python's."""
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
