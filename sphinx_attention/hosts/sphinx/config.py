"""conf.py: one value for each field of `Settings`, checked once."""

from __future__ import annotations

from dataclasses import MISSING, fields, replace
from difflib import get_close_matches
from operator import is_
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from sphinx_attention.core.authoring.declarations import WHOLE, broken, declare
from sphinx_attention.core.authoring.settings import Settings
from sphinx_attention.core.errors import AttentionError, Problem

from .messages import warn_of_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sphinx.application import Sphinx
    from sphinx.config import Config

PREFIX = "attention_"

_REBUILD: Mapping[str, Literal["", "env", "html"]] = {
    "cache": "",
    "mode": "",
    "page_budget": "",
    "pictures": "html",
}
"""Settings that no doctree depends on, and what Sphinx does when they change."""


def setup_config(app: Sphinx) -> None:
    """Declare the values and check them when conf.py has been read."""
    for setting in fields(Settings):
        default: Any = setting.default
        if setting.default_factory is not MISSING:
            default = setting.default_factory()
        kinds = setting.metadata["kind"]
        app.add_config_value(
            PREFIX + setting.name,
            default,
            _REBUILD.get(setting.name, "env"),
            types=kinds if default is not None else (*kinds, type(None)),
            description=setting.metadata["help"],
        )
    # Before Sphinx checks the types itself (800): one message a mistake is enough.
    app.connect("config-inited", check, priority=400)


_NAMES = tuple(setting.name for setting in fields(Settings))


class _Last:
    """The settings that were asked for last. All figures of a build have the same."""

    values: ClassVar[list[Any]] = []
    settings: ClassVar[Settings] = Settings()


def settings_of(config: Config) -> Settings:
    """The project's settings; `check` has seen to it that they are valid."""
    values = [getattr(config, PREFIX + name) for name in _NAMES]
    # By identity: `Settings` holds the same dict that a handler in conf.py may change in place.
    if not (_Last.values and all(map(is_, values, _Last.values))):
        _Last.settings = Settings(**dict(zip(_NAMES, values, strict=True)))
        _Last.values = values
    return _Last.settings


def check(app: Sphinx, config: Config) -> None:
    """Warn of unknown names and wrong values, and put the default where a value is wrong."""
    known = [PREFIX + setting.name for setting in fields(Settings)]
    given: dict[str, Any] = {**getattr(config, "_raw_config", {}), **config.overrides}
    for name in sorted(given):
        if name.startswith(PREFIX) and name not in known and name not in config:
            close = get_close_matches(name, known, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            unknown = f"unknown setting {name}{hint} The settings are {', '.join(known)}"
            warn_of_settings(AttentionError(Problem.CONFIG, unknown, setting=name))
    settings = Settings()
    for setting in fields(Settings):
        value = getattr(config, PREFIX + setting.name)
        try:
            settings = replace(settings, **{setting.name: value})
        except AttentionError as error:
            warn_of_settings(error)
            default = getattr(Settings(), setting.name)
            # The names in it are not known, and must not be taken for ids of the hub.
            whole = {WHOLE: broken(error.message)}
            kept = whole if setting.name == "models" else default
        else:
            # As the settings have it: a path is text from here on.
            kept = getattr(settings, setting.name)
        setattr(config, PREFIX + setting.name, kept)
    config.attention_models |= _broken_models(settings, Path(app.confdir))


def _broken_models(settings: Settings, base: Path) -> dict[str, Any]:
    """The declarations that are broken: each keeps its name, and figures of it say so."""
    found = {}
    for name, declared in settings.models.items():
        try:
            declare(name, declared, base)
        except AttentionError as error:
            error.setting = "models"
            warn_of_settings(error)
            found[name] = broken(error.message)
    return found
