"""sphinx-autobuild in a process that ends, with its builds, when its parent process ends."""

from __future__ import annotations

import os
import sys

from sphinx_attention.core.capture.lifeline import end_with_parent

if __name__ == "__main__":
    end_with_parent()
    import colorama
    from sphinx_autobuild.__main__ import main

    if os.environ.get("NO_COLOR") or not sys.stdout.isatty():
        colorama.init(strip=True)
    main()
