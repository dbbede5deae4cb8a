"""The text of a role in the prose: ``text <reference>``, or the reference alone."""

from __future__ import annotations

import re


def split_role(text: str) -> tuple[str, str]:
    """The text and the reference of ``text <reference>``; the text is empty if there is none.

    The last ``<`` does not begin the reference in every text, because a reference may contain an
    arrow or a token such as ``<s>``.
    """
    # A role may stand on several lines.
    text = " ".join(text.split())
    match = re.fullmatch(r"(.+?) ?<(.*)>", text)
    if match is None or match[1].endswith(("->", "→", " +")) or not _balanced(match[2]):
        return "", text
    return match[1], match[2].strip()


def _balanced(text: str) -> bool:
    """Whether every ``<`` has its ``>``, arrows aside.

    ``s> -> </s`` does not: the two tokens ``<s>`` and ``</s>`` were cut.
    """
    depth = 0
    for sign in re.findall("[<>]", text.replace("->", "")):
        depth += 1 if sign == "<" else -1
        if depth < 0:
            return False
    return not depth
