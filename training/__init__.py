"""The built-in teaching model: a small transformer with readable heads, and its training.

``python -m training.train`` trains the model, and ``python -m training.evaluate`` measures its
heads. Both run in a clone of the repository, and need the extra ``models``.
"""

from __future__ import annotations
