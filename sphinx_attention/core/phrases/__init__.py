"""Every sentence and word that a reader of a figure sees, once, in each language.

``en.json`` is complete; another language's file has the same names and the same placeholders in
braces. The browser part uses the section ``script``, and each view's script a section of its own,
such as ``script_matrix``. The bundle holds their English phrases. A page in another language loads
those of its language (`browser_script`). The section ``remarks`` has what stores keep by name
(`core.remarks`).
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from sphinx_attention.core import remarks
from sphinx_attention.core.text import ranges

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENGLISH = "en"

_SCRIPTS = "script"
"""How the sections begin that the browser part uses."""


_RIGHT_TO_LEFT = frozenset(
    {"ar", "arc", "ckb", "dv", "fa", "he", "iw", "ps", "sd", "syr", "ug", "ur", "yi"}
)
_SCRIPTS_RIGHT_TO_LEFT = frozenset({"adlm", "arab", "hebr", "nkoo", "rohg", "syrc", "thaa"})


class Phrases:
    """The phrases of one language.

    Attributes:
        language: its code, such as ``de``; fit for the attribute ``lang``.
    """

    def __init__(self, language: str, texts: dict[str, str]) -> None:
        self.language = language
        self._texts = texts

    def __call__(self, name: str, /, **values: Any) -> str:
        """A phrase as plain text."""
        return self._texts[name].format(**values)

    def markup(self, name: str, /, **values: Any) -> Markup:
        """A phrase as HTML: values are escaped unless they are markup themselves."""
        text = Markup(self._texts[name])  # noqa: S704 - our own phrases
        return text.format(**values) if values else text

    def remark(self, text: str) -> str:
        """Remarks of a store in this language, or the sentence that an older store has."""
        found = remarks.read(text)
        if found is None:
            return text
        return "; ".join(self._remark(name, values) for name, values in found)

    def _remark(self, name: str, values: Mapping[str, remarks.Value]) -> str:
        told = {
            key: self._layers(value) if isinstance(value, list) else value
            for key, value in values.items()
        }
        try:
            return self(remarks.PREFIX + name, **told)
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


@cache
def phrases(language: str = _ENGLISH) -> Phrases:
    """The phrases of a language, or English where it is not known.

    Args:
        language: a code as Sphinx and HTML write it: ``de``, ``de-AT``, ``de_AT``.
    """
    code = language.replace("_", "-").lower()
    known = languages()
    return _phrases(next((one for one in (code, code.partition("-")[0]) if one in known), _ENGLISH))


def is_right_to_left(language: str) -> bool:
    """Whether a language is written from right to left.

    Args:
        language: a code as Sphinx and HTML write it, with a script where the usual one is not
            meant: ``fa``, ``ar_EG``, ``uz-Arab``, ``he-Latn``.
    """
    code, *others = language.replace("_", "-").lower().split("-")
    script = next((one for one in others if len(one) == 4 and one.isalpha()), "")
    return script in _SCRIPTS_RIGHT_TO_LEFT if script else code in _RIGHT_TO_LEFT


def browser_script(language: str) -> str:
    """The JavaScript that gives the browser part the words of a language; empty for English."""
    known = phrases(language).language
    if known == _ENGLISH:
        return ""
    # A classic script: modules and fetch fail on pages that are opened from a disk.
    texts = _merged(
        {name: texts for name, texts in _texts(known).items() if name.startswith(_SCRIPTS)}
    )
    words = json.dumps(texts, ensure_ascii=True, separators=(",", ":"))
    return f"globalThis.attentionPhrases={words};\n"


@cache
def _phrases(language: str) -> Phrases:
    return Phrases(language, _merged(_texts(language)))


def _merged(sections: dict[str, dict[str, str]]) -> dict[str, str]:
    return {name: text for texts in sections.values() for name, text in texts.items()}


@cache
def _texts(language: str) -> dict[str, dict[str, str]]:
    file = resources.files(__name__) / f"{language}.json"
    found: dict[str, dict[str, str]] = json.loads(file.read_text(encoding="utf-8"))
    return found


ENGLISH = phrases()
"""The phrases of figures whose page names no other language."""
