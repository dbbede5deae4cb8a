"""Answers the plugin of mystmd: one question, in JSON, on the standard input."""

from __future__ import annotations

import json
import sys

from sphinx_attention.core.errors import in_words_of

from .page import answer
from .words import WORDS


@in_words_of(WORDS)
def main() -> None:
    """Answer the question that the first argument names."""
    data = json.load(sys.stdin)
    json.dump(answer(sys.argv[1], data), sys.stdout, ensure_ascii=True)


if __name__ == "__main__":
    main()
