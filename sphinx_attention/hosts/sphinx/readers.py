"""Whether a line of text addresses the readers of the docs. Such a line is no example sentence.

Public docs contained ``.. attention:: This call is deprecated.`` long before this package, and ``..
attention:: The animal didn't cross the street.`` is the form of a figure. Their form is equal, so
their words decide. The lists contain English words. The docs show the lists to authors, and a build
reports the decision. An author who disagrees writes `attention-figure`, or adds an option.
"""

from __future__ import annotations

import re

ANYWHERE = (
    "deprecated",
    "obsolete",
    "experimental",
    "unsupported",
    "unstable",
    "unsafe",
    "insecure",
    "unmaintained",
    "beware",
    "caution",
    "warning",
    "must",
    "ensure",
    "make sure",
    "be careful",
    "do not",
    "not supported",
    "not recommended",
    "no longer",
    "out of date",
    "under construction",
    "work in progress",
)
"""Words that make any line a warning to readers."""

IN_A_SENTENCE = (
    "please",
    "if you",
    "before you",
    "once you",
    "unless you",
    "you are",
    "you can",
    "you have",
    "you may",
    "you need to",
    "you should",
    "you will",
    "the following",
    "see above",
    "see below",
    "has to be",
    "have to be",
    "your",
    "we",
    "our",
    "this",
    "these",
    "may",
    "should",
    "cannot",
    "require",
    "requires",
    "required",
    "supported",
    "recommended",
    "available",
    "default",
    "release",
    "version",
    "versions",
)
"""Words that make a whole sentence, with its capital and its end, a warning to readers."""

FIRST = (
    "you",
    "your",
    "always",
    "avoid",
    "back up",
    "check",
    "consider",
    "disable",
    "don't",
    "don’t",
    "enable",
    "install",
    "keep",
    "never",
    "no",
    "not",
    "note",
    "only",
    "read",
    "remember",
    "remove",
    "requires",
    "restart",
    "run",
    "see",
    "update",
    "upgrade",
    "use",
)
"""Words at the beginning of a whole sentence that make it a warning to readers."""

_SENTENCE = re.compile(r"""["'“‘(]*[A-Z].*[.!?…]["'”’)]*""", re.DOTALL)


def _one_of(words: tuple[str, ...], before: str, after: str) -> re.Pattern[str]:
    alternatives = "|".join(map(re.escape, words))
    return re.compile(rf"{before}(?:{alternatives}){after}", re.IGNORECASE)


_ANYWHERE = _one_of(ANYWHERE, r"(?<![\w'’-])", r"(?![\w'’-])")
_IN_A_SENTENCE = _one_of(IN_A_SENTENCE, r"(?<![\w'’-])", r"(?![\w-])")
_FIRST = _one_of(FIRST, r"""["'“‘(]*""", r"(?![\w'’-])")


def speaks_to_readers(text: str) -> bool:
    """Whether a line reads as a warning to the readers of the docs."""
    text = text.strip()
    if _ANYWHERE.search(text):
        return True
    if not _SENTENCE.fullmatch(text):
        return False
    return bool(_IN_A_SENTENCE.search(text) or _FIRST.match(text))
