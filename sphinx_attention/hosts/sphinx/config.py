"""conf.py: one value for each field of `Settings`, checked once."""

from __future__ import annotations

from dataclasses import MISSING, fields, replace
from difflib import get_close_matches
from operator import attrgetter, is_
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
"""Settings that no doctree depends on, and Sphinx's reaction to their change."""


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
    # This runs before Sphinx checks the types itself (800), so that each mistake gets one message.
    app.connect("config-inited", check, priority=400)


_NAMES = tuple(setting.name for setting in fields(Settings))
_values_of = attrgetter(*(PREFIX + name for name in _NAMES))


class _Last:
    """The settings that were read last. All figures of a build share them."""

    values: ClassVar[tuple[Any, ...]] = ()
    settings: ClassVar[Settings] = Settings()


def settings_of(config: Config) -> Settings:
    """The settings of the project, which `check` has validated."""
    values = _values_of(config)
    # The values are compared by identity, because a handler in conf.py may change the dict of
    # `Settings` in place.
    if not (_Last.values and all(map(is_, values, _Last.values))):
        _Last.settings = Settings(**dict(zip(_NAMES, values, strict=True)))
        _Last.values = values
    return _Last.settings


def check(app: Sphinx, config: Config) -> None:
    """Warn of unknown names and wrong values, and replace each wrong value by the default."""
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
            # The names in a wrong value are unknown, and must not be taken for ids of the hub.
            whole = {WHOLE: broken(error.message)}
            kept = whole if setting.name == "models" else default
        else:
            # From here on, values have the form of `Settings`: a path is text.
            kept = getattr(settings, setting.name)
        setattr(config, PREFIX + setting.name, kept)
    config.attention_models |= _broken_models(settings, Path(app.confdir))


def _broken_models(settings: Settings, base: Path) -> dict[str, Any]:
    """The broken declarations. Each keeps its name, and figures of that name give the reason."""
    found = {}
    for name, declared in settings.models.items():
        try:
            declare(name, declared, base)
        except AttentionError as error:
            error.setting = "models"
            warn_of_settings(error)
            found[name] = broken(error.message)
    return found
