"""The built-in teaching model: a small transformer whose heads can be read, and how it is made.

``python -m sphinx_attention.teaching.train`` makes it, ``python -m
sphinx_attention.teaching.evaluate`` measures its heads. Both need the extra ``models``.
"""

from __future__ import annotations
