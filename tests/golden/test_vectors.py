"""The golden vectors are what Python draws and says today.

`node --test` reads the same file and compares the browser part with it (static/test/golden).
"""

from __future__ import annotations

import gzip

from .expected import FILE, text


def test_the_vectors_are_fresh() -> None:
    stale = gzip.decompress(FILE.read_bytes()).decode() != text()
    assert not stale, "write the vectors anew: python -m tests.golden, then npm test"
