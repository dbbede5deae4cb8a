"""Imports torch and transformers, which builds without a model do not need.

An error names the package that cannot be used: it is not installed, too old, too new, broken, or
hidden by a file of the same name.
"""

from __future__ import annotations

import importlib
import re
import sys
import sysconfig
import warnings
from importlib.machinery import PathFinder
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.boundary import reason
from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.host_words import settings_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

INSTALL = 'pip install "sphinx-attention[models]"'
"""The line that installs what models need."""

NEEDED: dict[str, tuple[tuple[int, ...], tuple[int, ...] | None]] = {
    "torch": ((2, 6), None),
    "transformers": ((5,), (6,)),
}
"""The first supported version, and the first that is not supported, as in pyproject.toml."""

_SHADOWED = ("torch", "transformers", "tokenizers", "safetensors", "huggingface_hub")
"""Before these packages are imported, files of the same names are searched."""

_sound: set[str] = set()


def require(name: str) -> Any:
    """Import torch, transformers or a package of theirs.

    Raises:
        AttentionError: the package is not installed, is of an unsupported version, is hidden by
            another file, or fails to import.
    """
    if name not in _sound:
        if (problem := package_problem(name)) is not None:
            raise problem
        _sound.add(name)
    return _import(name)


def package_problem(name: str) -> AttentionError | None:
    """The reason why a package cannot be imported, as far as it is known without importing it.

    Args:
        name: ``torch``, ``transformers`` or a package of theirs.
    """
    for package in dict.fromkeys((name, *_SHADOWED)):
        if (shadow := find_shadow(package)) is not None:
            return _shadow_error(package, shadow)
    # A module exists if its package does; only the package has a version.
    name = name.partition(".")[0]
    if name in sys.modules:
        own = getattr(sys.modules[name], "__version__", None)
        return _wrong_version(name, str(own)) if own else None
    installed = installed_version(name)
    if installed is None and PathFinder.find_spec(name) is None:
        return AttentionError(
            Problem.INSTALL, f"running a model needs {name}, which is not installed: {INSTALL}"
        )
    return None if installed is None else _wrong_version(name, installed)


def installed_version(name: str) -> str | None:
    """The version of an installed package, without importing it."""
    found = _distribution(name)
    return None if found is None else found.version


def _wrong_version(name: str, installed: str) -> AttentionError | None:
    least, end = NEEDED.get(name, ((), None))
    numbers = tuple(
        int(part) for part in re.findall(r"\d+", installed.split("+", maxsplit=1)[0])[:3]
    )
    if not numbers or (numbers >= least and (end is None or numbers < end)):
        return None
    upper = "" if end is None else f" and below {_dotted(end)}"
    return AttentionError(
        Problem.INSTALL,
        f"running a model needs {name} {_dotted(least)} or newer{upper}; {name} {installed} is "
        f"installed: {INSTALL.replace('install', 'install --upgrade')}",
    )


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _import(name: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name == name:
            raise AttentionError(
                Problem.INSTALL, f"running a model needs {name}, which is not installed: {INSTALL}"
            ) from None
        raise _broken(name, error) from error
    except (Exception, SystemExit) as error:
        raise _broken(name, error) from error


def _broken(name: str, error: BaseException) -> AttentionError:
    return shadow_problem(name) or AttentionError(
        Problem.INSTALL,
        f"{name} is installed but cannot be imported ({reason(error)}); install it again: "
        f"{INSTALL.replace('install', 'install --force-reinstall')}",
    )


def shadow_problem(name: str = "transformers") -> AttentionError | None:
    """The file that hides a module that a package needs; None if there is none.

    All requirements of the package and the modules of Python are checked. This is meant for failed
    imports and for errors without another explanation.
    """
    own = ((needed, None) for needed in (name, *_SHADOWED, *sorted(sys.stdlib_module_names)))
    for needed, found in (*own, *_needs(name)):
        if (shadow := find_shadow(needed, found)) is not None:
            return _shadow_error(needed, shadow)
    return None


def _shadow_error(name: str, shadow: Path) -> AttentionError:
    return AttentionError(
        Problem.INSTALL,
        f"{shadow} is found in the place of the package {name}, because its folder stands on "
        f"sys.path; rename that file, or take the folder from sys.path ({settings_file()} may have "
        "put it there)",
    )


def find_shadow(name: str, found: Distribution | None = None) -> Path | None:
    """A file or folder on ``sys.path`` that is imported instead of a package.

    Args:
        name: the name of a top-level module of an installed package, or of Python itself.
        found: the distribution of the module, if its name differs.
    """
    path, is_package = _origin(name)
    if path is None or any(path.is_relative_to(folder) for folder in _installed()):
        return None
    if name in sys.modules:
        # The module was imported before the folder came on sys.path, so the file hides nothing.
        loaded = getattr(sys.modules[name], "__file__", None)
        if loaded is None or Path(loaded) != path:
            return None
    if name in sys.stdlib_module_names:
        return path
    found = found or _distribution(name)
    if found is None:
        return path if name in _SHADOWED and not is_package else None
    own = (Path(str(found.locate_file(place))) for place in (f"{name}/__init__.py", f"{name}.py"))
    # A compiled package has `__init__.py` beside the file that is imported.
    others = any(one.is_file() and not path.parent.samefile(one.parent) for one in own)
    return path if others else None


def _origin(name: str) -> tuple[Path | None, bool]:
    """The file from which a module would be imported, and whether it is a package."""
    try:
        spec = PathFinder.find_spec(name)
    except (ImportError, ValueError, OSError):
        return None, False
    if spec is None or spec.origin is None or spec.origin in {"built-in", "frozen"}:
        return None, False
    return Path(spec.origin), spec.submodule_search_locations is not None


def _installed() -> list[Path]:
    """The folders with the modules of Python and of installed packages."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    paths = [Path(sysconfig.get_path(name)) for name in names]
    return [path for one in paths for path in (one, one.resolve())]


def _distribution(name: str) -> Distribution | None:
    try:
        return distribution(name.replace("_", "-"))
    except (PackageNotFoundError, ValueError):
        return None


def _needs(name: str) -> Iterator[tuple[str, Distribution]]:
    """The modules of all packages that a package needs, and their distributions."""
    seen: set[str] = set()
    wanted = [name]
    while wanted:
        one = wanted.pop()
        if one in seen or (found := _distribution(one)) is None:
            continue
        seen.add(one)
        yield from ((module, found) for module in _modules(found))
        wanted += [
            re.split(r"[\s;<>=!~\[(]", line, maxsplit=1)[0]
            for line in found.requires or ()
            if "extra ==" not in line
        ]


def _modules(found: Distribution) -> Iterable[str]:
    top = found.read_text("top_level.txt")
    names = top.split() if top else [str(found.metadata["Name"]).replace("-", "_")]
    return [name for name in names if name.isidentifier()]
