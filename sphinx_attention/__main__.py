"""``python -m sphinx_attention`` is the command ``sphinx-attention``."""

from __future__ import annotations

from sphinx_attention.hosts.cli import main

if __name__ == "__main__":
    main(prog_name="sphinx-attention")
