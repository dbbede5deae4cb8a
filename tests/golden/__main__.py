"""Write the golden vectors: ``python -m tests.golden``."""

from __future__ import annotations

import gzip

from .expected import FILE, text

if __name__ == "__main__":
    FILE.write_bytes(gzip.compress(text().encode(), mtime=0))
    print(f"{FILE.name}: {FILE.stat().st_size} bytes")  # noqa: T201
