"""sphinx-autobuild as a process that ends with the one that started it, builds and all."""

from __future__ import annotations

import sys

from sphinx_attention.core.capture.lifeline import end_with_parent

if __name__ == "__main__":
    end_with_parent()
    from sphinx_autobuild.__main__ import main

    main(sys.argv[1:])
