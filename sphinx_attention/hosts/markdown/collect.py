"""The figures of a folder of Markdown, read without building a page."""

from __future__ import annotations

import os
import tomllib
from importlib import import_module
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.boundary import guarded
from sphinx_attention.core.errors import AttentionError, Problem, in_words_of
from sphinx_attention.core.text import quoted
from sphinx_attention.hosts.notes import PageRequests, read_settings

from .fences import FIGURE
from .other_pages import fences_of, pages_of
from .project import NAME, WORDS, Where, read_figure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from sphinx_attention.core.authoring.settings import Settings
    from sphinx_attention.core.request import Request

CONFIGS = ("mkdocs.yml", "mkdocs.yaml", "properdocs.yml", "properdocs.yaml", "zensical.toml")
"""The names of configuration files, in the order in which they are looked for."""

_PREFIX = "attention_"


def config_of(folder: Path) -> Path | None:
    """The configuration of a site in a folder; None if there is none."""
    return next((folder / name for name in CONFIGS if (folder / name).is_file()), None)


@in_words_of(WORDS)
def collect(
    folder: Path, overrides: Mapping[str, str], warn: Callable[[str], None]
) -> PageRequests:
    """Read all pages of a site.

    Args:
        folder: the folder with the configuration of the site.
        overrides: settings that replace those of the extension, such as ``cache``.
        warn: is called with each mistake, and its file and line.

    Raises:
        AttentionError: the configuration cannot be read.
    """
    folder = folder.resolve()
    file = config_of(folder)
    config = {} if file is None else read_config(file)
    given = {**settings_in(config), **{k.removeprefix(_PREFIX): v for k, v in overrides.items()}}
    given.pop("assets", None)
    settings, problems = read_settings(given)
    for error in problems:
        warn(f"{file.name if file else folder}: {error.message} [attention.{error.problem}]")
    sources = folder if file is None else folder / str(config.get("docs_dir", "docs"))
    if not sources.is_dir():
        raise AttentionError(Problem.CONFIG, f"{sources} is not a folder: docs_dir names it")
    return PageRequests(
        requests_in(pages_of(sources), settings, (folder, sources), warn), settings, folder
    )


def requests_in(
    pages: Iterable[Path],
    settings: Settings,
    places: tuple[Path, Path],
    warn: Callable[[str], None],
) -> dict[str, list[Request]]:
    """The requests of the fences of some pages, by the page.

    Args:
        pages: the files.
        settings: the settings of the project.
        places: the folder from which relative paths start, and that of the pages.
        warn: is called with each mistake, and its file and line.
    """
    base, sources = places
    found: dict[str, list[Request]] = {}
    for path in pages:
        page = path.relative_to(sources).as_posix()
        where = Where(base, sources, page)
        for fence in fences_of(path):
            if fence.name != FIGURE:
                continue
            try:
                with guarded(Problem.OPTION, f"reading the fence on line {fence.line}"):
                    spec = read_figure(fence.options, fence.body, settings, where).spec
            except AttentionError as error:
                line = fence.line + (error.line or 0)
                warn(f"{path}:{line}: {error.message} [attention.{error.problem}]")
            else:
                found.setdefault(page, []).extend(spec.requests)
    return found


def settings_in(config: Mapping[str, Any]) -> dict[str, Any]:
    """The options of our extension in the configuration of a site."""
    extensions = config.get("markdown_extensions") or {}
    if isinstance(extensions, list):
        pairs = [one for each in extensions if isinstance(each, dict) for one in each.items()]
        extensions = dict(pairs)
    own = extensions
    # TOML reads a dotted name without quotation marks as nested tables.
    for part in (NAME,) if NAME in own else NAME.split("."):
        own = own.get(part) if isinstance(own, dict) else None
    return dict(own) if isinstance(own, dict) else {}


def read_config(file: Path) -> dict[str, Any]:
    """The configuration of a site.

    Raises:
        AttentionError: it cannot be read.
    """
    with guarded(Problem.CONFIG, f"reading {file}"):
        if file.suffix == ".toml":
            project = tomllib.loads(file.read_text(encoding="utf-8"))
            return dict(project.get("project", project))
        return _read_yaml(file)


def _read_yaml(file: Path) -> dict[str, Any]:
    try:
        yaml = import_module("yaml")
    except ModuleNotFoundError:
        raise AttentionError(
            Problem.INSTALL, f"{file.name} needs PyYAML, which is not installed: pip install pyyaml"
        ) from None

    class Loader(yaml.SafeLoader):  # type: ignore[misc, name-defined]
        """Reads tags such as ``!ENV``, and ignores names of Python."""

    Loader.add_constructor("!ENV", _environment)
    Loader.add_multi_constructor("", lambda *_: None)
    config = yaml.load(file.read_text(encoding="utf-8"), Loader)
    if not isinstance(config, dict):
        raise AttentionError(
            Problem.CONFIG, f"{file} holds {quoted(str(config))}: expected options"
        )
    if parent := config.get("INHERIT"):
        inherited = _read_yaml((file.parent / str(parent)).resolve())
        return {**inherited, **config}
    return config


def _environment(loader: Any, node: Any) -> Any:
    """The value of ``!ENV NAME`` or ``!ENV [NAME, …, default]``."""
    if isinstance(value := getattr(node, "value", None), str):
        return os.environ.get(value)
    *names, default = loader.construct_sequence(node)
    return next((os.environ[name] for name in names if name in os.environ), default)


def needs_config(folder: Path) -> AttentionError:
    """The error for a folder that is neither a Sphinx project nor a site of Markdown."""
    return AttentionError(
        Problem.CONFIG,
        f"{folder} has no conf.py, and none of {', '.join(CONFIGS)}, myst.yml and _quarto.yml; "
        "name the folder with the configuration of your notes",
    )
