"""Every sentence and word that a reader of a figure sees, once, in each language.

``en.json`` is complete; another language's file has the same names and the same placeholders in
braces. A project may have phrases of its own, which a host reads and hands to `phrases`; the module
`own` checks them.

The browser part uses the section ``script``, and each view's script a section of its own, such as
``script_matrix``. The bundle holds their English phrases. A page in another language loads those of
its language (`browser_script`). The section ``remarks`` has what stores keep by name
(`core.remarks`).
"""

from __future__ import annotations

import hashlib
import json
from functools import cache, cached_property, lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from sphinx_attention.core import remarks
from sphinx_attention.core.text import ranges

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_ENGLISH = "en"

_SCRIPTS = "script"
"""How the sections begin that the browser part uses."""

_WRITTEN = "_written"
"""How the names of phrases end that replace others where a figure shows what heads write."""


_RIGHT_TO_LEFT = frozenset(
    {"ar", "arc", "ckb", "dv", "fa", "he", "iw", "ps", "sd", "syr", "ug", "ur", "yi"}
)
_SCRIPTS_RIGHT_TO_LEFT = frozenset({"adlm", "arab", "hebr", "nkoo", "rohg", "syrc", "thaa"})


class Phrases:
    """The phrases of one language.

    Attributes:
        language: its code, such as ``de``; fit for the attribute ``lang``.
        digest: of the project's own phrases; empty where it has none.
    """

    def __init__(
        self, language: str, texts: Mapping[str, str], own: Mapping[str, str] | None = None
    ) -> None:
        self.language = language
        self._texts = {**texts, **(own or {})}
        self._markup: dict[str, Markup] = {}
        content = json.dumps(sorted((own or {}).items()), ensure_ascii=True)
        self.digest = hashlib.sha256(content.encode()).hexdigest()[:16] if own else ""

    def __call__(self, name: str, /, **values: Any) -> str:
        """A phrase as plain text."""
        return self._texts[name].format(**values)

    def markup(self, name: str, /, **values: Any) -> Markup:
        """A phrase as HTML: it is escaped, and so are values unless they are markup themselves."""
        text = self._markup.get(name)
        if text is None:
            text = self._markup[name] = Markup.escape(self._texts[name])
        return text.format(**values) if values else text

    def named(self, names: Iterable[str]) -> dict[str, str]:
        """The texts of some phrases, with their placeholders."""
        return {name: self._texts[name] for name in names}

    @cached_property
    def of_written(self) -> Phrases:
        """The phrases of figures whose numbers are shares of what a head writes, not weights."""
        found = Phrases(self.language, self._texts)
        found._texts |= self._instead(self._texts)
        found.digest = self.digest
        return found

    def browser_words_of_written(self) -> dict[str, str]:
        """The phrases of the browser part that `of_written` replaces."""
        return self._instead(_of_scripts())

    def _instead(self, names: Iterable[str]) -> dict[str, str]:
        texts = self._texts
        return {name: texts[name + _WRITTEN] for name in names if name + _WRITTEN in texts}

    def remark(self, text: str) -> str:
        """Remarks of a store in this language, or the sentence that an older store has."""
        found = remarks.read(text)
        if found is None:
            return text
        return "; ".join(self._remark(name, values) for name, values in found)

    def _remark(self, name: str, values: Mapping[str, remarks.Value]) -> str:
        filled = {
            key: self._layers(value) if isinstance(value, list) else value
            for key, value in values.items()
        }
        try:
            return self(remarks.PREFIX + name, **filled)
        except (LookupError, TypeError):
            # A remark of a later version, or of nobody's.
            return name

    def _layers(self, numbers: list[int]) -> str:
        *most, last = ranges(numbers)
        listed = self("remark_and", one=", ".join(most), other=last) if most else last
        return self("remark_layers" if len(numbers) > 1 else "remark_layer", numbers=listed)


@cache
def languages() -> tuple[str, ...]:
    """The codes of the languages that figures speak."""
    files = resources.files(__name__).iterdir()
    return tuple(
        sorted(file.name.removesuffix(".json") for file in files if file.name.endswith(".json"))
    )


def phrases(language: str = _ENGLISH, own: Mapping[str, str] | None = None) -> Phrases:
    """The phrases of a language, or English where it is not known.

    Args:
        language: a code as Sphinx and HTML write it: ``de``, ``de-AT``, ``de_AT``.
        own: phrases of the project by name, which have no fault (`own.fault`). They stand in the
            place of ours. Where most phrases are there, a language that is not known here counts
            as known.
    """
    known = _known(language)
    if not own:
        return known
    texts = known.named(_merged(_texts(_ENGLISH)))
    whole = known.language != _ENGLISH or 2 * len(own) > len(texts)
    code = known.language
    if whole and primary(language) != primary(code):
        code = language.replace("_", "-")
    return Phrases(code, texts, own)


@lru_cache(64)
def primary(language: str) -> str:
    """A language without its region and script: ``de`` for ``de_AT``."""
    return language.replace("_", "-").lower().partition("-")[0]


@cache
def _known(language: str) -> Phrases:
    code = language.replace("_", "-").lower()
    known = languages()
    return _phrases(next((one for one in (code, primary(code)) if one in known), _ENGLISH))


@lru_cache(64)
def is_right_to_left(language: str) -> bool:
    """Whether a language is written from right to left.

    Args:
        language: a code as Sphinx and HTML write it, with a script where the usual one is not
            meant: ``fa``, ``ar_EG``, ``uz-Arab``, ``he-Latn``.
    """
    code, *others = language.replace("_", "-").lower().split("-")
    script = next((one for one in others if len(one) == 4 and one.isalpha()), "")
    return script in _SCRIPTS_RIGHT_TO_LEFT if script else code in _RIGHT_TO_LEFT


def browser_script(say: Phrases | str) -> str:
    """The JavaScript that gives the browser part its phrases; empty for those of the bundle.

    Args:
        say: the phrases, or the code of a language.
    """
    spoken = phrases(say) if isinstance(say, str) else say
    english = _of_scripts()
    texts = spoken.named(english)
    if texts == english:
        return ""
    # A classic script: modules and fetch fail on pages that are opened from a disk.
    words = json.dumps(texts, ensure_ascii=True, separators=(",", ":"))
    return f"globalThis.attentionPhrases={words};\n"


def sections() -> Mapping[str, Mapping[str, str]]:
    """The English phrases by name, in the sections of the file."""
    return _texts(_ENGLISH)


@cache
def _phrases(language: str) -> Phrases:
    # English stands in for a phrase that a translation does not have yet.
    return Phrases(language, {**_merged(_texts(_ENGLISH)), **_merged(_texts(language))})


@cache
def _of_scripts() -> dict[str, str]:
    """The English phrases of the browser part."""
    sections = _texts(_ENGLISH).items()
    return _merged({name: texts for name, texts in sections if name.startswith(_SCRIPTS)})


def _merged(sections: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    return {name: text for texts in sections.values() for name, text in texts.items()}


@cache
def _texts(language: str) -> dict[str, dict[str, str]]:
    file = resources.files(__name__) / f"{language}.json"
    found: dict[str, dict[str, str]] = json.loads(file.read_text(encoding="utf-8"))
    return found


ENGLISH = phrases()
"""The phrases of figures whose page names no other language."""
