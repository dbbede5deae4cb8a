"""``python -m sphinx_attention`` runs the command ``sphinx-attention``."""

from __future__ import annotations

from sphinx_attention.hosts.cli import main

if __name__ == "__main__":
    main(prog_name="sphinx-attention")
