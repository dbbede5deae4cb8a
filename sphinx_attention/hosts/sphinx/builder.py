"""The builder of a build, under every version of Sphinx."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.builders import Builder
    from sphinx.environment import BuildEnvironment


def builder_of(env: BuildEnvironment) -> Builder:
    """The builder that an environment belongs to.

    Sphinx 9 has deprecated ``env.app`` and offers nothing instead. Sphinx 7 has no ``env._app``.
    """
    app: Any = getattr(env, "_app", None) or env.app
    builder: Builder = app.builder
    return builder
