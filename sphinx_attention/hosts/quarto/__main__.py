"""Answers the filter of Quarto: one document, in JSON, on the standard input."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from sphinx_attention.core.errors import in_words_of

from .document import WORDS, Document


@in_words_of(WORDS)
def main() -> None:
    """Answer for the document on the standard input."""
    json.dump(Document(json.load(sys.stdin), Path.cwd()).answer(), sys.stdout, ensure_ascii=True)


if __name__ == "__main__":
    main()
